import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomId } from '../model/ids.ts';
import type { PutTemplate } from './port/templates.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about what is said again and again. */
export function examineTemplates(store: () => Store): void {
  describe('templates', () => {
    const put = (botId: string, name: string, definition: string, more: Partial<PutTemplate> = {}) =>
      store().putTemplate({ botId, name, definition, createdBy: 'u-1', at: 10, expected: null, ...more });
    const find = (botId: string, name: string, version: number | null = null) =>
      store().findTemplate({ botId, name, version });

    it('makes a version of each change, and none of what says the same', async () => {
      const botId = randomId('st');
      assert.equal(await find(botId, 'welcome'), null);
      assert.deepEqual(await put(botId, 'welcome', '{"a":1}'), { kind: 'new', version: 1 });
      assert.deepEqual(await put(botId, 'welcome', '{"a":1}', { at: 11 }), { kind: 'same', version: 1 });
      assert.deepEqual(await put(botId, 'welcome', '{"a":2}', { at: 12, createdBy: 'u-2' }), {
        kind: 'new',
        version: 2,
      });
      // What an older one said is a change again.
      assert.deepEqual(await put(botId, 'welcome', '{"a":1}', { at: 13 }), { kind: 'new', version: 3 });
      const second = { name: 'welcome', version: 2, createdBy: 'u-2', createdAt: 12, latest: 3, archivedAt: null };
      assert.deepEqual(await find(botId, 'welcome', 2), { ...second, definition: '{"a":2}' });
      assert.deepEqual((await find(botId, 'welcome'))?.version, 3);
      assert.equal(await find(botId, 'welcome', 4), null);
      assert.equal(await find(randomId('st'), 'welcome'), null);
      const versions = (before: number, limit: number) =>
        store().listTemplateVersions({ botId, name: 'welcome', before, limit });
      assert.deepEqual(
        (await versions(4, 2)).map(({ version, createdAt }) => [version, createdAt]),
        [
          [3, 13],
          [2, 12],
        ],
      );
      assert.deepEqual(await versions(2, 9), [{ name: 'welcome', version: 1, createdBy: 'u-1', createdAt: 10 }]);
    });

    it('changes nothing where another version was expected', async () => {
      const botId = randomId('st');
      assert.deepEqual(await put(botId, 'w', '1', { expected: 1 }), { kind: 'conflict', version: 0 });
      assert.equal((await put(botId, 'w', '1', { expected: 0 })).kind, 'new');
      assert.deepEqual(await put(botId, 'w', '2', { expected: 0 }), { kind: 'conflict', version: 1 });
      assert.deepEqual(await put(botId, 'w', '2', { expected: 1 }), { kind: 'new', version: 2 });
      assert.deepEqual(await put(botId, 'w', '3', { expected: 1 }), { kind: 'conflict', version: 2 });
      assert.equal((await find(botId, 'w'))?.definition, '2');
    });

    it('gives each of many at the same moment a version of its own', async () => {
      const botId = randomId('st');
      const made = await Promise.all(Array.from({ length: 8 }, (_, i) => put(botId, 'busy', `{"i":${i}}`)));
      assert.deepEqual(
        made.map(({ version }) => version).toSorted((a, b) => a - b),
        [1, 2, 3, 4, 5, 6, 7, 8],
      );
      for (const [i, { version }] of made.entries()) {
        assert.equal((await find(botId, 'busy', version))?.definition, `{"i":${i}}`);
      }
    });

    it('lists by name, and what is archived no more until it is put again', async () => {
      const botId = randomId('st');
      for (const name of ['b', 'a', 'C', 'd']) await put(botId, name, '1');
      await put(botId, 'a', '2', { at: 20 });
      const page = async (afterName: string, limit: number) =>
        (await store().listTemplates({ botId, afterName, limit })).map(({ name, version }) => `${name}${version}`);
      assert.deepEqual(await page('', 3), ['C1', 'a2', 'b1']);
      assert.deepEqual(await page('b', 3), ['d1']);
      const archive = (name: string, bot = botId) => store().archiveTemplate({ botId: bot, name, at: 30 });
      assert.equal(await archive('a', randomId('st')), false);
      assert.equal(await archive('a'), true);
      assert.equal(await archive('a'), false);
      assert.equal((await find(botId, 'a'))?.archivedAt, 30);
      assert.deepEqual(await page('', 9), ['C1', 'b1', 'd1']);
      assert.deepEqual(await put(botId, 'a', '3', { expected: 2 }), { kind: 'conflict', version: 0 });
      assert.deepEqual(await put(botId, 'a', '2', { expected: 0 }), { kind: 'revived', version: 2 });
      assert.deepEqual(await page('', 9), ['C1', 'a2', 'b1', 'd1']);
    });
  });
}
