import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditEntry } from '../model/audit.ts';
import { randomId } from '../model/ids.ts';
import { LOG_TIME } from './exam-samples.ts';
import type { Configured, ConfiguredKey } from './port/tenancy.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about what is configured over the API, and the keys that seal it. */
export function examineConfigured(store: () => Store): void {
  describe('configured over the API', () => {
    const audit = (botId: string, action: string): AuditEntry => ({
      botId,
      at: LOG_TIME,
      appId: 'cs-1',
      subject: 'ann',
      action,
      target: null,
      before: null,
      after: null,
      ip: null,
    });
    const row = (botId: string, kind: Configured['kind'], id: string, document = '{}'): Configured => ({
      botId,
      kind,
      id,
      document,
      sealed: null,
    });
    const save = (saved: Configured) => store().saveConfigured({ row: saved, audit: audit(saved.botId, 'save') });
    const remove = (key: ConfiguredKey) => store().removeConfigured({ key, audit: audit(key.botId, 'remove') });
    async function listAll(botId: string): Promise<Configured[]> {
      const found: Configured[] = [];
      for (let after: ConfiguredKey | null = null; ; ) {
        const page: Configured[] = await store().listConfigured({ after, limit: 2 });
        found.push(...page);
        after = page.at(-1) ?? null;
        if (page.length < 2) return found.filter((each) => each.botId === botId);
      }
    }

    it('is kept, changed and taken away, and every change moves the version and is audited with digests', async () => {
      const botId = randomId('st');
      const version = () => store().configuredVersion();
      const versions = [await version()];
      const note = async <T>(answer: Promise<T>): Promise<T> => {
        const result = await answer;
        versions.push(await version());
        return result;
      };
      assert.equal(await note(save(row(botId, 'bot', botId, '{"name":"A"}'))), 'created');
      assert.equal(await note(save(row(botId, 'bot', botId, '{"name":"A"}'))), 'same');
      const changed = { ...row(botId, 'bot', botId, '{"name":"B"}'), sealed: 'v1.1.x' };
      assert.equal(await note(save(changed)), 'changed');
      assert.deepEqual(await listAll(botId), [changed]);
      assert.equal(await note(remove(changed)), true);
      assert.equal(await note(remove(changed)), false);
      assert.deepEqual(await listAll(botId), []);
      const [first = 0] = versions;
      assert.deepEqual(
        versions.map((each) => each - first),
        [0, 1, 1, 2, 3, 3],
      );
      const chain = await store().listAudit({ botId, newestFirst: false, from: 1, limit: 10 });
      const [created, edited, removed] = chain;
      assert.deepEqual(
        chain.map(({ action }) => action),
        ['save', 'save', 'remove'],
      );
      assert.equal(created?.before, null);
      assert.match(created?.after ?? '', /^[0-9a-f]{64}$/);
      assert.equal(edited?.before, created?.after);
      assert.notEqual(edited?.after, edited?.before);
      assert.deepEqual([removed?.before, removed?.after], [edited?.after, null]);
    });

    it('goes with its bot, and with no other', async () => {
      const [botId, other] = [randomId('st'), randomId('st')];
      for (const bot of [botId, other]) {
        await save(row(bot, 'bot', bot));
        await save(row(bot, 'connection', 'dc-1'));
        await save(row(bot, 'connection', 'dc-2'));
      }
      assert.equal(await remove({ botId: other, kind: 'connection', id: 'dc-1' }), true);
      assert.equal(await remove({ botId, kind: 'bot', id: botId }), true);
      assert.deepEqual(await listAll(botId), []);
      assert.deepEqual(
        (await listAll(other)).map(({ kind, id }) => `${kind} ${id}`),
        [`bot ${other}`, 'connection dc-2'],
      );
    });

    it('counts what is changed at the same moment, each once', async () => {
      const botId = randomId('st');
      const before = await store().configuredVersion();
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => save(row(botId, 'connection', 'dc-1', `{"n":${index}}`))),
      );
      assert.equal(answers.filter((answer) => answer === 'created').length, 1);
      assert.equal((await store().configuredVersion()) - before, 10);
      const chain = await store().listAudit({ botId, newestFirst: false, from: 1, limit: 20 });
      assert.deepEqual(
        chain.slice(1).map((entry) => entry.before),
        chain.slice(0, -1).map((entry) => entry.after),
      );
    });

    it('keeps the data key of whoever was first, and wraps it anew only from where it was', async () => {
      const botId = randomId('st');
      const keep = (wrapped: string) => store().keepDataKey({ botId, version: 1, master: 'm1', wrapped });
      const kept = await Promise.all(['a', 'b', 'c'].map(keep));
      const [first] = kept;
      assert.ok(first);
      assert.deepEqual(new Set(kept.map(({ wrapped }) => wrapped)), new Set([first.wrapped]));
      await store().keepDataKey({ botId, version: 2, master: 'm1', wrapped: 'd' });
      assert.equal((await store().findDataKey({ botId, version: null }))?.wrapped, 'd');
      assert.deepEqual(await store().findDataKey({ botId, version: 1 }), first);
      assert.equal(await store().findDataKey({ botId, version: 3 }), null);
      assert.equal(await store().findDataKey({ botId: randomId('st'), version: null }), null);
      const to = { botId, version: 1, master: 'm2', wrapped: 'e' };
      assert.equal(await store().rewrapDataKey({ from: 'm0', to }), false);
      assert.equal(await store().rewrapDataKey({ from: 'm1', to }), true);
      assert.equal(await store().rewrapDataKey({ from: 'm1', to }), false);
      assert.deepEqual(await store().findDataKey({ botId, version: 1 }), to);
      const page = await store().listDataKeys({ after: { botId, version: 1 }, limit: 1 });
      assert.deepEqual(page, [{ botId, version: 2, master: 'm1', wrapped: 'd' }]);
    });
  });
}
