import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { connectionId, randomId } from '../model/ids.ts';
import { personOf } from './exam-samples.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about where people are reached, and how that is learnt and forgotten. */
export function examineAddresses(store: () => Store): void {
  describe('addresses', () => {
    const botId = randomId('st');
    const teams = connectionId(botId, 'msteams', null);
    const john = personOf(botId, 'John@ABC.com', { phone: '+49 170 1234567', upn: 'j.doe@corp.example' });
    before(() => store().upsertPeople({ people: [john] }));

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
      await store().saveAddresses({
        addresses: [
          learned('JOHN@abc.com', 'D\u001f1\u001f'),
          learned('new@abc.com', 'D2'),
          learned('New@abc.com', 'D3'),
        ],
      });
      const found = await store().resolve({ botId, connectionId: slack, identities: ['john@abc.com', 'new@abc.com'] });
      assert.deepEqual(found.get('john@abc.com'), {
        personId: john.id,
        address: { channelId: 'D\u001f1\u001f', reference: null },
        workedAt: null,
      });
      assert.equal(found.get('new@abc.com')?.address?.channelId, 'D3');
      const stranger = found.get('new@abc.com');
      assert.ok(stranger);
      assert.equal((await store().findPerson({ botId, personId: stranger.personId }))?.addresses[0]?.source, 'lookup');
    });

    it('answers where somebody lives and what they speak, if asked', async () => {
      const connectionId = randomId('dc');
      const silent = personOf(botId, 'silent@abc.com', { locale: null, timeZone: null, identities: [], addresses: [] });
      const halved = { ...silent, id: randomId('u'), email: 'halved@abc.com', locale: 'de-AT' };
      await store().upsertPeople({ people: [silent, halved] });
      const identities = ['john@abc.com', 'silent@abc.com', 'halved@abc.com', 'nobody@abc.com'];
      const found = await store().resolve({ botId, connectionId, identities, about: true });
      assert.deepEqual(
        new Map([...found].map(([identity, { about }]) => [identity, about])),
        new Map([
          ['john@abc.com', { locale: 'en', timeZone: 'Asia/Kolkata' }],
          ['silent@abc.com', { locale: null, timeZone: null }],
          ['halved@abc.com', { locale: 'de-AT', timeZone: null }],
        ]),
      );
      const unasked = await store().resolve({ botId, connectionId: teams, identities });
      assert.equal(unasked.get('john@abc.com')?.address?.channelId, '29:john');
      assert.ok(unasked.values().every((one) => !('about' in one)));
    });

    it('forgets an address only if it is still that one', async () => {
      const forget = (channelId: string) =>
        store().forgetAddresses({ addresses: [{ botId, connectionId: teams, personId: john.id, channelId }] });
      const address = async () =>
        (await store().findPerson({ botId, personId: john.id }))?.addresses.find(
          (entry) => entry.connectionId === teams,
        );
      await forget('29:older');
      assert.equal((await address())?.channelId, '29:john');
      await forget('29:john');
      assert.equal(await address(), undefined);
    });

    it('takes a name nobody has as one more of the person who has another of them', async () => {
      const learned = { ...inbound(teams, ['new-name@abc.com', 'JOHN@abc.com', 'aad-john'], '29:j2'), at: 50 };
      await store().saveAddresses({ addresses: [learned] });
      const found = await store().resolve({ botId, connectionId: teams, identities: ['aad-john', 'new-name@abc.com'] });
      for (const name of ['aad-john', 'new-name@abc.com']) {
        assert.equal(found.get(name)?.personId, john.id);
        assert.equal(found.get(name)?.address?.channelId, '29:j2');
      }
    });

    it('never takes a name from whoever has it, and keeps what was learnt last', async () => {
      const jane = inbound(teams, ['unheard@abc.com', 'john@abc.com'], '29:jane');
      await store().saveAddresses({ addresses: [{ ...jane, at: 60 }] });
      await store().saveAddresses({
        addresses: [inbound(teams, ['john@abc.com'], '29:late')].map((late) => ({ ...late, at: 40 })),
      });
      const found = await store().resolve({
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
        (await store().resolve({ botId, connectionId: teams, identities: ['john@abc.com'] })).get('john@abc.com')
          ?.workedAt;
      assert.equal(await workedAt(), null);
      await store().markWorked({ addresses, at: 70 });
      assert.equal(await workedAt(), 70);
      await store().saveAddresses({ addresses: [{ ...inbound(teams, ['john@abc.com'], '29:jane'), at: 80 }] });
      assert.equal(await workedAt(), 70);
      const person = await store().findPerson({ botId, personId: john.id });
      assert.equal(person?.addresses.find((entry) => entry.connectionId === teams)?.workedAt, 70);
      await store().saveAddresses({ addresses: [{ ...inbound(teams, ['john@abc.com'], '29:moved'), at: 90 }] });
      assert.equal(await workedAt(), null);
    });

    it('drops the addresses of somebody who left, but none that was learnt since', async () => {
      const left = { botId, connectionId: teams, identities: ['AAD-john', 'aad-john'] };
      const address = async () =>
        (await store().resolve({ botId, connectionId: teams, identities: ['john@abc.com'] })).get('john@abc.com')
          ?.address;
      await store().dropAddresses({ ...left, until: 89 });
      assert.equal((await address())?.channelId, '29:moved');
      await store().dropAddresses({ ...left, botId: randomId('st'), until: 100 });
      assert.equal((await address())?.channelId, '29:moved');
      await store().dropAddresses({ ...left, until: 90 });
      assert.equal(await address(), null);
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
  });
}
