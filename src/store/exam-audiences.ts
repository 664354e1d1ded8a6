import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AudiencePlan } from '../model/audience.ts';
import { connectionId, randomId } from '../model/ids.ts';
import type { Log, Recipient } from '../model/notification.ts';
import {
  acceptAndClaim,
  claim,
  held,
  inOrder,
  keyOf,
  LOG_TIME,
  logOf,
  queueOf,
  recipientOf,
  record,
  replyFor,
  sample,
  ZERO,
} from './exam-samples.ts';
import type { OpenAudience, SealAudience } from './port/audiences.ts';
import type { Store } from './port.ts';

const HOUR_MS = 3_600_000;

/** The part of the exam that is about recipients who come piece by piece. */
export function examineAudiences(store: () => Store): void {
  describe('audience', () => {
    const at = LOG_TIME + 5;
    const endsAt = LOG_TIME + HOUR_MS;
    /** As a send of the same would be known and queued. */
    const open = async (plan: Partial<AudiencePlan> = {}, more: Partial<OpenAudience> = {}) => {
      const request = sample({ lane: 'bulk', recipients: 101 });
      const { total: _total, expiresAt: _expiresAt, ...asked } = request.notification;
      const result = await store().openAudience({
        asked: { ...asked, expiresAt: null },
        plan: { deduplicate: false, parameters: null, ...plan },
        endsAt,
        most: 2,
        idempotency: null,
        ...more,
      });
      return { ...keyOf(request), queue: queueOf(request), request, result };
    };
    type Opened = Awaited<ReturnType<typeof open>>;
    const nameOf = ({ botId, notificationId }: Opened) => ({ botId, notificationId });
    const add = (audience: Opened, chunk: number, recipients: number | readonly string[], digest = `d${chunk}`) =>
      store().addChunk({
        ...nameOf(audience),
        chunk,
        digest,
        recipients: (typeof recipients === 'number'
          ? Array.from({ length: recipients }, (_, seq) => `c${chunk}-${seq}@abc.com`)
          : recipients
        ).map((identity, seq) => ({ ...recipientOf(seq), identity })),
        at,
      });
    const seal = (audience: Opened, more: Partial<SealAudience> = {}) =>
      store().sealAudience({
        ...nameOf(audience),
        expected: null,
        at,
        isCancelled: false,
        ...more,
      });
    const settle = async (when = at) => {
      while (await store().advanceAudience({ at: when, limit: 1_000 }));
      while ((await store().settlePauses({ at, limit: 100 })) > 0);
    };
    const find = (audience: Opened) => store().findNotification(nameOf(audience));
    const claimAll = ({ queue }: Opened) => claim(store(), queue, { limit: 1_000 });
    const backlogOf = async ({ botId }: Opened) =>
      (await store().tellAccepted({ accepted: [{ botId, recipients: 0 }] })).bots[0]?.recipients;

    it('takes chunks in any order, and sends nobody anything before it is sealed', async () => {
      const audience = await open();
      assert.deepEqual(audience.result, { kind: 'accepted' });
      assert.deepEqual(await add(audience, 1, 120), { kind: 'accepted', chunk: 1, recipients: 120, suppressed: 0 });
      assert.deepEqual(await add(audience, 0, 30), { kind: 'accepted', chunk: 0, recipients: 30, suppressed: 0 });
      await settle();
      assert.deepEqual(await claimAll(audience), []);
      assert.equal(await find(audience), null);
      const { asked, plan, ...found } = (await store().findAudience(nameOf(audience))) ?? {};
      assert.partialDeepStrictEqual(found, { recipients: 150, suppressed: 0, endsAt });
      assert.deepEqual([asked?.id, plan], [audience.notificationId, { deduplicate: false, parameters: null }]);

      assert.deepEqual(await seal(audience, { expected: { recipients: 150, chunks: 2 } }), { kind: 'sealed' });
      await settle();
      const { total, counts, expiresAt, finishedAt } = (await find(audience)) ?? {};
      assert.deepEqual(counts, { ...ZERO, total: 150, pending: 150 });
      assert.deepEqual([total, expiresAt, finishedAt], [150, at + 24 * HOUR_MS, null]);
      const batches = inOrder(await claimAll(audience));
      const claimed = batches.flatMap(({ recipients }) => recipients);
      assert.deepEqual(
        claimed.map(({ seq }) => seq),
        Array.from({ length: 150 }, (_, seq) => seq),
      );
      assert.deepEqual([claimed[0]?.identity, claimed[120]?.identity], ['c1-0@abc.com', 'c0-0@abc.com']);
      assert.deepEqual(claimed[1]?.parameters, { name: 'P1' });
      assert.equal(await store().findAudience(nameOf(audience)), null);
    });

    it('takes a chunk once, and no other of the same number', async () => {
      const audience = await open();
      await add(audience, 0, 3);
      assert.deepEqual(await add(audience, 0, 3), { kind: 'known', chunk: 0, recipients: 3, suppressed: 0 });
      assert.deepEqual(await add(audience, 0, 3, 'other'), { kind: 'conflict' });
      assert.equal((await store().findAudience(nameOf(audience)))?.recipients, 3);
      assert.deepEqual(await store().listChunks({ ...nameOf(audience), after: -1, limit: 5 }), [
        { chunk: 0, digest: 'd0', recipients: 3, suppressed: 0 },
      ]);
      await seal(audience);
      assert.deepEqual(await add(audience, 0, 3), { kind: 'known', chunk: 0, recipients: 3, suppressed: 0 });
      assert.deepEqual(await add(audience, 1, 3), { kind: 'absent' });
      await settle();
      assert.deepEqual(await add(audience, 1, 3), { kind: 'absent' });
      assert.deepEqual((await find(audience))?.counts, { ...ZERO, total: 3, pending: 3 });
    });

    it('counts and numbers chunks that come at the same moment', async () => {
      const audience = await open();
      await Promise.all(Array.from({ length: 8 }, (_, chunk) => add(audience, chunk, 150)));
      await seal(audience, { expected: { recipients: 1_200, chunks: 8 } });
      await settle();
      const seqs = (await claimAll(audience)).flatMap(({ recipients }) => recipients.map(({ seq }) => seq));
      assert.deepEqual(
        seqs.toSorted((a, b) => a - b),
        Array.from({ length: 1_200 }, (_, seq) => seq),
      );
    });

    it('is not sealed while it is not what the caller says, and says what is missing', async () => {
      const audience = await open();
      assert.deepEqual(await seal(audience), { kind: 'empty' });
      await add(audience, 0, 3);
      await add(audience, 3, 4);
      const gap = { kind: 'incomplete', recipients: 7, chunks: 2 };
      const sealAs = (recipients: number, chunks: number | null) =>
        seal(audience, { expected: { recipients, chunks } });
      assert.deepEqual(await sealAs(7, 4), { ...gap, missing: [1, 2] });
      assert.deepEqual(await sealAs(8, null), { ...gap, missing: [] });
      assert.deepEqual(await sealAs(7, 2), { kind: 'sealed' });
      assert.deepEqual(await sealAs(7, 2), { kind: 'absent' });
      assert.deepEqual(await seal({ ...audience, notificationId: randomId('ds') }), { kind: 'absent' });
      await settle();
    });

    it('lets go of what is sealed step by step, and not while it is paused', async () => {
      const audience = await open();
      await add(audience, 0, 450);
      await seal(audience);
      assert.equal(await store().settlePauses({ at, limit: 2 }), 2);
      assert.deepEqual(
        (await claimAll(audience)).map(({ batchNo }) => batchNo),
        [0, 100],
      );
      assert.equal(await store().pause({ ...nameOf(audience), at, reason: 'caller' }), true);
      await settle();
      assert.deepEqual(await claimAll(audience), []);
      await store().resume(nameOf(audience));
      await settle();
      assert.equal((await claimAll(audience)).length, 3);
    });

    it('suppresses who is named again, within a chunk and over chunks, where it was asked to', async () => {
      const audience = await open({ deduplicate: true });
      assert.equal((await add(audience, 0, ['Ann@abc.com', 'ann@abc.com ', '+1 555 0100', 'bob'])).kind, 'accepted');
      assert.deepEqual(await add(audience, 1, ['ANN@ABC.COM', '15550100', 'Bob']), {
        kind: 'accepted',
        chunk: 1,
        recipients: 3,
        suppressed: 2,
      });
      await seal(audience, { expected: { recipients: 7, chunks: 2 } });
      await settle();
      assert.deepEqual((await find(audience))?.counts, { ...ZERO, total: 7, pending: 4, suppressed: 3 });
      const batches = await claimAll(audience);
      const claimed = batches.flatMap(({ recipients }) => recipients.map(({ identity }) => identity));
      assert.deepEqual(claimed.toSorted(), ['+1 555 0100', 'Ann@abc.com', 'Bob', 'bob']);
      const logs = await store().listLogs({ ...nameOf(audience), afterSeq: -1, limit: 9 });
      assert.deepEqual(
        logs.map(({ seq, state, reason }) => [seq, state, reason]),
        [1, 4, 5].map((seq) => [seq, 'suppressed', 'duplicate']),
      );
      const ends = batches.map((batch) => ({
        batch,
        logs: batch.recipients.map(({ seq }) => logOf(seq, 'delivered')),
        remainder: [],
      }));
      await store().checkpoint({ batches: ends, again: false });
      const { counts, finishedAt } = (await find(audience)) ?? {};
      assert.deepEqual(counts, { ...ZERO, total: 7, delivered: 4, suppressed: 3 });
      assert.notEqual(finishedAt, null);
    });

    it('throws away what nobody sealed in time', async () => {
      const audience = await open({ deduplicate: true });
      await add(
        audience,
        0,
        Array.from({ length: 250 }, (_, seq) => `${seq % 249}@abc.com`),
      );
      await store().tellAccepted({ accepted: [{ botId: audience.botId, recipients: 250 }] });
      assert.equal(await backlogOf(audience), 249);
      await settle(endsAt);
      assert.equal(await store().findAudience(nameOf(audience)), null);
      assert.deepEqual(await seal(audience), { kind: 'absent' });
      assert.deepEqual(await store().listLogs({ ...nameOf(audience), afterSeq: -1, limit: 9 }), []);
      assert.deepEqual(await store().listChunks({ ...nameOf(audience), after: -1, limit: 5 }), []);
      assert.equal(await backlogOf(audience), 0);
      const queues = await store().listQueues({ after: null, limit: 1_000 });
      assert.equal(queues.filter(({ queue }) => queue.botId === audience.botId).length, 0);
    });

    it('ends everybody as cancelled when it is sealed to be cancelled', async () => {
      const audience = await open({ deduplicate: true });
      await add(audience, 0, ['a', 'b', 'a']);
      assert.deepEqual(await seal(audience, { isCancelled: true }), { kind: 'sealed' });
      await settle();
      assert.deepEqual(await claimAll(audience), []);
      const tally = { cancelledAt: at, cancelled: 2, inFlight: 0, alreadyFinal: 1 };
      assert.deepEqual(await store().tallyCancelled(nameOf(audience)), tally);
      while ((await store().endCancelled({ at, limit: 10 })) > 0);
      const { counts, finishedAt } = (await find(audience)) ?? {};
      assert.deepEqual([counts, finishedAt], [{ ...ZERO, total: 3, cancelled: 2, suppressed: 1 }, at]);
      assert.deepEqual(await seal(await open(), { isCancelled: true }), { kind: 'sealed' });
      await settle();
    });

    it('gathers those who have another notification in stretches, each where their message is', async () => {
      const original = sample({ recipients: 30 });
      const { botId, connectionId: teams } = original.notification;
      const slack = connectionId(botId, 'slack', null);
      const batch = await acceptAndClaim(store(), original);
      const logs = batch.recipients.map(({ seq }): Log => {
        if (seq % 10 === 9) return logOf(seq, 'failed');
        return seq % 2 === 0 ? logOf(seq, 'delivered') : { ...logOf(seq, 'delivered'), route: { step: 1, tried: [] } };
      });
      await record(store(), [{ batch: held(batch), logs, remainder: [] }]);
      const { total: _total, ...asked } = { ...original.notification, id: randomId('ds') };
      const from = { kind: 'delivered', notificationId: original.notification.id, over: [teams, slack] } as const;
      const plan = { deduplicate: false, parameters: { when: 'now' }, from };
      await store().openAudience({ asked, plan, endsAt, most: 9, idempotency: null });
      let steps = 0;
      while (await store().advanceAudience({ at, limit: 7 })) steps += 1;
      assert.ok(steps >= 5);
      while ((await store().settlePauses({ at, limit: 100 })) > 0);
      const claimOf = async (through: string) => {
        const queue = { ...queueOf(original), connectionId: through, size: 'large' } as const;
        return (await claim(store(), queue, { limit: 100 })).flatMap(({ recipients }) => recipients);
      };
      const [overTeams, overSlack] = [await claimOf(teams), await claimOf(slack)];
      const named = (recipients: readonly Recipient[]) => recipients.map((one) => [one.identity, one.customMessage]);
      const of = (step: number) =>
        logs
          .filter(({ state, route }) => state === 'delivered' && (route?.step ?? 0) === step)
          .map(({ identity, providerMessageId }) => [identity, providerMessageId]);
      assert.deepEqual([named(overTeams), named(overSlack)], [of(0), of(1)]);
      assert.deepEqual(overSlack[0]?.route, { tried: [] });
      assert.deepEqual(overTeams[0]?.parameters, { when: 'now' });
      const seqs = [...overTeams, ...overSlack].map(({ seq }) => seq).toSorted((one, other) => one - other);
      assert.deepEqual(seqs, [...Array(27).keys()]);
    });

    it('opens so many for a bot and no more, and the same once under the same key', async () => {
      const idempotency = { ...replyFor(randomId('ds')), botId: randomId('st') };
      const opened = await open({}, { idempotency });
      assert.deepEqual((await open({}, { idempotency })).result, {
        kind: 'replay',
        reply: { fingerprint: 'f', status: 200, body: '{"a":1}', createdAt: LOG_TIME },
      });
      assert.deepEqual(opened.result, { kind: 'accepted' });
      const { asked } = (await store().findAudience(nameOf(opened))) ?? {};
      assert.ok(asked);
      const another = () => open({}, { asked: { ...asked, id: randomId('ds') } });
      assert.deepEqual((await another()).result, { kind: 'accepted' });
      assert.deepEqual((await another()).result, { kind: 'too_many' });
      await settle(endsAt);
    });
  });
}
