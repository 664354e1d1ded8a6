import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AudiencePlan } from '../model/audience.ts';
import { randomId } from '../model/ids.ts';
import type { Options } from '../model/options.ts';
import type { PeopleFilter } from '../model/people-filter.ts';
import type { Person } from '../model/person.ts';
import {
  claim,
  EXPIRED,
  keyOf,
  LOG_TIME,
  logOf,
  personOf,
  queueOf,
  recipientOf,
  sample,
  ZERO,
} from './exam-samples.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about recipients who are found in the directory, and about those who are left out. */
export function examineCollecting(store: () => Store): void {
  describe('collecting', () => {
    const at = LOG_TIME + 5;
    const open = async (botId: string, plan: Partial<AudiencePlan>, options?: Options, most = 100) => {
      const request = sample({ botId, lane: 'bulk', recipients: 101 });
      const { total: _total, expiresAt: _expiresAt, ...asked } = request.notification;
      await store().openAudience({
        asked: { ...asked, expiresAt: null, ...(options && { options }) },
        plan: { deduplicate: false, parameters: null, ...plan },
        endsAt: at + 3_600_000,
        most,
        idempotency: null,
      });
      return { ...keyOf(request), queue: queueOf(request) };
    };
    type Opened = Awaited<ReturnType<typeof open>>;
    const nameOf = ({ botId, notificationId }: Opened) => ({ botId, notificationId });
    const by = (filter: PeopleFilter, prefers: 'email' | 'phone' = 'email') => ({
      kind: 'filter' as const,
      filter,
      prefers,
    });
    const settle = async (limit = 2, when = at) => {
      while (await store().advanceAudience({ at: when, limit }));
      while ((await store().settlePauses({ at: when, limit: 100 })) > 0);
    };
    const find = (audience: Opened) => store().findNotification(nameOf(audience));
    const claimed = async ({ queue, notificationId }: Opened) => {
      const batches = await claim(store(), queue, { limit: 1_000, leaseMs: EXPIRED });
      return batches.filter((batch) => batch.notificationId === notificationId).flatMap(({ recipients }) => recipients);
    };
    const namesIn = async (audience: Opened) => (await claimed(audience)).map(({ identity }) => identity).toSorted();
    const endsOf = async (audience: Opened) => {
      const logs = await store().listLogs({ ...nameOf(audience), afterSeq: -1, limit: 99 });
      return logs.map(({ identity, state, reason }) => `${identity} ${state} ${reason}`).toSorted();
    };
    const meet = async (people: Readonly<Record<string, Partial<Person>>>) => {
      const botId = randomId('st');
      const met = Object.entries(people).map(([name, more]) =>
        personOf(botId, `${name}@abc.com`, { tags: [], ...more }),
      );
      await store().upsertPeople({ people: met });
      return botId;
    };
    const crowd = () =>
      meet({
        ann: { tags: ['staff', 'berlin'], attributes: { grade: 7 }, phone: '+49 30 1234567' },
        bob: { tags: ['staff'], attributes: { grade: 5 }, locale: 'de-AT' },
        cid: { tags: ['staff', 'berlin', 'leaver'], locale: 'de' },
        dan: { tags: ['guest'] },
        eve: {},
      });

    const rows: readonly (readonly [PeopleFilter, string])[] = [
      [{}, 'ann bob cid dan eve'],
      [{ tags: { any: ['guest', 'berlin', 'berlin'] } }, 'ann cid dan'],
      [{ tags: { all: ['staff', 'berlin'], none: ['leaver'] } }, 'ann'],
      [{ tags: { any: ['guest', 'staff'], none: ['berlin'] } }, 'bob dan'],
      [{ tags: { none: ['staff'] } }, 'dan eve'],
      [{ tags: { any: ['staff'] }, attributes: { grade: { in: [5, 6] } } }, 'bob'],
      [{ locale: ['de'] }, 'bob cid'],
    ];
    for (const [filter, names] of rows) {
      it(`finds those who fit ${JSON.stringify(filter)}, step by step, and sends to them when all are there`, async () => {
        const audience = await open(await crowd(), { from: by(filter), parameters: { a: 'b' } });
        assert.equal((await store().findAudience(nameOf(audience)))?.state, 'collecting');
        await store().advanceAudience({ at, limit: 1 });
        assert.deepEqual(await claimed(audience), []);
        await settle();
        const found = await claimed(audience);
        const expected = names.split(' ').map((name) => `${name}@abc.com`);
        assert.deepEqual(found.map(({ identity }) => identity).toSorted(), expected);
        assert.deepEqual(new Set(found.map(({ parameters }) => parameters?.['a'])), new Set(['b']));
        assert.deepEqual((await find(audience))?.counts, {
          ...ZERO,
          total: expected.length,
          pending: expected.length,
        });
      });
    }

    it('goes by the tags that people have now, and by none of another bot', async () => {
      const [botId, other] = [await crowd(), await crowd()];
      const ann = personOf(botId, 'ann@abc.com', { tags: ['guest', 'guest'] });
      await store().upsertPeople({ people: [ann] });
      const [dan] = (await store().listPeople({ botId, afterId: '', limit: 9 })).filter(
        ({ email }) => email === 'dan@abc.com',
      );
      await store().deletePerson({ botId, personId: dan?.id ?? '' });
      const guests = await open(botId, { from: by({ tags: { any: ['guest'] } }) });
      const staff = await open(botId, { from: by({ tags: { any: ['staff'] } }) });
      await settle();
      assert.deepEqual(await namesIn(guests), ['ann@abc.com']);
      assert.equal((await find(guests))?.total, 1);
      assert.equal((await find(staff))?.total, 2);
      const elsewhere = await open(other, { from: by({ tags: { any: ['guest'] } }) });
      await settle();
      assert.deepEqual(await namesIn(elsewhere), ['dan@abc.com']);
    });

    it('names each by what the channel goes by, and nobody by a name that somebody else has by now', async () => {
      const botId = await crowd();
      const zoe = personOf(botId, 'zoe@abc.com', { tags: [], phone: '+49 30 1234567', identities: ['bob@abc.com'] });
      await store().upsertPeople({ people: [zoe] });
      const audience = await open(botId, { from: by({ tags: { any: ['staff'] } }, 'phone') });
      await settle();
      assert.deepEqual(await namesIn(audience), ['ann@abc.com', 'cid@abc.com', 'emp-7-bob@abc.com']);
    });

    it('is over where nobody fits, which is told, can be seen for a month, and then goes', async () => {
      const callback = { connectionId: randomId('dc'), on: ['finished'], steps: 1 } as const;
      const from = by({ tags: { any: ['nobody'] } });
      const plan = await open(await crowd(), { from, isHeld: true }, { callback });
      const audience = await open(await crowd(), { from }, { callback });
      await settle();
      const watches = await store().listCallbackWatches({ after: null, limit: 1_000 });
      const watched = watches.filter(({ botId }) => botId === audience.botId || botId === plan.botId);
      assert.deepEqual(
        watched.map(({ notificationId, notification }) => [
          notificationId,
          notification?.counts.total,
          notification?.finishedAt,
          notification?.options,
        ]),
        [[audience.notificationId, 0, at, { callback }]],
      );
      const event = {
        ...nameOf(audience),
        eventNo: 1,
        event: 'finished',
        connectionId: randomId('dc'),
        body: '',
        trace: null,
        at,
      } as const;
      await store().addCallbacks({ callbacks: [event], told: [], over: [] });
      assert.partialDeepStrictEqual(await store().findAudience(nameOf(audience)), { state: 'empty', finishedAt: at });
      assert.deepEqual(await store().sealAudience({ ...nameOf(audience), expected: null, at, isCancelled: true }), {
        kind: 'absent',
      });
      await settle(2, at + 31 * 24 * 3_600_000);
      assert.equal(await store().findAudience(nameOf(audience)), null);
      assert.deepEqual(await store().listCallbacks(nameOf(audience)), []);
    });

    const backlogOf = async (botId: string) =>
      (await store().tellAccepted({ accepted: [{ botId, recipients: 0 }] })).bots[0]?.recipients;

    it('holds a plan, which waits for nothing, until it is launched, once', async () => {
      const botId = await crowd();
      const plan = await open(botId, { from: by({}), exclude: { tags: ['leaver'] }, isHeld: true });
      await settle();
      const found = await store().findAudience(nameOf(plan));
      assert.partialDeepStrictEqual(found, { state: 'planned', recipients: 5, suppressed: 1, plan: { isHeld: true } });
      assert.deepEqual([await claimed(plan), await backlogOf(botId)], [[], 0]);
      const first = await store().listGathered({ ...nameOf(plan), afterSeq: -1, limit: 1 });
      const afterSeq = first.at(-1)?.seq ?? -1;
      const others = await store().listGathered({ ...nameOf(plan), afterSeq, limit: 1_000 });
      assert.equal(first.length + others.length, 4);
      const seal = { ...nameOf(plan), expected: null, at, isCancelled: false };
      assert.deepEqual(
        [await store().sealAudience(seal), await store().sealAudience(seal)],
        [{ kind: 'sealed' }, { kind: 'absent' }],
      );
      await settle();
      assert.deepEqual([(await claimed(plan)).length, await backlogOf(botId)], [4, 4]);
    });

    it('throws away a plan that nobody launched in time, that was cancelled, or after which too many were made', async () => {
      const botId = await crowd();
      const make = () => open(botId, { from: by({ tags: { any: ['staff'] } }), isHeld: true });
      const [late, cancelled] = [await make(), await make()];
      await settle();
      const seal = { ...nameOf(cancelled), expected: null, at, isCancelled: true };
      assert.deepEqual(await store().sealAudience(seal), { kind: 'sealed' });
      await settle(9, at + 3_600_000);
      for (const gone of [late, cancelled]) {
        assert.deepEqual([await store().findAudience(nameOf(gone)), await find(gone)], [null, null]);
        assert.deepEqual(await store().listGathered({ ...nameOf(gone), afterSeq: -1, limit: 9 }), []);
      }
      const few = () => open(botId, { from: by({ tags: { any: ['guest'] } }), isHeld: true }, undefined, 2);
      const many = [];
      for (let made = 0; made < 4; made += 1) {
        many.push(await few());
        await settle(500, at + made);
      }
      const kept = await Promise.all(many.map((plan) => store().findAudience(nameOf(plan))));
      assert.deepEqual(kept.filter((plan) => plan !== null).length, 2);
      assert.deepEqual(await backlogOf(botId), 0);
    });

    it('ends those found so far as cancelled when it is cancelled', async () => {
      const audience = await open(await crowd(), { from: by({}) });
      await store().advanceAudience({ at, limit: 2 });
      const seal = { ...nameOf(audience), expected: null, at };
      assert.deepEqual(await store().sealAudience({ ...seal, isCancelled: false }), { kind: 'absent' });
      assert.deepEqual(await store().sealAudience({ ...seal, isCancelled: true }), { kind: 'sealed' });
      await settle();
      while ((await store().endCancelled({ at, limit: 10 })) > 0);
      assert.deepEqual((await find(audience))?.counts, { ...ZERO, total: 2, cancelled: 2 });
    });

    it('counts what it adds as outstanding', async () => {
      const botId = await crowd();
      await open(botId, { from: by({}), exclude: { tags: ['leaver'] } });
      await settle();
      const { bots } = await store().tellAccepted({ accepted: [{ botId, recipients: 0 }] });
      assert.deepEqual(bots, [{ botId, recipients: 4 }]);
    });

    it('leaves out people by any of their names and by tags, and says so', async () => {
      const exclude = { identities: ['EMP-7-ann@abc.com', 'emp-7-ann@abc.com', 'stranger'], tags: ['leaver'] };
      const audience = await open(await crowd(), { from: by({}), exclude });
      await settle();
      assert.deepEqual(await namesIn(audience), ['bob@abc.com', 'dan@abc.com', 'eve@abc.com']);
      const ends = ['ann@abc.com suppressed excluded', 'cid@abc.com suppressed excluded'];
      assert.deepEqual(await endsOf(audience), ends);
      assert.deepEqual((await find(audience))?.counts, { ...ZERO, total: 5, pending: 3, suppressed: 2 });
    });

    it('is over at once where everybody is left out', async () => {
      const audience = await open(await crowd(), {
        from: by({ tags: { any: ['leaver'] } }),
        exclude: { tags: ['staff'] },
      });
      await settle();
      const { counts, finishedAt } = (await find(audience)) ?? {};
      assert.deepEqual([counts, finishedAt], [{ ...ZERO, total: 1, suppressed: 1 }, at]);
    });

    it('leaves out the same people of an upload and of those who were named, beside duplicates', async () => {
      const botId = await crowd();
      const exclude = { identities: ['stranger', 'ann@abc.com'], tags: ['guest'] };
      const names = ['emp-7-ann@abc.com', 'Stranger', 'stranger', 'dan@abc.com', 'bob@abc.com', 'BOB@abc.com'];
      const recipients = names.map((identity, seq) => ({ ...recipientOf(seq), identity }));
      const uploaded = await open(botId, { exclude, deduplicate: true });
      const added = await store().addChunk({ ...nameOf(uploaded), chunk: 0, digest: 'd', recipients, at });
      assert.deepEqual(added, { kind: 'accepted', chunk: 0, recipients: 6, suppressed: 4 });
      assert.partialDeepStrictEqual(await store().findAudience(nameOf(uploaded)), { suppressed: 4, excluded: 3 });
      await store().sealAudience({
        ...nameOf(uploaded),
        expected: { recipients: 6, chunks: 1 },
        at,
        isCancelled: false,
      });
      await settle();
      const ends = [
        'BOB@abc.com suppressed duplicate',
        'dan@abc.com suppressed excluded',
        'emp-7-ann@abc.com suppressed excluded',
        'stranger suppressed excluded',
      ];
      assert.deepEqual(await namesIn(uploaded), ['Stranger', 'bob@abc.com']);
      assert.deepEqual(await endsOf(uploaded), ends);
      const named = await open(botId, { exclude, deduplicate: true, from: { kind: 'named', recipients } });
      await settle();
      assert.deepEqual(await namesIn(named), ['Stranger', 'bob@abc.com']);
      assert.deepEqual(await endsOf(named), ends);
    });

    it('leaves out all recipients of another notification, wherever they are by now, and takes no chunk before', async () => {
      const botId = await crowd();
      const earlier = sample({ botId, lane: 'bulk', recipients: 250 });
      await store().accept(earlier);
      const [first] = await claim(store(), queueOf(earlier), { limit: 1 });
      assert.ok(first);
      const [one, ...others] = first.recipients;
      assert.ok(one);
      const progress = {
        batch: first,
        logs: [logOf(one.seq, 'failed')],
        remainder: [{ recipients: others, delayMs: 0 }],
      };
      await store().checkpoint({ batches: [progress], again: false });
      const second = sample({ botId, recipients: 1 });
      const ann = { ...recipientOf(0), identity: 'ann@abc.com' };
      await store().accept({ ...second, recipients: [ann] });
      const notifications = [earlier, second].map(({ notification }) => notification.id);
      const audience = await open(botId, { exclude: { notifications } });
      const names = ['emp-7-ann@abc.com', ...Array.from({ length: 251 }, (_, seq) => `p${seq}@abc.com`)];
      const recipients = names.map((identity, seq) => ({ ...recipientOf(seq), identity }));
      const add = () => store().addChunk({ ...nameOf(audience), chunk: 0, digest: 'd', recipients, at });
      assert.deepEqual(await add(), { kind: 'absent' });
      await settle(100);
      assert.deepEqual(await add(), { kind: 'accepted', chunk: 0, recipients: 252, suppressed: 251 });
      await store().sealAudience({ ...nameOf(audience), expected: null, at, isCancelled: false });
      await settle();
      assert.deepEqual(await namesIn(audience), ['p250@abc.com']);
    });

    it('looks again where a retry has moved recipients meanwhile', async () => {
      const botId = await crowd();
      const earlier = sample({ botId, recipients: 1 });
      await store().accept(earlier);
      const [batch] = await claim(store(), queueOf(earlier));
      assert.ok(batch);
      await store().checkpoint({ batches: [{ batch, logs: [logOf(0, 'failed')], remainder: [] }], again: false });
      const audience = await open(botId, {
        exclude: { notifications: [earlier.notification.id] },
        from: { kind: 'named', recipients: [recipientOf(0), recipientOf(1)] },
      });
      // Its batches, of which there are none yet.
      await store().advanceAudience({ at, limit: 100 });
      const retry = {
        ...keyOf(earlier),
        at,
        states: ['failed'],
        reasons: null,
        expiresAt: null,
        idempotency: null,
      } as const;
      assert.equal((await store().retry(retry)).kind, 'retrying');
      await settle(100);
      await settle(100, at + 1_000);
      assert.deepEqual(await namesIn(audience), ['p1@abc.com']);
    });

    it('lets so many go ahead as are to be sent it, whoever was left out before', async () => {
      const botId = await crowd();
      const recipients = Array.from({ length: 12 }, (_, seq) => recipientOf(seq));
      const exclude = { identities: recipients.slice(1, 6).map(({ identity }) => identity) };
      const audience = await open(
        botId,
        { from: { kind: 'named', recipients }, exclude },
        { canary: { recipients: 3, maxFailureShare: 0, next: 'continue' } },
      );
      await settle();
      assert.deepEqual(await namesIn(audience), ['p0@abc.com', 'p6@abc.com', 'p7@abc.com']);
      const ruled = await store().listRuled({ after: null, limit: 1_000 });
      const own = ruled.find(({ notification }) => notification.id === audience.notificationId);
      assert.deepEqual([own?.heldFrom, own?.notification.options?.canary?.leftOut], [8, 5]);
      await store().concludeCanary({ ...nameOf(audience), at, pauses: false });
      await settle();
      assert.equal((await claimed(audience)).length, 7);
    });
  });
}
