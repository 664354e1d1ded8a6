import { connectionId, randomId } from '../../src/model/ids.ts';
import { sizeOf } from '../../src/model/lane.ts';
import { FINAL_STATES, type Log } from '../../src/model/notification.ts';
import type { Reason } from '../../src/model/reasons.ts';
import type { Store } from '../../src/store/port.ts';

export interface EndedOptions {
  readonly store: Store;
  readonly botId: string;
  readonly total: number;
  /** What became of each; default: a mixture by seq. */
  readonly logOf?: (seq: number) => Log;
}

/** Puts a notification into the store that has come to its end long ago. Answers its id. */
export async function putEnded({ store, botId, total, logOf = mixedLog }: EndedOptions): Promise<string> {
  const id = randomId('ds');
  const hook = connectionId(botId, 'ivr', 'Hook');
  await store.accept({
    notification: {
      botId,
      id,
      api: 'kore-v1',
      appId: 'cs-1',
      createdBy: randomId('u'),
      channel: 'ivr',
      channelSpelling: 'ivr',
      connectionId: hook,
      resolve: true,
      lane: 'bulk',
      message: { type: 'text', text: 'hello' },
      total,
      createdAt: CREATED_AT,
      expiresAt: CREATED_AT + 86_400_000,
    },
    recipients: Array.from({ length: total }, (_, seq) => ({
      seq,
      identity: logOf(seq).identity,
      customMessage: null,
      parameters: null,
      attempts: 0,
      maybeSent: false,
    })),
    delayMs: -1_000,
    idempotency: null,
  });
  const queue = { lane: 'bulk', size: sizeOf(total), botId, connectionId: hook } as const;
  for (;;) {
    const claimed = await store.claimDue({ queue, owner: 'me', leaseMs: 60_000, limit: 20 });
    if (claimed.length === 0) return id;
    const batches = claimed.map(({ recipients, ...batch }) => ({
      batch,
      logs: recipients.map(({ seq }) => logOf(seq)),
      remainder: [],
    }));
    await store.checkpoint({ batches, again: false });
  }
}

export const CREATED_AT = 1_700_000_000_000;

const REASONS: Readonly<Record<Log['state'], readonly (Reason | null)[]>> = {
  delivered: [null],
  failed: ['provider_error', 'not_associated', 'message_invalid', 'address_gone'],
  suppressed: ['opted_out', 'address_dead'],
  expired: ['expired'],
  cancelled: ['cancelled'],
  unknown: ['answer_lost', 'provider_timeout'],
};

/** Names that spreadsheets, databases and terminals could stumble over. */
const NAMES = ['Ann', '=cmd|x!A1', '+49', '@sum', 'a%', 'a_', 'Ärger', "o'neil", '"q"', 'a,b', 'x\r\ny', '💥'];

export function mixedLog(seq: number): Log {
  const state = FINAL_STATES[seq % FINAL_STATES.length] ?? 'failed';
  const reasons = REASONS[state];
  const reason = reasons[Math.floor(seq / FINAL_STATES.length) % reasons.length] ?? null;
  const isDelivered = state === 'delivered';
  return {
    seq,
    identity: `${NAMES[Math.floor(seq / 7) % NAMES.length]}${seq}`,
    state,
    reason,
    detail: isDelivered ? null : `HTTP 500 it said "no", -${seq}`,
    personId: isDelivered ? `u-${seq}` : null,
    channelId: isDelivered ? `=c${seq}` : null,
    providerMessageId: isDelivered ? `m-${seq}` : null,
    attempts: 1 + (seq % 3),
    maybeDoubled: seq % 5 === 0,
    at: CREATED_AT + seq,
  };
}
