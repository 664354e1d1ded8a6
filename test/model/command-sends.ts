import fc from 'fast-check';
import type { Notification } from '../../src/client/notification-documents.ts';
import type { SendBody, SendChannel } from '../../src/client/send-documents.ts';
import { RETRY_POLICIES } from '../../src/engine/policy.ts';
import { type Expected, type ExpectedNotification, type Hop, newRecipient, suppressAgain } from './expected.ts';
import type { Bird } from './post-office.ts';
import { ask, refused, Step } from './step.ts';

export const PEOPLE = 4;
export const emailOf = (who: number): string => `p${who}@example.com`;

const HOUR_MS = 3_600_000;

/** Whoever is to be told what, over which birds, and when. */
export interface Wish {
  readonly birds: readonly Bird[];
  readonly on: 'anything' | 'failure' | 'no address';
  readonly onUnknown: boolean;
  readonly isTemplate: boolean;
  readonly isNews: boolean;
  readonly isDeduplicated: boolean;
  readonly inHours: number | null;
  /** After it was to begin. */
  readonly endsAfterHours: number | null;
}

export const wishes: fc.Arbitrary<Wish> = fc.record({
  birds: fc.constantFrom<Bird[][]>(['raven'], ['owl'], ['raven', 'owl'], ['owl', 'raven'], ['owl', 'raven']),
  on: fc.constantFrom<Wish['on'][]>('anything', 'anything', 'failure', 'no address'),
  onUnknown: fc.boolean(),
  isTemplate: fc.boolean(),
  isNews: fc.boolean(),
  isDeduplicated: fc.boolean(),
  inHours: fc.constantFrom(null, null, null, 2),
  // Never near a time that may be, so that nobody has to know to the minute when somebody is tried.
  endsAfterHours: fc.constantFrom(null, null, 3.75, 120.75),
});

/** Also the same one twice: each is a recipient. */
export const crowds = fc.array(fc.nat(PEOPLE - 1), { minLength: 1, maxLength: 4 });

const anySend = fc.record({ wish: wishes, who: crowds }).map(
  ({ wish, who }) =>
    new Step(
      `send ${JSON.stringify(wish)} to ${who}`,
      () => true,
      async (expected, real) => {
        const { world, botId } = real;
        const body: SendBody = { ...bodyOf(wish, world.now()), recipients: who.map(emailOf) };
        const call = (client: typeof world.client) => client.notifications.send({ botId, body });
        if (wish.isTemplate && !canUseTemplate(expected)) return refused(real, 'body_invalid', call);
        const answer = await ask(real, call);
        const notification = notificationOf(expected, wish, answer);
        notification.recipients.push(...who.map((one) => newRecipient(emailOf(one))));
        if (wish.isDeduplicated) suppressAgain(notification.recipients);
        expected.notifications.push(notification);
      },
    ),
);

/** Most of what is done is done to what was sent. */
export const sends = Array.from({ length: 8 }, () => anySend);

export const canUseTemplate = ({ versions, isArchived }: Readonly<Expected>): boolean =>
  versions.length > 0 && !isArchived;

/** All of a send but who is told. */
export function bodyOf(wish: Wish, now: number): Omit<SendBody, 'recipients'> {
  const { birds, isTemplate, isNews, isDeduplicated, inHours, endsAfterHours } = wish;
  const startsAt = now + (inHours ?? 0) * HOUR_MS;
  return {
    channels: birds.map((channel, step): SendChannel => (step === 0 ? { channel } : { channel, ...causesOf(wish) })),
    ...(isTemplate ? { template: { name: TEMPLATE } } : { message: { type: 'text', val: PLAIN } }),
    ...(isNews && { category: NEWS }),
    ...(isDeduplicated && { deduplicate: true }),
    ...(inHours !== null && { sendAt: new Date(startsAt).toISOString() }),
    ...(endsAfterHours !== null && { expiresAt: new Date(startsAt + endsAfterHours * HOUR_MS).toISOString() }),
  };
}

function causesOf({ on, onUnknown }: Wish): Omit<SendChannel, 'channel'> {
  const unknown = onUnknown ? { onUnknown } : {};
  if (on === 'anything') return unknown;
  return { on: [on === 'failure' ? 'failure' : 'no_address'], ...unknown };
}

export const TEMPLATE = 'greeting';
export const NEWS = 'news';
const PLAIN = 'Lunch is ready';

/** What is expected of it, with nobody in it yet; what only the server can know is taken from its answer. */
export function notificationOf(expected: Expected, wish: Wish, answer: Notification): ExpectedNotification {
  const version = expected.versions.at(-1);
  const createdAt = Date.parse(answer.createdAt);
  return {
    id: answer.id,
    hops: wish.birds.map((channel) => hopOf(channel, wish)),
    recipients: [],
    words: (locale) => (wish.isTemplate ? ((locale === 'de' ? version?.de : version?.en) ?? '') : PLAIN),
    isNews: wish.isNews,
    isDeduplicated: wish.isDeduplicated,
    createdAt,
    startsAt: answer.sendAt === null ? createdAt : Date.parse(answer.sendAt),
    expiresAt: Date.parse(answer.expiresAt),
    maxAgeMs: RETRY_POLICIES[answer.priority].maxAgeMs,
    isExtended: false,
    isReceiving: false,
    isPaused: false,
    isCancelled: false,
    retries: 0,
    recalled: null,
    chunks: new Map(),
  };
}

const hopOf = (channel: Bird, { on, onUnknown }: Wish): Hop => ({
  channel,
  onFailure: on !== 'no address',
  onNoAddress: on !== 'failure',
  onUnknown,
});
