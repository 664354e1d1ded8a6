import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { channelAt } from '../../model/fall-back.ts';
import { derivedId } from '../../model/ids.ts';
import type { Log, Notification, NotificationStatus, Recipient } from '../../model/notification.ts';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import type { AcceptParts } from '../accept/accept.ts';
import type { ChannelCatalog } from '../accept/channel-catalog.ts';
import { callerOf } from '../auth/gate.ts';
import { COUNT, NOTHING, nullable } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { Fault } from '../faults.ts';
import type { NativeContext } from './context.ts';
import { findNotification, OF_NOTIFICATION, type OfNotification } from './find-notification.ts';
import { requireLedger } from './recipients.ts';
import { walkLedger } from './walk-ledger.ts';

export interface RecallRouteOptions
  extends Pick<NativeContext, 'store' | 'gate' | 'clock'>,
    Pick<AcceptParts, 'engine' | 'backlog'> {
  readonly catalog: ChannelCatalog;
}

export const RECALL = Type.Object(
  {
    id: Type.String({ description: 'The notification that is taken back.' }),
    recallId: nullable(
      Type.String(),
      'A notification of its own, which says how far it is: who is delivered has it no more. Null: there is nobody to take it back from.',
    ),
    recipients: Type.Integer({ minimum: 0, description: 'Those from whom it is taken back.' }),
    cannot: COUNT,
  },
  { $id: 'Recall', description: 'What is taken back. `cannot`: delivered over channels that take nothing back.' },
);

const OPERATION: Operation = {
  id: 'recallNotification',
  tag: 'notifications',
  summary: 'Take back what was delivered',
  description:
    'Removes the message where the provider lets it (Microsoft Teams, Slack, Google Chat), from all who had been sent it until now; cancel first what is still being sent. What somebody read they have read. Asked twice while nobody more was delivered it says the same.',
  scope: SCOPE_SEND,
  params: OF_NOTIFICATION,
  query: NOTHING,
  replies: { 200: { description: 'It is under way.', content: { 'application/json': RECALL } } },
  faults: [
    ...OF_BODIES,
    'notification_unknown',
    'recipients_removed',
    'bot_backlog_full',
    'backlog_full',
    'store_full',
  ],
};

/** Taking back. A Fastify plugin, under the native prefix. */
export async function recallRoute(app: FastifyInstance, options: RecallRouteOptions): Promise<void> {
  const url = '/bots/:botId/notifications/:notificationId/recall';
  addOperation(app, options.gate, { method: 'POST', url, operation: OPERATION, handler: createRecall(options) });
}

/** Of one notification: whoever takes back from more has to be asked whether they mean it, by more than one call. */
const MAX_RECALLED = 10_000;
const PAGE = 1_000;
const LIFE_MS = 24 * 3_600_000;

function createRecall({ store, clock, engine, backlog, catalog }: RecallRouteOptions) {
  return async function recallNotification(request: FastifyRequest<OfNotification>): Promise<Static<typeof RECALL>> {
    const { bot, app, subject } = callerOf(request);
    const original = await findNotification(store, request);
    if (original.options?.recalls !== undefined) throw new Fault('body_invalid', 'a recall cannot be taken back');
    requireLedger(original);
    const { recipients, steps, cannot } = await collect(original, { store, catalog });
    const [{ id }, total] = [original, recipients.length];
    if (total === 0) return { id, recallId: null, recipients: 0, cannot };
    // By how many it is for: asked again it is the same, unless more have been delivered meanwhile.
    const recallId = derivedId('ds', 'recall', id, total);
    const answer = { id, recallId, recipients: total, cannot };
    if ((await store.findNotification({ botId: bot.id, notificationId: recallId })) !== null) return answer;
    await backlog.assertRoom(bot.id);
    const by = { id: recallId, appId: app.clientId, createdBy: derivedId('u', bot.id, subject) };
    const notification = { ...recallOf(original, clock.now()), ...by, total };
    const connectionOf = ({ seq }: Recipient) => channelAt(original, steps.get(seq) ?? 0).connectionId;
    await backlog.count(bot.id, total, () =>
      store.accept({ notification, recipients, connectionOf, delayMs: 0, idempotency: null }),
    );
    engine.wake();
    return answer;
  };
}

function recallOf(original: NotificationStatus, now: number): Omit<Notification, 'id' | 'total'> {
  const { botId, appId, createdBy, channel, channelSpelling, connectionId, resolve, lane, options } = original;
  // Nobody goes on: each message is where it is.
  const fallBacks = options?.fallBacks?.map(({ receiptWithinMs: _, ...one }) => ({ ...one, message: null, on: [] }));
  return {
    ...{ botId, appId, createdBy, channel, channelSpelling, connectionId, resolve, lane },
    api: 'native',
    message: { type: 'text', text: 'Recall' },
    createdAt: now,
    expiresAt: now + LIFE_MS,
    options: { recalls: original.id, ...(fallBacks && { fallBacks }) },
  };
}

interface Collected {
  readonly recipients: readonly Recipient[];
  readonly steps: ReadonlyMap<number, number>;
  readonly cannot: number;
}

async function collect(
  notification: NotificationStatus,
  { store, catalog }: Pick<RecallRouteOptions, 'store' | 'catalog'>,
): Promise<Collected> {
  const filter = { states: ['delivered' as const], reasons: null, identity: null, prefix: null };
  const recipients: Recipient[] = [];
  const steps = new Map<number, number>();
  let cannot = 0;
  for await (const { lines } of walkLedger({ store, notification, filter, afterSeq: -1, limit: PAGE })) {
    for (const { log } of lines) {
      const step = log.route?.step ?? 0;
      if (log.providerMessageId === null || catalog.find(channelAt(notification, step).channel)?.removes !== true) {
        cannot += 1;
        continue;
      }
      steps.set(recipients.length, step);
      recipients.push(toRecipient(log, recipients.length, log.providerMessageId, step));
    }
    if (recipients.length > MAX_RECALLED) {
      throw new Fault('body_invalid', `more than ${MAX_RECALLED} have been delivered, and so many are not taken back`);
    }
  }
  return { recipients, steps, cannot };
}

const toRecipient = ({ identity }: Log, seq: number, messageId: string, step: number): Recipient => ({
  seq,
  identity,
  customMessage: messageId,
  parameters: null,
  attempts: 0,
  maybeSent: false,
  ...(step > 0 && { route: { tried: [] } }),
});
