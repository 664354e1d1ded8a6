import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomId } from '../model/ids.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about what people do not want to be told. */
export function examinePreferences(store: () => Store): void {
  describe('preferences', () => {
    it('keeps who wants nothing of a category, over one channel or any, by bot', async () => {
      const [botId, ann, bo] = [randomId('st'), randomId('u'), randomId('u')];
      const set = (personId: string, optOuts: { category: string; channel: string | null }[]) =>
        store().setPreferences({ botId, personId, optOuts, at: 5 });
      const out = async (category: string, channel: string, bot = botId) =>
        (await store().listOptedOut({ botId: bot, category, channel, personIds: [ann, bo] })).toSorted();
      await set(ann, [
        { category: 'news', channel: null },
        { category: 'news', channel: 'sms' },
        { category: 'alerts', channel: 'sms' },
      ]);
      await set(bo, [{ category: 'news', channel: 'slack' }]);
      assert.deepEqual(await out('news', 'sms'), [ann]);
      assert.deepEqual(await out('news', 'slack'), [ann, bo].toSorted());
      assert.deepEqual(await out('alerts', 'slack'), []);
      assert.deepEqual(await out('alerts', 'sms'), [ann]);
      assert.deepEqual(await out('news', 'sms', randomId('st')), []);
      assert.deepEqual(await store().listPreferences({ botId, personId: ann }), [
        { category: 'alerts', channel: 'sms' },
        { category: 'news', channel: null },
        { category: 'news', channel: 'sms' },
      ]);
      await set(ann, [{ category: 'alerts', channel: 'sms' }]);
      assert.deepEqual(await out('news', 'sms'), []);
      assert.deepEqual(await out('alerts', 'sms'), [ann]);
      await set(ann, []);
      assert.deepEqual(await store().listPreferences({ botId, personId: ann }), []);
    });
  });
}
