import { systemClock } from '../../src/model/clock.ts';
import { derivedId } from '../../src/model/ids.ts';
import type { Lane } from '../../src/model/notification.ts';
import { openStore } from '../../src/store/open.ts';
import { botIdOf, hookIdOf, recipientOf } from './hook-stage.ts';

const AT_ONCE = 20;

export interface Backlog {
  readonly bot: string;
  readonly lane: Lane;
  readonly notifications: number;
  /** Recipients of each. */
  readonly people?: number;
  /** Epoch ms; in the past: at once. */
  readonly dueAt?: number;
}

/** Puts `notifications` into a database that nobody serves yet. */
export async function fillBacklog(
  database: string,
  { bot, lane, notifications, people = 1_000, dueAt = 0 }: Backlog,
): Promise<void> {
  const store = await openStore(database, { clock: systemClock });
  const createdAt = systemClock.now();
  const recipients = Array.from({ length: people }, (_, seq) => ({
    seq,
    identity: recipientOf(seq),
    customMessage: null,
    parameters: null,
    attempts: 0,
    maybeSent: false,
  }));
  const acceptOne = (index: number) =>
    store.accept({
      notification: {
        botId: botIdOf(bot),
        id: derivedId('ds', `backlog ${bot} ${lane} ${index}`),
        api: 'kore-v1',
        appId: 'cs-backlog',
        createdBy: 'u-backlog',
        channel: 'ivr',
        channelSpelling: 'ivr',
        connectionId: hookIdOf(bot),
        resolve: true,
        lane,
        message: { type: 'text', text: `backlog ${lane} ${index}` },
        total: people,
        createdAt,
        expiresAt: createdAt + 86_400_000,
      },
      recipients,
      delayMs: Math.max(0, dueAt - systemClock.now()),
      idempotency: null,
    });
  for (let first = 0; first < notifications; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, notifications - first);
    await Promise.all(Array.from({ length: count }, (_, index) => acceptOne(first + index)));
  }
  await store.close();
}
