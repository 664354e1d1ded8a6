import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bodyOf, canUseTemplate, crowds, emailOf, notificationOf, wishes } from './command-sends.ts';
import { type ExpectedNotification, isPending, newRecipient, suppressAgain } from './expected.ts';
import { ask, pick, refused, Step } from './step.ts';

const isOpen = ({ isReceiving }: ExpectedNotification): boolean => isReceiving;

const opens = wishes.map(
  (wish) =>
    new Step(
      `open ${JSON.stringify(wish)}`,
      () => true,
      async (expected, real) => {
        const { world, botId } = real;
        const body = { ...bodyOf(wish, world.now()), audience: { upload: true } } as const;
        const open = (client: typeof world.client) => client.audience.open({ botId, body });
        if (wish.isTemplate && !canUseTemplate(expected)) return refused(real, 'body_invalid', open);
        const answer = await ask(real, open);
        expected.notifications.push({ ...notificationOf(expected, wish, answer), isReceiving: true });
      },
    ),
);

const chunks = fc.record({ which: fc.nat(9), chunk: fc.nat(2), who: crowds }).map(
  ({ which, chunk, who }) =>
    new Step(
      `chunk ${chunk} of ${which}: ${who}`,
      (expected) => pick(expected, which, isOpen) !== null,
      async (expected, real) => {
        const audience = pick(expected, which, isOpen);
        assert.ok(audience);
        const body = who.map((one) => `${JSON.stringify(emailOf(one))}\n`).join('');
        const key = { botId: real.botId, notificationId: audience.id };
        const add = (client: typeof real.world.client) =>
          client.audience.add({ ...key, chunk, body, mediaType: 'application/x-ndjson' });
        const before = audience.chunks.get(chunk);
        if (before !== undefined && before !== body) return refused(real, 'chunk_conflict', add);
        const answer = await ask(real, add);
        assert.partialDeepStrictEqual(answer, { chunk, recipients: who.length });
        if (before !== undefined) return;
        audience.chunks.set(chunk, body);
        audience.recipients.push(...who.map((one) => newRecipient(emailOf(one))));
        if (audience.isDeduplicated) suppressAgain(audience.recipients);
      },
    ),
);

const seals = fc.record({ which: fc.nat(9), isRight: fc.constantFrom(true, true, true, false) }).map(
  ({ which, isRight }) =>
    new Step(
      `seal ${which}${isRight ? '' : ' with one too many'}`,
      (expected) => pick(expected, which, isOpen) !== null,
      async (expected, real) => {
        const audience = pick(expected, which, isOpen);
        assert.ok(audience);
        const recipients = audience.recipients.length + (isRight ? 0 : 1);
        const key = { botId: real.botId, notificationId: audience.id, recipients: Math.max(1, recipients) };
        const seal = (client: typeof real.world.client) => client.audience.seal(key);
        if (!isRight || recipients === 0) return refused(real, 'audience_incomplete', seal);
        const { counts, createdAt, sendAt, expiresAt } = await ask(real, seal);
        assert.deepEqual([counts.total, counts.pending], [recipients, audience.recipients.filter(isPending).length]);
        audience.isReceiving = false;
        // It is a notification from now on, whenever it was opened.
        audience.createdAt = Date.parse(createdAt);
        audience.startsAt = Date.parse(sendAt ?? createdAt);
        audience.expiresAt = Date.parse(expiresAt);
      },
    ),
);

const looks = fc.nat(9).map(
  (which) =>
    new Step(
      `early pause and retry of ${which}`,
      (expected) => pick(expected, which, isOpen) !== null,
      async (expected, real) => {
        const audience = pick(expected, which, isOpen);
        assert.ok(audience);
        const key = { botId: real.botId, notificationId: audience.id };
        await refused(real, 'audience_unsealed', (client) => client.pause(key));
        await refused(real, 'audience_unsealed', (client) => client.retry({ ...key, body: {} }));
      },
    ),
);

export const uploads = [opens, chunks, chunks, chunks, seals, seals, looks];
