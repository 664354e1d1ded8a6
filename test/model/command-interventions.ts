import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FinalState } from '../../src/model/notification.ts';
import type { Reason } from '../../src/model/reasons.ts';
import { type Expected, type ExpectedNotification, isFinished, isPending, newRecipient } from './expected.ts';
import { ask, pick, type Real, refused, Step } from './step.ts';

const HOUR_MS = 3_600_000;

/** What is done to a notification that was sent. `which`: to which of those there are. */
const onOne = (
  name: string,
  run: (notification: ExpectedNotification, real: Real, expected: Expected) => Promise<void>,
) =>
  fc.nat(9).map(
    (which) =>
      new Step(
        `${name} ${which}`,
        (expected) => pick(expected, which) !== null,
        async (expected, real) => {
          const notification = pick(expected, which);
          assert.ok(notification);
          await run(notification, real, expected);
        },
      ),
  );

const keyOf = ({ id }: ExpectedNotification, { botId }: Real) => ({ botId, notificationId: id });
const countOf = ({ recipients }: ExpectedNotification) => {
  const pending = recipients.filter(isPending).length;
  return { pending, final: recipients.length - pending };
};

const pauses = onOne('pause', async (notification, real) => {
  const { pending, final } = countOf(notification);
  const answer = await ask(real, (client) => client.pause(keyOf(notification, real)));
  if (!notification.isCancelled && pending > 0) {
    notification.isPaused = true;
    notification.isExtended = true;
  }
  assert.partialDeepStrictEqual(answer, { waiting: pending, inFlight: 0, alreadyFinal: final });
  assert.equal(answer.pausedReason, notification.isPaused && pending > 0 ? 'caller' : null);
});

const resumes = onOne('resume', async (notification, real) => {
  const { pending, final } = countOf(notification);
  const answer = await ask(real, (client) => client.resume(keyOf(notification, real)));
  notification.isPaused = false;
  assert.partialDeepStrictEqual(answer, { pausedAt: null, alreadyFinal: final, waiting: pending, inFlight: 0 });
});

const cancels = onOne('cancel', async (notification, real) => {
  const { pending, final } = countOf(notification);
  const earlier = notification.recipients.filter(({ state }) => state === 'cancelled').length;
  const answer = await ask(real, (client) => client.cancel(keyOf(notification, real)));
  if (pending > 0) notification.isCancelled = true;
  const counts = { cancelled: pending + earlier, inFlight: 0, alreadyFinal: final - earlier };
  assert.partialDeepStrictEqual(answer, counts);
  assert.equal(answer.cancelledAt !== null, notification.isCancelled);
});

const extensions = fc.constantFrom(1.75, 30.75, 200.75).chain((hours) =>
  onOne(`extend by ${hours} hours`, async (notification, real) => {
    const { pending, final } = countOf(notification);
    const at = real.world.now() + hours * HOUR_MS;
    const body = { expiresAt: new Date(at).toISOString() };
    const answer = await ask(real, (client) => client.extend({ ...keyOf(notification, real), body }));
    if (pending > 0 && !notification.isCancelled) {
      notification.expiresAt = Math.max(notification.expiresAt, at);
      notification.isExtended = true;
    }
    assert.partialDeepStrictEqual(answer, { pending, alreadyFinal: final });
    assert.equal(Date.parse(answer.expiresAt), notification.expiresAt);
  }),
);

const ALL = ['failed', 'unknown', 'expired', 'suppressed'] as const satisfies FinalState[];
const REASONS = [
  'unreachable_recipient',
  'not_associated',
  'answer_lost',
  'category_declined',
  'duplicate',
  'expired',
] as const satisfies Reason[];

const whom = fc.record({
  states: fc.option(fc.uniqueArray(fc.constantFrom(...ALL), { minLength: 1 }), { nil: undefined }),
  reasons: fc.option(fc.uniqueArray(fc.constantFrom(...REASONS), { minLength: 1, maxLength: 3 }), { nil: undefined }),
});

const retries = whom.chain(({ states, reasons }) =>
  onOne(`retry ${states ?? ''} ${reasons ?? ''}`, async (notification, real) => {
    const only = { ...(states && { states }), ...(reasons && { reasons }) };
    const body = Object.keys(only).length === 0 ? {} : { only };
    const key = keyOf(notification, real);
    if (notification.isCancelled)
      return refused(real, 'notification_cancelled', (client) => client.retry({ ...key, body }));
    const before = real.world.now();
    const wasFinished = isFinished(notification);
    const answer = await ask(real, (client) => client.retry({ ...key, body }));
    notification.retries += 1;
    notification.isExtended = true;
    if (wasFinished) notification.isPaused = false;
    const after = real.world.now();
    const said = Date.parse(answer.expiresAt);
    const { createdAt, expiresAt } = notification;
    const spanMs = Math.min(expiresAt - createdAt, 30 * 24 * HOUR_MS);
    // The server's moment is one of those while it was asked: the clock goes on when an answer is long in coming.
    const isRenewed = expiresAt <= after && said >= before + spanMs && said <= after + spanMs;
    assert.ok(
      isRenewed || (expiresAt > before && said === expiresAt),
      `its deadline after the retry: ${answer.expiresAt}`,
    );
    notification.expiresAt = said;
    const wanted: readonly FinalState[] = states ?? (reasons === undefined ? ['failed'] : ALL);
    const again = notification.recipients.filter(
      ({ state, reason }) =>
        wanted.some((one) => one === state) &&
        reason !== 'duplicate' &&
        (reasons === undefined || reasons.some((one) => one === reason)),
    );
    for (const recipient of again) {
      const isDoubtful = recipient.isDoubtful || recipient.state === 'unknown';
      // What is taken back is where it was delivered; whoever is sent it again is tried from the first channel on.
      const step = notification.recalled === null ? 0 : recipient.step;
      Object.assign(recipient, newRecipient(recipient.identity, step), { isDoubtful });
    }
    assert.partialDeepStrictEqual(answer, { retry: notification.retries, retried: again.length, isComplete: true });
  }),
);

const recalls = onOne('recall', async (notification, real, expected) => {
  const key = keyOf(notification, real);
  if (notification.recalled !== null) return refused(real, 'body_invalid', (client) => client.recall(key));
  const delivered = [...notification.recipients.entries()].filter(([, { state }]) => state === 'delivered');
  const byRaven = delivered.filter(([, { step }]) => notification.hops[step]?.channel === 'raven');
  const answer = await ask(real, (client) => client.recall(key));
  const total = byRaven.length;
  assert.partialDeepStrictEqual(answer, { recipients: total, cannot: delivered.length - total });
  assert.equal(answer.recallId === null, total === 0);
  const id = answer.recallId;
  if (id === null || expected.notifications.some((one) => one.id === id)) return;
  const { createdAt, expiresAt } = await ask(real, (client) => client.notification({ ...key, notificationId: id }));
  expected.notifications.push({
    ...notification,
    id,
    hops: notification.hops.map((hop) => ({ ...hop, onFailure: false, onNoAddress: false, onUnknown: false })),
    recipients: byRaven.map(([, { identity, step }]) => newRecipient(identity, step)),
    isNews: false,
    createdAt: Date.parse(createdAt),
    startsAt: Date.parse(createdAt),
    expiresAt: Date.parse(expiresAt),
    isExtended: false,
    isPaused: false,
    isCancelled: false,
    retries: 0,
    recalled: byRaven.map(([seq]) => `${notification.id}/${seq}`),
  });
});

export const interventions = [
  pauses,
  pauses,
  resumes,
  resumes,
  cancels,
  extensions,
  retries,
  retries,
  retries,
  recalls,
];
