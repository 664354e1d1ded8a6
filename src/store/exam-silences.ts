import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectionId, randomId } from '../model/ids.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about who is not written to. */
export function examineSilences(store: () => Store): void {
  describe('silences', () => {
    const botId = randomId('st');
    const teams = connectionId(botId, 'msteams', null);

    it('keeps silence by the newest word, on one connection of one bot', async () => {
      const mail = connectionId(botId, 'email', null);
      const say = (reason: 'opted_out' | 'address_dead' | null, at: number, identity = 'Ann@abc.com') =>
        store().silence({ botId, connectionId: mail, entries: [{ identity, reason, detail: null, at }] });
      const silenced = async (bot = botId, connection = mail) =>
        store().listSilenced({ botId: bot, connectionId: connection, identities: ['ann@abc.com', 'bob@abc.com'] });
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
      const [first] = await store().listSilences(page);
      assert.deepEqual(first, { identity: 'ann@abc.com', reason: 'address_dead', detail: null, at: 30 });
      assert.deepEqual(
        (await store().listSilences({ ...page, afterIdentity: 'ann@abc.com', limit: 5 })).map(
          (entry) => entry.identity,
        ),
        ['bob@abc.com'],
      );
    });

    it('lifts a word that is dated in the future, once; what was said before stays lifted', async () => {
      const sms = connectionId(botId, 'sms', null);
      const of = { botId, connectionId: sms };
      const stop = (at: number) =>
        store().silence({
          ...of,
          entries: [{ identity: '15550001300', reason: 'opted_out', detail: 'STOP', at }],
        });
      const lift = (at: number, identity = '15550001300') => store().liftSilence({ ...of, identity, at });
      const isSilenced = async () => (await store().listSilenced({ ...of, identities: ['15550001300'] })).size > 0;
      assert.equal(await lift(10), false);
      await stop(100);
      assert.equal(await lift(40, '15550001301'), false);
      assert.equal(await lift(40), true);
      assert.equal(await isSilenced(), false);
      assert.equal(await lift(50), false);
      await stop(99);
      assert.equal(await isSilenced(), false);
      await stop(101);
      assert.equal(await isSilenced(), true);
      assert.equal(await lift(200), true);
      await stop(199);
      assert.equal(await isSilenced(), false);
    });
  });
}
