import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectionId, randomId } from '../model/ids.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about who is not written to. */
export function examineSilences(store: () => Store): void {
  describe('silences', () => {
    const botId = randomId('st');
    const teams = connectionId(botId, 'msteams', null);

    it('keeps silence by the word that its provider dated last, on one connection of one bot', async () => {
      const mail = connectionId(botId, 'email', null);
      const say = (reason: 'opted_out' | 'address_dead' | null, at: number, identity = 'Ann@abc.com') =>
        store().silence({ botId, connectionId: mail, entries: [{ identity, reason, detail: null, at, saidAt: at }] });
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

    it('keeps silence by the word that came last where its provider dates none, whatever our clock says', async () => {
      const sms = connectionId(botId, 'sms', null);
      const of = { botId, connectionId: sms };
      const word = (reason: 'opted_out' | null, at: number) => ({ identity: '15550001200', reason, detail: null, at });
      const say = (...entries: readonly ReturnType<typeof word>[]) => store().silence({ ...of, entries });
      const isSilenced = async () => (await store().listSilenced({ ...of, identities: ['15550001200'] })).size > 0;
      await say(word(null, 100));
      await say(word('opted_out', 99));
      assert.equal(await isSilenced(), true, 'the clock was set back');
      await say(word(null, 99));
      assert.equal(await isSilenced(), false, 'within the same millisecond');
      await say(word('opted_out', 99));
      assert.equal(await isSilenced(), true, 'within the same millisecond');
      await say(word(null, 98));
      assert.equal(await isSilenced(), false);
      await say(word(null, 97), word('opted_out', 96));
      assert.equal(await isSilenced(), true, 'both at once');
      await say(word('opted_out', 95), word(null, 94));
      assert.equal(await isSilenced(), false, 'both at once');
    });

    it('goes by what came last between a word that its provider dated and one that it did not', async () => {
      const whatsapp = connectionId(botId, 'whatsapp', null);
      const of = { botId, connectionId: whatsapp };
      const say = (reason: 'opted_out' | null, at: number, saidAt?: number) =>
        store().silence({
          ...of,
          entries: [{ identity: '15550001400', reason, detail: null, at, ...(saidAt !== undefined && { saidAt }) }],
        });
      const isSilenced = async () => (await store().listSilenced({ ...of, identities: ['15550001400'] })).size > 0;
      await say(null, 50, 50);
      await say('opted_out', 10);
      assert.equal(await isSilenced(), true, 'our clock was behind');
      await say(null, 50, 50);
      assert.equal(await isSilenced(), true, 'told again');
      await say(null, 51, 51);
      assert.equal(await isSilenced(), false);
      await say(null, 900);
      await say('opted_out', 60, 60);
      assert.equal(await isSilenced(), true, 'our clock was ahead');
    });

    it('lifts whatever was told, once, whosever clock dated it; what is told again stays lifted', async () => {
      const whatsapp = connectionId(botId, 'whatsapp', null);
      const of = { botId, connectionId: whatsapp };
      const stop = (at: number) =>
        store().silence({
          ...of,
          entries: [{ identity: '15550001300', reason: 'opted_out', detail: 'STOP', at, saidAt: at }],
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
      await stop(100);
      assert.equal(await isSilenced(), false);
      await stop(101);
      assert.equal(await isSilenced(), true);
      assert.equal(await lift(200), true);
      await stop(101);
      assert.equal(await isSilenced(), false);
      await stop(199);
      assert.equal(await isSilenced(), true, 'nobody knew of it when it was lifted');
    });
  });
}
