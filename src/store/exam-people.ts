import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectionId, randomId } from '../model/ids.ts';
import { personOf } from './exam-samples.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about people and the identities they are found by. */
export function examinePeople(store: () => Store): void {
  describe('people', () => {
    const botId = randomId('st');
    const teams = connectionId(botId, 'msteams', null);
    const john = personOf(botId, 'John@ABC.com', { phone: '+49 170 1234567', upn: 'j.doe@corp.example' });

    it('keeps a person whole and finds it by any identity, case ignored in e-mails', async () => {
      await store().upsertPeople({ people: [john] });
      assert.deepEqual(await store().findPerson({ botId, personId: john.id }), john);
      const found = await store().resolve({
        botId,
        connectionId: teams,
        identities: ['john@abc.com', '491701234567', 'nobody@abc.com'],
      });
      const known = {
        personId: john.id,
        address: { channelId: '29:john', reference: { conversationId: 'a:1' } },
        workedAt: null,
      };
      assert.deepEqual(
        found,
        new Map([
          ['john@abc.com', known],
          ['491701234567', known],
        ]),
      );
    });

    it('knows the person where only the address is missing', async () => {
      const found = await store().resolve({
        botId,
        connectionId: connectionId(botId, 'slack', null),
        identities: ['john@abc.com'],
      });
      assert.deepEqual(found.get('john@abc.com'), { personId: john.id, address: null, workedAt: null });
    });

    it('shows nothing of another bot', async () => {
      const stranger = randomId('st');
      assert.equal(
        (await store().resolve({ botId: stranger, connectionId: teams, identities: ['john@abc.com'] })).size,
        0,
      );
      assert.equal(await store().findPerson({ botId: stranger, personId: john.id }), null);
      assert.deepEqual(await store().listPeople({ botId: stranger, afterId: '', limit: 10 }), []);
      assert.equal(await store().deletePerson({ botId: stranger, personId: john.id }), false);
    });

    it('replaces a person on the next import, identities that are gone included, even twice in one call', async () => {
      const renamed = { ...john, upn: 'new@corp.example', name: 'John D.' };
      await store().upsertPeople({ people: [john, renamed] });
      assert.deepEqual(await store().findPerson({ botId, personId: john.id }), renamed);
      const found = await store().resolve({
        botId,
        connectionId: teams,
        identities: ['j.doe@corp.example', 'new@corp.example'],
      });
      assert.deepEqual([...found.keys()], ['new@corp.example']);
    });

    it('moves an identity to whoever was imported with it last', async () => {
      const jane = personOf(botId, 'jane@abc.com', { phone: '+49 170 1234567' });
      await store().upsertPeople({ people: [jane] });
      const found = await store().resolve({ botId, connectionId: teams, identities: ['491701234567'] });
      assert.equal(found.get('491701234567')?.personId, jane.id);
    });

    it('finds many people by id at once, each with their addresses, and nobody of another bot', async () => {
      const crowd = randomId('st');
      const people = [0, 1, 2].map((index) => personOf(crowd, `p${index}@abc.com`, {}));
      const elsewhere = personOf(botId, 'elsewhere@abc.com', {});
      await store().upsertPeople({ people: [...people, elsewhere] });
      const personIds = [...people.slice(1).map((person) => person.id), elsewhere.id, randomId('u')];
      const found = await store().findPeople({ botId: crowd, personIds });
      assert.deepEqual(
        new Map(found.map((person) => [person.id, person])),
        new Map(people.slice(1).map((person) => [person.id, person])),
      );
      assert.deepEqual(await store().findPeople({ botId: crowd, personIds: [] }), []);
    });

    it('pages people by id', async () => {
      const crowd = randomId('st');
      const people = Array.from({ length: 5 }, (_, index) => personOf(crowd, `p${index}@abc.com`, {}));
      await store().upsertPeople({ people });
      const ids = people.map((person) => person.id).sort();
      const first = await store().listPeople({ botId: crowd, afterId: '', limit: 3 });
      const rest = await store().listPeople({ botId: crowd, afterId: first.at(-1)?.id ?? '', limit: 3 });
      assert.deepEqual(
        [...first, ...rest].map((person) => person.id),
        ids,
      );
    });

    it('deletes a person with identities and addresses', async () => {
      assert.equal(await store().deletePerson({ botId, personId: john.id }), true);
      assert.equal(await store().findPerson({ botId, personId: john.id }), null);
      assert.equal((await store().resolve({ botId, connectionId: teams, identities: ['john@abc.com'] })).size, 0);
    });
  });
}
