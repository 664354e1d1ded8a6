import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { personId, randomId } from '../model/ids.ts';
import { personOf } from './exam-samples.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about what people do not want to be told. */
export function examinePreferences(store: () => Store): void {
  describe('preferences', () => {
    it('takes that somebody declines a category, by whichever name is known, beside what they said before', async () => {
      const botId = randomId('st');
      const ann = personOf(botId, 'ann@abc.com', { id: randomId('u') });
      await store().upsertPeople({ people: [ann] });
      await store().setPreferences({
        botId,
        personId: ann.id,
        optOuts: [{ category: 'alerts', channel: null }],
        at: 1,
      });
      const decline = (...identities: readonly [string, ...string[]]) =>
        store().decline({ botId, channel: 'email', category: 'news', identities, at: 2 });
      await decline('unknown@abc.com', 'ANN@abc.com');
      await decline('ann@abc.com');
      assert.deepEqual(await store().listPreferences({ botId, personId: ann.id }), [
        { category: 'alerts', channel: null },
        { category: 'news', channel: 'email' },
      ]);
      await decline('Stranger@abc.com');
      const personIds = [personId(botId, 'stranger@abc.com'), personId(botId, 'unknown@abc.com')];
      const asked = { botId, category: 'news', channel: 'email', personIds };
      assert.deepEqual(await store().listOptedOut(asked), [personIds[0]]);
    });

    it('lets a category through again over the channel it was declined over, unless that was later', async () => {
      const botId = randomId('st');
      const ann = personOf(botId, 'ann@abc.com', { id: randomId('u') });
      await store().upsertPeople({ people: [ann] });
      const kept = () => store().listPreferences({ botId, personId: ann.id });
      const say = (verb: 'decline' | 'takeBackDecline', channel: string, at: number, saidAt?: number) =>
        store()[verb]({ botId, channel, category: 'news', identities: ['Ann@abc.com'], at, ...(saidAt && { saidAt }) });
      await store().setPreferences({
        botId,
        personId: ann.id,
        optOuts: [{ category: 'news', channel: null }],
        at: 1,
      });
      await say('decline', 'sms', 3);
      await say('decline', 'sms', 5);
      await say('decline', 'email', 5);
      await say('takeBackDecline', 'sms', 4, 4);
      assert.equal((await kept()).length, 3);
      await say('takeBackDecline', 'sms', 6, 6);
      await say('takeBackDecline', 'sms', 6, 6);
      assert.deepEqual(await kept(), [
        { category: 'news', channel: null },
        { category: 'news', channel: 'email' },
      ]);
      await say('takeBackDecline', 'email', 4);
      assert.equal((await kept()).length, 1, 'our clock was set back');
    });

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
