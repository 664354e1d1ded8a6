import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { replyFor, sample } from './exam-samples.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about used tokens, pruning and health. */
export function examineUpkeep(store: () => Store): void {
  describe('upkeep', () => {
    it('takes a jti once, whoever else tries at the same moment', async () => {
      const use = (jti: string) => store().useJti({ appId: 'cs-1', jti, expiresAt: 2_000 });
      const answers = await Promise.all(Array.from({ length: 20 }, () => use('once')));
      assert.equal(answers.filter(Boolean).length, 1);
      assert.equal(await store().useJti({ appId: 'cs-2', jti: 'once', expiresAt: 2_000 }), true);
    });

    it('prunes what time made useless, in bounded steps, and nothing else', async () => {
      await store().useJti({ appId: 'cs-3', jti: 'old', expiresAt: 1_000 });
      await store().useJti({ appId: 'cs-3', jti: 'new', expiresAt: 9_000 });
      await store().accept(sample({ idempotency: { ...replyFor('fresh'), createdAt: 5_000 } }));
      while ((await store().prune({ now: 5_000, limit: 2 })) > 0);
      assert.equal(await store().useJti({ appId: 'cs-3', jti: 'old', expiresAt: 9_000 }), true);
      assert.equal(await store().useJti({ appId: 'cs-3', jti: 'new', expiresAt: 9_000 }), false);
      assert.notEqual(await store().findReply(replyFor('fresh')), null);
      await store().prune({ now: 5_000 + 73 * 3_600_000, limit: 100 });
      assert.equal(await store().findReply(replyFor('fresh')), null);
    });

    it('tells the time by the clock that leases run on', async () => {
      const before = await store().now();
      const request = sample({ delayMs: 60_000 });
      await store().accept(request);
      const states = await store().listQueues({ after: null, limit: 1_000 });
      const state = states.find(({ queue }) => queue.botId === request.notification.botId);
      const elapsedMs = (await store().now()) - before;
      assert.ok(state !== undefined && elapsedMs >= 0);
      assert.ok(state.dueInMs <= 60_000 && state.dueInMs >= 60_000 - elapsedMs, `${state.dueInMs}, ${elapsedMs}`);
    });

    it('is reachable and says its schema version', async () => {
      await store().ping();
      assert.ok((await store().schemaVersion()) >= 1);
    });
  });
}
