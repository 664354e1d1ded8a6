import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connectionId, derivedId, randomId } from '../model/ids.ts';
import { RECEIPT_STATES, type Receipt, type ReceiptState } from '../model/news.ts';
import type { Log, Notification, Recipient } from '../model/notification.ts';
import type { Person } from '../model/person.ts';
import { examineRateShares } from './exam-rates.ts';
import type { AcceptRequest, BatchProgress, ClaimedBatch, HeldBatch, Queue, Store } from './port.ts';

/** What it means to be a store, executable: every database passes the same exam. */
export function examineStore(name: string, open: () => Promise<Store>): void {
  describe(`store: ${name}`, () => {
    let store: Store;
    before(async () => {
      store = await open();
    });
    after(() => store.close());

    describe('accept', () => {
      it('keeps the notification as it was asked, with everybody pending', async () => {
        const request = sample({ recipients: 250 });
        assert.deepEqual(await store.accept(request), { kind: 'accepted' });
        const found = await store.findNotification(keyOf(request));
        assert.deepEqual(found, {
          ...request.notification,
          updatedAt: request.notification.createdAt,
          finishedAt: null,
          counts: { ...ZERO, total: 250, pending: 250 },
        });
      });

      it('cuts recipients into batches of at most 100 and keeps each as it was given', async () => {
        const request = sample({ recipients: 201 });
        await store.accept(request);
        const batches = await claimAll(store, queueOf(request));
        assert.deepEqual(
          batches.map((batch) => batch.recipients.length),
          [100, 100, 1],
        );
        assert.deepEqual(
          batches.flatMap((batch) => batch.recipients),
          request.recipients,
        );
      });

      it('keeps a script, and what it printed for whom', async () => {
        const request = sample({ recipients: 2 });
        const notification: Notification = {
          ...request.notification,
          message: { type: 'script', source: 'print("Hi")' },
        };
        const [first, second] = request.recipients;
        assert.ok(first && second);
        const recipients = [{ ...first, printed: '{"text":"\\u{1F600} \'"}' }, second];
        await store.accept({ ...request, notification, recipients });
        assert.deepEqual((await store.findNotification(keyOf(request)))?.message, notification.message);
        const [batch] = await claimAll(store, queueOf(request));
        assert.deepEqual(batch?.recipients, recipients);
      });

      it('keeps messages, parameters and custom messages byte for byte', async () => {
        const hostile = 'O\'Neil \\ " %s $1 {name} \u{1F600} \u202E; DROP TABLE logs; --\n\t';
        const request = sample({ recipients: 1 });
        const [first] = request.recipients;
        assert.ok(first);
        const recipient = { ...first, identity: hostile, customMessage: hostile, parameters: { [hostile]: hostile } };
        const notification: Notification = {
          ...request.notification,
          message: { type: 'native', payload: { [hostile]: [hostile, 1, null] } },
        };
        await store.accept({ ...request, notification, recipients: [recipient] });
        assert.deepEqual((await store.findNotification(keyOf(request)))?.message, notification.message);
        const [batch] = await claimAll(store, queueOf(request));
        assert.deepEqual(batch?.recipients, [recipient]);
      });

      it('answers the first reply again for the same idempotency key, and stores nothing', async () => {
        const idempotency = replyFor('key-1');
        const first = sample({ idempotency });
        const again = { ...sample({ idempotency: { ...idempotency, body: 'other', fingerprint: 'other' } }) };
        assert.equal((await store.accept(first)).kind, 'accepted');
        const { botId, appId, route, key, ...reply } = idempotency;
        assert.deepEqual(await store.accept(again), { kind: 'replay', reply });
        assert.equal(await store.findNotification(keyOf(again)), null);
        assert.deepEqual(await store.findReply({ botId, appId, route, key }), reply);
      });

      it('lets exactly one of many simultaneous calls with one key through', async () => {
        const idempotency = replyFor('key-race');
        const requests = Array.from({ length: 20 }, () => sample({ idempotency }));
        const results = await Promise.all(requests.map((request) => store.accept(request)));
        assert.equal(results.filter((result) => result.kind === 'accepted').length, 1);
        const stored = await Promise.all(requests.map((request) => store.findNotification(keyOf(request))));
        assert.equal(stored.filter((found) => found !== null).length, 1);
      });

      it('undoes everything when one part is refused, and harms no neighbour in the same moment', async () => {
        const good = sample({});
        const twin = sample({ idempotency: replyFor('key-undone') });
        const clash = { ...twin, notification: { ...twin.notification, id: good.notification.id } };
        clash.notification = { ...clash.notification, botId: good.notification.botId };
        await store.accept(good);
        const neighbour = sample({});
        const [refused, accepted] = await Promise.allSettled([store.accept(clash), store.accept(neighbour)]);
        assert.equal(refused.status, 'rejected');
        assert.equal(accepted.status, 'fulfilled');
        assert.equal(await store.findReply(replyFor('key-undone')), null);
        assert.notEqual(await store.findNotification(keyOf(neighbour)), null);
      });
    });

    describe('claim', () => {
      it('lists a queue only while something is in it, and says when it is due', async () => {
        const request = sample({ delayMs: 60_000 });
        await store.accept(request);
        const state = (await store.listQueues({ after: null, limit: 1_000 })).find(
          ({ queue }) => queue.botId === request.notification.botId,
        );
        assert.deepEqual(state?.queue, queueOf(request));
        assert.ok(state && state.dueInMs > 50_000 && state.dueInMs <= 60_000);
        assert.deepEqual(await claimAll(store, queueOf(request)), []);
      });

      it('goes on after the queue it was given, lanes in their order', async () => {
        const botId = randomId('st');
        for (const lane of ['bulk', 'urgent', 'normal'] as const) await store.accept(sample({ botId, lane }));
        const queues = (await store.listQueues({ after: null, limit: 1_000 })).map(({ queue }) => queue);
        const mine = queues.filter((queue) => queue.botId === botId);
        assert.deepEqual(
          mine.map((queue) => queue.lane),
          ['urgent', 'normal', 'bulk'],
        );
        const [first = null] = mine;
        const rest = await store.listQueues({ after: first, limit: 1_000 });
        assert.deepEqual(
          rest.map(({ queue }) => queue).filter((queue) => queue.botId === botId),
          mine.slice(1),
        );
        assert.equal((await store.listQueues({ after: null, limit: 1 })).length, 1);
      });

      it('hands a batch to one owner at a time', async () => {
        const request = sample({ recipients: 1_000 });
        await store.accept(request);
        const claims = await Promise.all(
          Array.from({ length: 8 }, (_, worker) => claim(store, queueOf(request), { owner: `w${worker}`, limit: 2 })),
        );
        const numbers = claims.flat().map((batch) => batch.batchNo);
        assert.equal(new Set(numbers).size, numbers.length);
        assert.equal(numbers.length, 10);
      });

      it('raises the fence with each claim and counts owners that never finished', async () => {
        const request = sample({});
        await store.accept(request);
        const [first] = await claim(store, queueOf(request), { leaseMs: EXPIRED });
        const [second] = await claim(store, queueOf(request), { owner: 'other', leaseMs: EXPIRED });
        const [third] = await claim(store, queueOf(request));
        assert.deepEqual([first?.token, second?.token, third?.token], [1, 2, 3]);
        assert.deepEqual([first?.takeovers, second?.takeovers, third?.takeovers], [0, 1, 2]);
        assert.deepEqual(await claimAll(store, queueOf(request)), []);
      });

      it('extends the leases that still hold, and only those', async () => {
        const request = sample({ recipients: 200 });
        await store.accept(request);
        const [kept, lost] = await claim(store, queueOf(request), { leaseMs: EXPIRED, limit: 2 });
        assert.ok(kept && lost);
        const stale = { ...held(lost), token: lost.token - 1 };
        assert.deepEqual(await store.extendLeases({ held: [held(kept), stale], leaseMs: 60_000 }), [held(kept)]);
        assert.deepEqual(
          (await claimAll(store, queueOf(request))).map((batch) => batch.batchNo),
          [lost.batchNo],
        );
      });

      it('voids every lease for a process that knows it is alone', async () => {
        const request = sample({});
        await store.accept(request);
        await claim(store, queueOf(request));
        assert.ok((await store.voidLeases()) >= 1);
        const [batch] = await claimAll(store, queueOf(request));
        assert.equal(batch?.takeovers, 1);
      });
    });

    describe('checkpoint', () => {
      it('appends logs, moves the counters and keeps the batch until it ends', async () => {
        const request = sample({ recipients: 3 });
        const batch = await acceptAndClaim(store, request);
        const logs = [logOf(0, 'delivered'), logOf(1, 'failed')];
        assert.deepEqual(await record(store, [{ batch: held(batch), logs, remainder: null }]), { lost: [] });
        assert.deepEqual(await store.listLogs({ ...keyOf(request), afterSeq: -1, limit: 10 }), logs);
        assert.deepEqual(await countsOf(store, request), { ...ZERO, total: 3, pending: 1, delivered: 1, failed: 1 });
        assert.deepEqual(await store.listLoggedSeqs({ batch, seqs: [0, 1, 2] }), [0, 1]);
        assert.deepEqual(await store.extendLeases({ held: [held(batch)], leaseMs: 1 }), [held(batch)]);
      });

      it('ends a notification with its last recipient', async () => {
        const request = sample({ recipients: 6 });
        const batch = await acceptAndClaim(store, request);
        const states = ['delivered', 'failed', 'suppressed', 'expired', 'cancelled', 'unknown'] as const;
        const logs = states.map((state, seq) => logOf(seq, state));
        await record(store, [{ batch: held(batch), logs, remainder: [] }]);
        const found = await store.findNotification(keyOf(request));
        assert.deepEqual(found?.counts, {
          total: 6,
          pending: 0,
          delivered: 1,
          failed: 1,
          suppressed: 1,
          expired: 1,
          cancelled: 1,
          unknown: 1,
        });
        assert.equal(found.finishedAt, LOG_TIME + 5);
        assert.equal(found.updatedAt, LOG_TIME + 5);
        assert.deepEqual(await claimAll(store, queueOf(request)), []);
      });

      it('pages logs by seq', async () => {
        const request = sample({ recipients: 5 });
        const batch = await acceptAndClaim(store, request);
        const logs = [0, 1, 2, 3, 4].map((seq) => logOf(seq, 'delivered'));
        await record(store, [{ batch: held(batch), logs, remainder: [] }]);
        const page = await store.listLogs({ ...keyOf(request), afterSeq: 1, limit: 2 });
        assert.deepEqual(
          page.map((log) => log.seq),
          [2, 3],
        );
      });

      it('turns what remains into smaller batches that become due later, attempts kept', async () => {
        const request = sample({ recipients: 4 });
        const batch = await acceptAndClaim(store, request);
        const again = batch.recipients.slice(0, 2).map((recipient) => ({ ...recipient, attempts: 3, maybeSent: true }));
        const later = batch.recipients.slice(2, 3);
        await record(store, [
          {
            batch: held(batch),
            logs: [logOf(3, 'delivered')],
            remainder: [
              { recipients: again, delayMs: EXPIRED },
              { recipients: later, delayMs: 60_000 },
            ],
          },
        ]);
        const due = await claimAll(store, queueOf(request));
        assert.deepEqual(
          due.map((part) => part.recipients),
          [again],
        );
        assert.deepEqual(
          due.map((part) => part.takeovers),
          [0],
        );
        assert.deepEqual(await countsOf(store, request), { ...ZERO, total: 4, pending: 3, delivered: 1 });
      });

      it('lets a worker that lost its lease change nothing, without harming the others', async () => {
        const request = sample({ recipients: 200 });
        await store.accept(request);
        const [slow, other] = await claim(store, queueOf(request), { leaseMs: EXPIRED, limit: 2 });
        assert.ok(slow && other);
        await store.extendLeases({ held: [held(other)], leaseMs: 60_000 });
        const [thief] = await claim(store, queueOf(request), { owner: 'thief' });
        assert.equal(thief?.batchNo, slow.batchNo);
        const result = await record(store, [
          { batch: held(slow), logs: [logOf(slow.batchNo, 'failed')], remainder: [] },
          { batch: held(other), logs: [logOf(other.batchNo, 'delivered')], remainder: null },
        ]);
        assert.deepEqual(result, { lost: [held(slow)] });
        assert.deepEqual(await countsOf(store, request), { ...ZERO, total: 200, pending: 199, delivered: 1 });
        assert.deepEqual(await store.extendLeases({ held: [held(thief)], leaseMs: 1 }), [held(thief)]);
      });

      it('tells the old fence from the new one when a checkpoint has both', async () => {
        const request = sample({ recipients: 2 });
        await store.accept(request);
        const [old] = await claim(store, queueOf(request), { leaseMs: EXPIRED });
        const [again] = await claim(store, queueOf(request));
        assert.ok(old && again);
        const result = await record(store, [
          { batch: held(old), logs: [logOf(0, 'failed')], remainder: null },
          { batch: held(again), logs: [logOf(1, 'delivered')], remainder: null },
        ]);
        assert.deepEqual(result, { lost: [held(old)] });
        assert.deepEqual(await countsOf(store, request), { ...ZERO, total: 2, pending: 1, delivered: 1 });
      });

      it('refuses the old fence on a batch that came back under the same number', async () => {
        const request = sample({ recipients: 1 });
        const batch = await acceptAndClaim(store, request);
        const progress = {
          batch: held(batch),
          logs: [],
          remainder: [{ recipients: batch.recipients, delayMs: EXPIRED }],
        };
        assert.deepEqual(await record(store, [progress]), { lost: [] });
        assert.deepEqual(await record(store, [progress]), { lost: [held(batch)] });
        const [back] = await claimAll(store, queueOf(request));
        assert.ok(back && back.token > batch.token + 1);
        assert.deepEqual(await record(store, [{ ...progress, logs: [logOf(0, 'failed')], remainder: [] }]), {
          lost: [held(batch)],
        });
      });

      it('records a checkpoint sent twice once', async () => {
        const request = sample({ recipients: 3 });
        const batch = await acceptAndClaim(store, request);
        const progress = { batch: held(batch), logs: [logOf(0, 'delivered'), logOf(1, 'failed')], remainder: null };
        await record(store, [progress]);
        const more = { ...progress, logs: [...progress.logs, logOf(2, 'delivered')] };
        await store.checkpoint({ batches: [more], again: true });
        assert.deepEqual(await countsOf(store, request), { ...ZERO, total: 3, delivered: 2, failed: 1 });
        await assert.rejects(record(store, [more]), 'without the word "again" a repeated log is refused');
        assert.deepEqual(await countsOf(store, request), { ...ZERO, total: 3, delivered: 2, failed: 1 });
      });

      it('survives many workers finishing the same notifications at once', async () => {
        const requests = [sample({ recipients: 400 }), sample({ recipients: 400 })];
        for (const request of requests) await store.accept(request);
        const claims = await Promise.all(
          requests.flatMap((request) => [0, 1, 2, 3].map(() => claim(store, queueOf(request)))),
        );
        const pairs = [0, 1, 2, 3].map((index) => [...(claims[index] ?? []), ...(claims[7 - index] ?? [])]);
        await Promise.all(pairs.map((batches) => record(store, batches.map(allDelivered))));
        for (const request of requests)
          assert.deepEqual(await countsOf(store, request), { ...ZERO, total: 400, delivered: 400 });
      });
    });

    describe('directory', () => {
      const botId = randomId('st');
      const teams = connectionId(botId, 'msteams', null);
      const john = personOf(botId, 'John@ABC.com', { phone: '+49 170 1234567', upn: 'j.doe@corp.example' });

      it('keeps a person whole and finds it by any identity, case ignored in e-mails', async () => {
        await store.upsertPeople({ people: [john] });
        assert.deepEqual(await store.findPerson({ botId, personId: john.id }), john);
        const found = await store.resolve({
          botId,
          connectionId: teams,
          identities: ['john@abc.com', '491701234567', 'nobody@abc.com'],
        });
        const known = {
          personId: john.id,
          address: { channelId: '29:john', reference: { conversationId: 'a:1' } },
          workedAt: null,
        };
        assert.deepEqual(
          found,
          new Map([
            ['john@abc.com', known],
            ['491701234567', known],
          ]),
        );
      });

      it('knows the person where only the address is missing', async () => {
        const found = await store.resolve({
          botId,
          connectionId: connectionId(botId, 'slack', null),
          identities: ['john@abc.com'],
        });
        assert.deepEqual(found.get('john@abc.com'), { personId: john.id, address: null, workedAt: null });
      });

      it('shows nothing of another bot', async () => {
        const stranger = randomId('st');
        assert.equal(
          (await store.resolve({ botId: stranger, connectionId: teams, identities: ['john@abc.com'] })).size,
          0,
        );
        assert.equal(await store.findPerson({ botId: stranger, personId: john.id }), null);
        assert.deepEqual(await store.listPeople({ botId: stranger, afterId: '', limit: 10 }), []);
        assert.equal(await store.deletePerson({ botId: stranger, personId: john.id }), false);
      });

      it('replaces a person on the next import, identities that are gone included, even twice in one call', async () => {
        const renamed = { ...john, upn: 'new@corp.example', name: 'John D.' };
        await store.upsertPeople({ people: [john, renamed] });
        assert.deepEqual(await store.findPerson({ botId, personId: john.id }), renamed);
        const found = await store.resolve({
          botId,
          connectionId: teams,
          identities: ['j.doe@corp.example', 'new@corp.example'],
        });
        assert.deepEqual([...found.keys()], ['new@corp.example']);
      });

      it('moves an identity to whoever was imported with it last', async () => {
        const jane = personOf(botId, 'jane@abc.com', { phone: '+49 170 1234567' });
        await store.upsertPeople({ people: [jane] });
        const found = await store.resolve({ botId, connectionId: teams, identities: ['491701234567'] });
        assert.equal(found.get('491701234567')?.personId, jane.id);
      });

      it('finds many people by id at once, each with their addresses, and nobody of another bot', async () => {
        const crowd = randomId('st');
        const people = [0, 1, 2].map((index) => personOf(crowd, `p${index}@abc.com`, {}));
        const elsewhere = personOf(botId, 'elsewhere@abc.com', {});
        await store.upsertPeople({ people: [...people, elsewhere] });
        const personIds = [...people.slice(1).map((person) => person.id), elsewhere.id, randomId('u')];
        const found = await store.findPeople({ botId: crowd, personIds });
        assert.deepEqual(
          new Map(found.map((person) => [person.id, person])),
          new Map(people.slice(1).map((person) => [person.id, person])),
        );
        assert.deepEqual(await store.findPeople({ botId: crowd, personIds: [] }), []);
      });

      it('pages people by id', async () => {
        const crowd = randomId('st');
        const people = Array.from({ length: 5 }, (_, index) => personOf(crowd, `p${index}@abc.com`, {}));
        await store.upsertPeople({ people });
        const ids = people.map((person) => person.id).sort();
        const first = await store.listPeople({ botId: crowd, afterId: '', limit: 3 });
        const rest = await store.listPeople({ botId: crowd, afterId: first.at(-1)?.id ?? '', limit: 3 });
        assert.deepEqual(
          [...first, ...rest].map((person) => person.id),
          ids,
        );
      });

      it('learns an address for a known person and makes a person of a stranger', async () => {
        const slack = connectionId(botId, 'slack', null);
        const learned = (identity: string, channelId: string) => ({
          botId,
          connectionId: slack,
          channel: 'slack',
          connectionName: null,
          identity,
          address: { channelId, reference: null },
          source: 'lookup' as const,
          at: 7,
        });
        await store.saveAddresses({
          addresses: [
            learned('JOHN@abc.com', 'D\u001f1\u001f'),
            learned('new@abc.com', 'D2'),
            learned('New@abc.com', 'D3'),
          ],
        });
        const found = await store.resolve({ botId, connectionId: slack, identities: ['john@abc.com', 'new@abc.com'] });
        assert.deepEqual(found.get('john@abc.com'), {
          personId: john.id,
          address: { channelId: 'D\u001f1\u001f', reference: null },
          workedAt: null,
        });
        assert.equal(found.get('new@abc.com')?.address?.channelId, 'D3');
        const stranger = found.get('new@abc.com');
        assert.ok(stranger);
        assert.equal((await store.findPerson({ botId, personId: stranger.personId }))?.addresses[0]?.source, 'lookup');
      });

      it('forgets an address only if it is still that one', async () => {
        const forget = (channelId: string) =>
          store.forgetAddresses({ addresses: [{ botId, connectionId: teams, personId: john.id, channelId }] });
        const address = async () =>
          (await store.findPerson({ botId, personId: john.id }))?.addresses.find(
            (entry) => entry.connectionId === teams,
          );
        await forget('29:older');
        assert.equal((await address())?.channelId, '29:john');
        await forget('29:john');
        assert.equal(await address(), undefined);
      });

      it('takes a name nobody has as one more of the person who has another of them', async () => {
        const learned = { ...inbound(teams, ['new-name@abc.com', 'JOHN@abc.com', 'aad-john'], '29:j2'), at: 50 };
        await store.saveAddresses({ addresses: [learned] });
        const found = await store.resolve({ botId, connectionId: teams, identities: ['aad-john', 'new-name@abc.com'] });
        for (const name of ['aad-john', 'new-name@abc.com']) {
          assert.equal(found.get(name)?.personId, john.id);
          assert.equal(found.get(name)?.address?.channelId, '29:j2');
        }
      });

      it('never takes a name from whoever has it, and keeps what was learnt last', async () => {
        const jane = inbound(teams, ['unheard@abc.com', 'john@abc.com'], '29:jane');
        await store.saveAddresses({ addresses: [{ ...jane, at: 60 }] });
        await store.saveAddresses({
          addresses: [inbound(teams, ['john@abc.com'], '29:late')].map((late) => ({ ...late, at: 40 })),
        });
        const found = await store.resolve({
          botId,
          connectionId: teams,
          identities: ['john@abc.com', 'unheard@abc.com'],
        });
        // The first name was unknown, the second is John's: it is John who was met.
        assert.equal(found.get('john@abc.com')?.personId, john.id);
        assert.equal(found.get('unheard@abc.com')?.personId, john.id);
        assert.equal(found.get('john@abc.com')?.address?.channelId, '29:jane');
      });

      it('knows when an address last worked, until it is another address', async () => {
        const addresses = [{ botId, personId: john.id, connectionId: teams }];
        const workedAt = async () =>
          (await store.resolve({ botId, connectionId: teams, identities: ['john@abc.com'] })).get('john@abc.com')
            ?.workedAt;
        assert.equal(await workedAt(), null);
        await store.markWorked({ addresses, at: 70 });
        assert.equal(await workedAt(), 70);
        await store.saveAddresses({ addresses: [{ ...inbound(teams, ['john@abc.com'], '29:jane'), at: 80 }] });
        assert.equal(await workedAt(), 70);
        const person = await store.findPerson({ botId, personId: john.id });
        assert.equal(person?.addresses.find((entry) => entry.connectionId === teams)?.workedAt, 70);
        await store.saveAddresses({ addresses: [{ ...inbound(teams, ['john@abc.com'], '29:moved'), at: 90 }] });
        assert.equal(await workedAt(), null);
      });

      it('drops the addresses of somebody who left, but none that was learnt since', async () => {
        const left = { botId, connectionId: teams, identities: ['AAD-john', 'aad-john'] };
        const address = async () =>
          (await store.resolve({ botId, connectionId: teams, identities: ['john@abc.com'] })).get('john@abc.com')
            ?.address;
        await store.dropAddresses({ ...left, until: 89 });
        assert.equal((await address())?.channelId, '29:moved');
        await store.dropAddresses({ ...left, botId: randomId('st'), until: 100 });
        assert.equal((await address())?.channelId, '29:moved');
        await store.dropAddresses({ ...left, until: 90 });
        assert.equal(await address(), null);
      });

      it('keeps silence by the newest word, on one connection of one bot', async () => {
        const mail = connectionId(botId, 'email', null);
        const say = (reason: 'opted_out' | 'address_dead' | null, at: number, identity = 'Ann@abc.com') =>
          store.silence({ botId, connectionId: mail, entries: [{ identity, reason, detail: null, at }] });
        const silenced = async (bot = botId, connection = mail) =>
          store.listSilenced({ botId: bot, connectionId: connection, identities: ['ann@abc.com', 'bob@abc.com'] });
        await say('opted_out', 10);
        assert.deepEqual([...(await silenced())], [['ann@abc.com', 'opted_out']]);
        assert.equal((await silenced(randomId('st'))).size, 0);
        assert.equal((await silenced(botId, teams)).size, 0);
        await say(null, 20);
        await say('opted_out', 15);
        assert.equal((await silenced()).size, 0);
        await say('address_dead', 30);
        await say('opted_out', 5, 'bob@abc.com');
        const page = { botId, connectionId: mail, afterIdentity: '', limit: 1 };
        const [first] = await store.listSilences(page);
        assert.deepEqual(first, { identity: 'ann@abc.com', reason: 'address_dead', detail: null, at: 30 });
        assert.deepEqual(
          (await store.listSilences({ ...page, afterIdentity: 'ann@abc.com', limit: 5 })).map(
            (entry) => entry.identity,
          ),
          ['bob@abc.com'],
        );
      });

      const inbound = (connection: string, [identity = '', ...alsoKnownAs]: readonly string[], channelId: string) => ({
        botId,
        connectionId: connection,
        channel: 'msteams',
        connectionName: null,
        identity,
        alsoKnownAs,
        address: { channelId, reference: null },
        source: 'inbound' as const,
        at: 0,
      });

      it('deletes a person with identities and addresses', async () => {
        assert.equal(await store.deletePerson({ botId, personId: john.id }), true);
        assert.equal(await store.findPerson({ botId, personId: john.id }), null);
        assert.equal((await store.resolve({ botId, connectionId: teams, identities: ['john@abc.com'] })).size, 0);
      });
    });

    examineRateShares(() => store);

    describe('receipts', () => {
      const tell = (request: AcceptRequest, seq: number, state: ReceiptState, more: Partial<Receipt> = {}) => ({
        notificationId: request.notification.id,
        seq,
        state,
        at: 1_000,
        reason: null,
        detail: null,
        ...more,
      });
      const owner = ({ notification: { botId, connectionId } }: AcceptRequest) => ({ botId, connectionId });

      it('never go backwards, whatever comes twice, late or in another order', async () => {
        const orders: readonly (readonly [readonly ReceiptState[], ReceiptState])[] = [
          [['sent', 'delivered', 'read'], 'read'],
          [['read', 'delivered', 'sent', 'read'], 'read'],
          [['delivered', 'failed'], 'delivered'],
          [['sent', 'failed', 'delivered'], 'failed'],
          [['sent', 'sent'], 'sent'],
        ];
        const request = sample({ recipients: orders.length + 1 });
        await store.accept(request);
        for (const [seq, [states]] of orders.entries()) {
          for (const state of states) {
            await store.recordReceipts({ ...owner(request), receipts: [tell(request, seq, state)] });
          }
        }
        const page = { ...keyOf(request), fromSeq: 0, toSeq: 100 };
        assert.deepEqual(
          (await store.listReceipts(page)).map((receipt) => receipt.state),
          orders.map(([, last]) => last),
        );
        assert.deepEqual(await store.countReceipts(keyOf(request)), { sent: 1, failed: 1, delivered: 1, read: 2 });
        assert.deepEqual(
          (await store.listReceipts({ ...page, fromSeq: 1, toSeq: 2 })).map((receipt) => receipt.seq),
          [1, 2],
        );
      });

      it('count the same when all come in one call', async () => {
        const request = sample({ recipients: 2 });
        await store.accept(request);
        const failed = tell(request, 1, 'failed', { reason: 'unreachable_recipient', detail: 'no such user', at: 7 });
        const receipts = [tell(request, 0, 'read'), tell(request, 0, 'sent'), failed, failed];
        assert.equal(await store.recordReceipts({ ...owner(request), receipts }), 2);
        assert.equal(await store.recordReceipts({ ...owner(request), receipts }), 0);
        assert.deepEqual(await store.countReceipts(keyOf(request)), { sent: 0, failed: 1, delivered: 0, read: 1 });
        const { notificationId: _, ...kept } = failed;
        assert.deepEqual((await store.listReceipts({ ...keyOf(request), fromSeq: 1, toSeq: 1 }))[0], kept);
      });

      it('are taken only of recipients there are, from their own connection', async () => {
        const request = sample({ recipients: 1 });
        await store.accept(request);
        const mine = owner(request);
        const foreign = [
          { ...mine, receipts: [tell(request, 1, 'read')] },
          { ...mine, receipts: [tell(request, -1, 'read')] },
          { ...mine, receipts: [{ ...tell(request, 0, 'read'), notificationId: randomId('ds') }] },
          { ...mine, connectionId: randomId('dc'), receipts: [tell(request, 0, 'read')] },
          { ...mine, botId: randomId('st'), receipts: [tell(request, 0, 'read')] },
        ];
        for (const told of foreign) assert.equal(await store.recordReceipts(told), 0);
        assert.deepEqual(await store.countReceipts(keyOf(request)), { sent: 0, failed: 0, delivered: 0, read: 0 });
      });

      it('add up when many tell of the same recipients at once', async () => {
        const request = sample({ recipients: 30 });
        await store.accept(request);
        const all = (state: ReceiptState) => request.recipients.map(({ seq }) => tell(request, seq, state));
        const calls = (['sent', 'read', 'delivered', 'sent', 'read', 'failed'] as const).map((state) =>
          store.recordReceipts({ ...owner(request), receipts: all(state).toSorted(() => (state === 'read' ? -1 : 1)) }),
        );
        await Promise.all(calls);
        const counts = await store.countReceipts(keyOf(request));
        assert.equal(counts.sent + counts.failed + counts.delivered + counts.read, 30);
        const states = (await store.listReceipts({ ...keyOf(request), fromSeq: 0, toSeq: 29 })).map(
          ({ state }) => state,
        );
        for (const state of RECEIPT_STATES) {
          assert.equal(counts[state], states.filter((each) => each === state).length);
        }
      });
    });

    describe('upkeep', () => {
      it('takes a jti once, whoever else tries at the same moment', async () => {
        const use = (jti: string) => store.useJti({ appId: 'cs-1', jti, expiresAt: 2_000 });
        const answers = await Promise.all(Array.from({ length: 20 }, () => use('once')));
        assert.equal(answers.filter(Boolean).length, 1);
        assert.equal(await store.useJti({ appId: 'cs-2', jti: 'once', expiresAt: 2_000 }), true);
      });

      it('prunes what time made useless, in bounded steps, and nothing else', async () => {
        await store.useJti({ appId: 'cs-3', jti: 'old', expiresAt: 1_000 });
        await store.useJti({ appId: 'cs-3', jti: 'new', expiresAt: 9_000 });
        await store.accept(sample({ idempotency: { ...replyFor('fresh'), createdAt: 5_000 } }));
        while ((await store.prune({ now: 5_000, limit: 2 })) > 0);
        assert.equal(await store.useJti({ appId: 'cs-3', jti: 'old', expiresAt: 9_000 }), true);
        assert.equal(await store.useJti({ appId: 'cs-3', jti: 'new', expiresAt: 9_000 }), false);
        assert.notEqual(await store.findReply(replyFor('fresh')), null);
        await store.prune({ now: 5_000 + 73 * 3_600_000, limit: 100 });
        assert.equal(await store.findReply(replyFor('fresh')), null);
      });

      it('is reachable and says its schema version', async () => {
        await store.ping();
        assert.ok((await store.schemaVersion()) >= 1);
      });
    });
  });
}

const ZERO = { total: 0, pending: 0, delivered: 0, failed: 0, suppressed: 0, expired: 0, cancelled: 0, unknown: 0 };
/** A lease or delay that is over before it began: how the exam lets time pass on the database's own clock. */
const EXPIRED = -1_000;
const LOG_TIME = 1_700_000_000_000;

function sample(options: {
  readonly botId?: string;
  readonly recipients?: number;
  readonly lane?: Notification['lane'];
  readonly delayMs?: number;
  readonly idempotency?: AcceptRequest['idempotency'];
}): AcceptRequest {
  const botId = options.botId ?? randomId('st');
  const total = options.recipients ?? 1;
  return {
    notification: {
      botId,
      id: randomId('ds'),
      api: 'kore-v1',
      appId: 'cs-1',
      createdBy: randomId('u'),
      channel: 'msteams',
      channelSpelling: 'msteam',
      connectionId: connectionId(botId, 'msteams', null),
      resolve: true,
      lane: options.lane ?? 'normal',
      message: { type: 'text', text: 'Hello {name}' },
      total,
      createdAt: LOG_TIME,
      expiresAt: LOG_TIME + 86_400_000,
    },
    recipients: Array.from({ length: total }, (_, seq) => recipientOf(seq)),
    delayMs: options.delayMs ?? EXPIRED,
    idempotency: options.idempotency ?? null,
  };
}

const recipientOf = (seq: number): Recipient => ({
  seq,
  identity: `p${seq}@abc.com`,
  customMessage: null,
  parameters: seq % 2 === 0 ? null : { name: `P${seq}` },
  attempts: 0,
  maybeSent: false,
});

const replyFor = (key: string) => ({
  botId: derivedId('st', 'replies'),
  appId: 'cs-1',
  route: 'notify',
  key,
  fingerprint: 'f',
  status: 200,
  body: '{"a":1}',
  createdAt: LOG_TIME,
});

function logOf(seq: number, state: Log['state']): Log {
  const delivered = state === 'delivered';
  return {
    seq,
    identity: `p${seq}@abc.com`,
    state,
    reason: delivered ? null : 'provider_error',
    detail: delivered ? null : "it said 'no'",
    personId: delivered ? derivedId('u', seq) : null,
    channelId: delivered ? `29:${seq}` : null,
    providerMessageId: delivered ? `m${seq}` : null,
    attempts: 1,
    maybeDoubled: seq % 2 === 1,
    at: LOG_TIME + seq,
  };
}

function personOf(botId: string, email: string, more: Partial<Person>): Person {
  const id = derivedId('u', botId, email);
  return {
    botId,
    id,
    email,
    upn: null,
    phone: null,
    identities: ['emp-7'].map((prefix) => `${prefix}-${email}`),
    name: 'J',
    locale: 'en',
    timeZone: 'Asia/Kolkata',
    tags: ['a', 'b'],
    attributes: { dept: { floor: 3 } },
    addresses: [
      {
        connectionId: connectionId(botId, 'msteams', null),
        channel: 'msteams',
        connectionName: null,
        channelId: '29:john',
        reference: { conversationId: 'a:1' },
        source: 'import',
        at: 5,
      },
    ],
    ...more,
  };
}

const keyOf = (request: AcceptRequest) => ({
  botId: request.notification.botId,
  notificationId: request.notification.id,
});

const queueOf = ({ notification }: AcceptRequest): Queue => ({
  lane: notification.lane,
  botId: notification.botId,
  connectionId: notification.connectionId,
});

const held = ({ botId, notificationId, batchNo, token }: HeldBatch): HeldBatch => ({
  botId,
  notificationId,
  batchNo,
  token,
});

async function claim(store: Store, queue: Queue, options: { owner?: string; leaseMs?: number; limit?: number } = {}) {
  const { owner = 'me', leaseMs = 60_000, limit = 1 } = options;
  return inOrder(await store.claimDue({ queue, owner, leaseMs, limit }));
}

const claimAll = (store: Store, queue: Queue) => claim(store, queue, { limit: 100 });

const inOrder = (batches: readonly ClaimedBatch[]) => batches.toSorted((a, b) => a.batchNo - b.batchNo);

async function acceptAndClaim(store: Store, request: AcceptRequest): Promise<ClaimedBatch> {
  await store.accept(request);
  const [batch] = await claimAll(store, queueOf(request));
  assert.ok(batch);
  return batch;
}

const record = (store: Store, batches: readonly BatchProgress[]) => store.checkpoint({ batches, again: false });

const allDelivered = (batch: ClaimedBatch): BatchProgress => ({
  batch: held(batch),
  logs: batch.recipients.map((recipient) => logOf(recipient.seq, 'delivered')),
  remainder: [],
});

const countsOf = async (store: Store, request: AcceptRequest) => (await store.findNotification(keyOf(request)))?.counts;
