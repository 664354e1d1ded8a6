import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AuditEntry, type AuditHead, findBreak, NO_HEAD } from '../model/audit.ts';
import { connectionId, randomId } from '../model/ids.ts';
import { keyOf, LOG_TIME, personOf, sample } from './exam-samples.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about who changed what. */
export function examineAudit(store: () => Store): void {
  describe('audit', () => {
    const entryOf = (botId: string | null, action: string): AuditEntry => ({
      botId,
      at: LOG_TIME,
      appId: 'cs-1',
      subject: 'Ann "the boss" Ø',
      action,
      target: null,
      before: null,
      after: null,
      ip: '127.0.0.1',
    });
    const chainOf = (botId: string | null) => store().listAudit({ botId, newestFirst: false, from: 1, limit: 1_000 });

    it('keeps one entry for each change, none for what changed nothing, and bots apart', async () => {
      const request = sample({ delayMs: 60_000 });
      const { botId } = request.notification;
      const teams = connectionId(botId, 'msteams', null);
      const person = personOf(botId, 'ann@abc.com', {});
      const key = { botId, personId: person.id };
      const audit = (action: string) => ({ audit: entryOf(botId, action) });
      await store().accept(request);
      const entries = [{ identity: 'ann@abc.com', reason: 'opted_out', detail: null, at: 1 } as const];
      await store().silence({ botId, connectionId: teams, entries });
      const lift = { botId, connectionId: teams, identity: 'ann@abc.com', at: 2 };

      await store().upsertPeople({ people: [person], ...audit('import') });
      assert.equal(await store().cancel({ ...keyOf(request), at: 1, ...audit('cancel') }), true);
      assert.equal(await store().cancel({ ...keyOf(request), at: 2, ...audit('cancel again') }), false);
      assert.equal(await store().deletePerson({ ...key, ...audit('delete') }), true);
      assert.equal(await store().deletePerson({ ...key, ...audit('delete again') }), false);
      assert.equal(await store().liftSilence({ ...lift, ...audit('lift') }), true);
      assert.equal(await store().liftSilence({ ...lift, ...audit('lift again') }), false);

      const chain = await chainOf(botId);
      assert.deepEqual(
        chain.map(({ seq, action }) => `${seq} ${action}`),
        ['1 import', '2 cancel', '3 delete', '4 lift'],
      );
      assert.partialDeepStrictEqual(chain[0], entryOf(botId, 'import'));
      assert.deepEqual(await chainOf(randomId('st')), []);
    });

    it('chains what is asked for at the same moment, each entry to the one before', async () => {
      const [botId, other] = [randomId('st'), randomId('st')];
      const write = (bot: string, index: number) =>
        store().upsertPeople({ people: [personOf(bot, `p${index}@abc.com`, {})], audit: entryOf(bot, `${index}`) });
      await Promise.all(Array.from({ length: 25 }, (_, index) => [write(botId, index), write(other, index)]).flat());
      const chain = await chainOf(botId);
      let head: AuditHead = NO_HEAD;
      for (const record of chain) {
        assert.equal(findBreak(record, head), null);
        head = record;
      }
      assert.equal(chain.length, 25);
      assert.deepEqual(await store().findAuditHead({ botId }), { seq: 25, hash: head.hash });
      assert.deepEqual(await store().findAuditHead({ botId: randomId('st') }), NO_HEAD);
    });

    it('keeps nothing of what failed', async () => {
      const botId = randomId('st');
      const broken = { ...personOf(botId, 'ann@abc.com', {}), tags: undefined as unknown as string[] };
      await assert.rejects(store().upsertPeople({ people: [broken], audit: entryOf(botId, 'import') }));
      assert.deepEqual(await chainOf(botId), []);
    });

    it('is read in pages, from either end', async () => {
      const botId = randomId('st');
      for (let index = 1; index <= 5; index += 1)
        await store().upsertPeople({ people: [personOf(botId, 'a@b.c', {})], audit: entryOf(botId, `${index}`) });
      const seqs = async (newestFirst: boolean, from: number) =>
        (await store().listAudit({ botId, newestFirst, from, limit: 2 })).map(({ seq }) => seq);
      assert.deepEqual(await seqs(true, Number.MAX_SAFE_INTEGER), [5, 4]);
      assert.deepEqual(await seqs(true, 3), [3, 2]);
      assert.deepEqual(await seqs(false, 4), [4, 5]);
    });
  });
}
