import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startPostgres, type TestPostgres } from '../../test/support/postgres.ts';
import { systemClock } from '../model/clock.ts';
import { connectionId, randomId } from '../model/ids.ts';
import { sizeOf } from '../model/lane.ts';
import type { Recipient } from '../model/notification.ts';
import { openStore } from './open.ts';
import type { AcceptRequest } from './port/acceptance.ts';
import type { ClaimedBatch, Queue } from './port/work.ts';
import type { Store } from './port.ts';

const folder = mkdtempSync(join(tmpdir(), 'beckon-restored-'));
let postgres: TestPostgres;
let files = 0;
before(async () => {
  postgres = await startPostgres();
});
after(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true });
});

const DATABASES: Readonly<Record<string, () => Promise<string>>> = {
  'SQLite in memory': async () => 'sqlite::memory:',
  'SQLite in a file': async () => `sqlite:${join(folder, `${files++}.db`)}`,
  PostgreSQL: () => postgres.createDatabase(),
};

for (const [name, create] of Object.entries(DATABASES)) {
  describe(`a restored database: ${name}`, () => {
    let store: Store;
    beforeEach(async () => {
      await store?.close();
      store = await openStore(await create(), { clock: systemClock });
    });
    after(() => store.close());

    it('lists no queue and lets nothing be claimed, old work or new, until somebody decides', async () => {
      const old = request(3);
      await store.accept(old);
      assert.equal(await store.findRestored(), null);
      assert.deepEqual(await store.markRestored({ at: 7 }), { at: 7, recipients: 3 });
      const fresh = request(2);
      await store.accept(fresh);
      assert.deepEqual(await store.listQueues({ after: null, limit: 10 }), []);
      assert.deepEqual([await claim(store, old), await claim(store, fresh)], [[], []]);
      assert.deepEqual(await store.markRestored({ at: 8 }), { at: 7, recipients: 3 });
      await store.voidLeases();
      assert.deepEqual(await store.listQueues({ after: null, limit: 10 }), []);
      assert.equal(await store.endRestore({ decision: 'release', at: 9 }), 3);
      assert.equal(await store.findRestored(), null);
      assert.equal((await store.listQueues({ after: null, limit: 10 })).length, 2);
    });

    it('released: what was outstanding is sent as maybe sent before, what came since is not', async () => {
      const old = request(250);
      await store.accept(old);
      await store.markRestored({ at: 1 });
      const fresh = request(1);
      await store.accept(fresh);
      assert.equal(await store.endRestore({ decision: 'release', at: 2 }), 250);
      const sent = (await claim(store, old)).flatMap((batch) => batch.recipients);
      assert.deepEqual(
        sent,
        old.recipients.map((recipient) => ({ ...recipient, maybeSent: true })),
      );
      assert.deepEqual(
        (await claim(store, fresh)).flatMap((batch) => batch.recipients),
        fresh.recipients,
      );
    });

    it('released: those with a log are done, and no take-over is counted against the others', async () => {
      const old = request(3);
      await store.accept(old);
      const [batch] = await claim(store, old);
      assert.ok(batch);
      await store.checkpoint({ batches: [{ batch, logs: [delivered(1)], remainder: null }], again: false });
      await store.markRestored({ at: 1 });
      assert.equal(await store.endRestore({ decision: 'release', at: 2 }), 2);
      const [again] = await claim(store, old);
      assert.deepEqual(
        again?.recipients.map(({ seq }) => seq),
        [0, 2],
      );
      assert.equal(again?.takeovers, 0);
    });

    it('released: a wait goes on where it was', async () => {
      const old = { ...request(1), delayMs: 600_000 };
      await store.accept(old);
      await store.markRestored({ at: 1 });
      await store.voidLeases();
      await store.endRestore({ decision: 'release', at: 2 });
      assert.deepEqual(await claim(store, old), []);
      const [state] = await store.listQueues({ after: null, limit: 1 });
      assert.ok(state && state.dueInMs > 590_000, String(state?.dueInMs));
    });

    it('concluded: everybody outstanding ends as unknown, the sums hold, and nothing of it is left', async () => {
      const old = request(250);
      await store.accept(old);
      const [batch] = await claim(store, old, 1);
      assert.ok(batch);
      await store.checkpoint({ batches: [{ batch, logs: [delivered(1)], remainder: null }], again: false });
      await store.markRestored({ at: 1 });
      const fresh = request(1);
      await store.accept(fresh);
      assert.equal(await store.endRestore({ decision: 'conclude', at: 99 }), 249);
      const found = await store.findNotification(keyOf(old));
      const { pending, delivered: reached, unknown } = found?.counts ?? {};
      assert.deepEqual([pending, reached, unknown, found?.finishedAt], [0, 1, 249, 99]);
      const logs = await store.listLogs({ ...keyOf(old), afterSeq: -1, limit: 1_000 });
      assert.equal(logs.length, 250);
      assert.deepEqual(
        new Set(logs.filter(({ seq }) => seq !== 1).map(({ state, reason }) => `${state} ${reason}`)),
        new Set(['unknown answer_lost']),
      );
      assert.deepEqual(await claim(store, old), []);
      assert.equal((await claim(store, fresh)).length, 1);
      const { botId, connectionId } = old.notification;
      const { byReason } = await store.sumActivity({ botId, from: 0, until: 1 });
      assert.deepEqual(byReason, [{ connectionId, state: 'unknown', reason: 'answer_lost', count: 249 }]);
    });

    it('cancelled meanwhile: nobody has to decide about it any more, and everybody ends as maybe sent', async () => {
      const [old, other] = [request(250), { ...request(2), delayMs: 600_000 }];
      for (const each of [old, other]) await store.accept(each);
      await store.markRestored({ at: 1 });
      for (const each of [old, other]) await store.cancel({ ...keyOf(each), at: 50 });
      assert.equal((await store.tallyCancelled(keyOf(old)))?.inFlight, 250);
      while ((await store.endCancelled({ at: 60, limit: 2 })) > 0);
      assert.deepEqual(await store.findRestored(), { at: 1, recipients: 0 });
      assert.equal(await store.endRestore({ decision: 'release', at: 99 }), 0);
      for (const each of [old, other]) {
        const found = await store.findNotification(keyOf(each));
        assert.deepEqual([found?.counts.cancelled, found?.finishedAt], [each.notification.total, 60]);
        const logs = await store.listLogs({ ...keyOf(each), afterSeq: -1, limit: 1_000 });
        assert.ok(logs.every(({ maybeDoubled }) => maybeDoubled));
      }
    });

    it('fences whoever held a batch before', async () => {
      const old = request(1);
      await store.accept(old);
      const [batch] = await claim(store, old);
      assert.ok(batch);
      await store.markRestored({ at: 1 });
      const { lost } = await store.checkpoint({
        batches: [{ batch, logs: [delivered(0)], remainder: [] }],
        again: false,
      });
      assert.equal(lost.length, 1);
      assert.deepEqual(await store.extendLeases({ held: [batch], leaseMs: 1_000 }), []);
      assert.equal(await store.endRestore({ decision: 'conclude', at: 2 }), 1);
    });

    it('leaves alone whom nobody had been asked to send to: what is not sealed can be sealed afterwards', async () => {
      const { notification } = request(250);
      const { total: _total, ...asked } = notification;
      const key = { botId: asked.botId, notificationId: asked.id };
      const plan = { deduplicate: false, parameters: null };
      await store.openAudience({ asked, plan, endsAt: 9_000, most: 1, idempotency: null });
      const recipients = [{ ...(request(1).recipients[0] as Recipient), identity: 'late@abc.com' }];
      await store.addChunk({ ...key, chunk: 0, digest: 'd', recipients, at: 1 });
      await store.markRestored({ at: 1 });
      assert.equal(await store.endRestore({ decision: 'conclude', at: 99 }), 0);
      await store.sealAudience({ ...key, expected: { recipients: 1, chunks: 1 }, at: 100, isCancelled: false });
      while ((await store.settlePauses({ at: 100, limit: 10 })) > 0);
      const queue = { lane: asked.lane, size: 'large', botId: asked.botId, connectionId: asked.connectionId } as const;
      const [batch] = await store.claimDue({ queue, owner: 'me', leaseMs: 1_000, limit: 1 });
      assert.deepEqual(
        batch?.recipients.map(({ identity, maybeSent }) => [identity, maybeSent]),
        [['late@abc.com', false]],
      );
    });

    it('has nothing to decide when it was never marked', async () => {
      await store.accept(request(1));
      assert.equal(await store.endRestore({ decision: 'conclude', at: 1 }), 0);
      assert.equal((await store.listQueues({ after: null, limit: 10 })).length, 1);
    });
  });
}

function request(recipients: number): AcceptRequest {
  const botId = randomId('st');
  return {
    notification: {
      botId,
      id: randomId('ds'),
      api: 'native',
      appId: 'cs-1',
      createdBy: 'u-1',
      channel: 'slack',
      channelSpelling: 'slack',
      connectionId: connectionId(botId, 'slack', null),
      resolve: true,
      lane: 'normal',
      message: { type: 'text', text: 'x' },
      total: recipients,
      createdAt: 1,
      expiresAt: 2,
    },
    recipients: Array.from({ length: recipients }, (_, seq) => ({
      seq,
      identity: `person-${seq}`,
      customMessage: null,
      parameters: null,
      attempts: 0,
      maybeSent: false,
    })),
    delayMs: 0,
    idempotency: null,
  };
}

const keyOf = ({ notification }: AcceptRequest) => ({ botId: notification.botId, notificationId: notification.id });

async function claim(store: Store, { notification }: AcceptRequest, limit = 100): Promise<ClaimedBatch[]> {
  const { lane, botId, connectionId: connection } = notification;
  const queue: Queue = { lane, botId, connectionId: connection, size: sizeOf(notification.total) };
  const batches = await store.claimDue({ queue, owner: 'me', leaseMs: 60_000, limit });
  return batches.toSorted((a, b) => a.batchNo - b.batchNo);
}

const delivered = (seq: number) =>
  ({
    seq,
    identity: `person-${seq}`,
    state: 'delivered',
    reason: null,
    detail: null,
    personId: null,
    channelId: null,
    providerMessageId: null,
    attempts: 1,
    maybeDoubled: false,
    at: 5,
  }) as const;
