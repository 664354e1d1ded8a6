import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomId } from '../model/ids.ts';
import { personOf } from './exam-samples.ts';
import type { PeopleSearch } from './port/directory.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about finding people by how a name or an identity begins. */
export function examineSearch(store: () => Store): void {
  describe('search', () => {
    const botId = randomId('st');
    const person = (email: string, name: string | null, phone: string | null = null) =>
      personOf(botId, email, { name, phone, identities: [] });

    /** The e-mails, page by page. */
    async function search(prefix: string, { limit = 100, bot = botId } = {}): Promise<(string | null)[]> {
      const found = [];
      let after: PeopleSearch['after'] = null;
      do {
        const page = await store().searchPeople({ botId: bot, prefix, after, limit });
        assert.ok(page.people.length <= limit);
        found.push(...page.people.map(({ email }) => email));
        after = page.next;
      } while (after !== null);
      return found;
    }

    it('finds by name first, then by identity, and nobody twice', async () => {
      const people = [
        person('joan@abc.com', 'Joan Baker'),
        person('zoe@abc.com', 'joAnna Vance'),
        person('joachim@abc.com', 'Achim Jo'),
        person('Jo@ABC.com', null, '+49 170 1234567'),
        person('emile@abc.com', 'Émile Zola'),
        person('per.cent@abc.com', '100% Joy_'),
      ];
      await store().upsertPeople({ people });
      for (const prefix of ['jo', 'Jo', 'JO'])
        assert.deepEqual(
          await search(prefix),
          ['joan@abc.com', 'zoe@abc.com', 'Jo@ABC.com', 'joachim@abc.com'],
          prefix,
        );
      assert.deepEqual(await search('joan b'), ['joan@abc.com']);
      assert.deepEqual(await search('joan@'), ['joan@abc.com']);
      for (const prefix of ['+49 170', '49170', '49 (170) 12']) assert.deepEqual(await search(prefix), ['Jo@ABC.com']);
      for (const prefix of ['émi', 'Émi']) assert.deepEqual(await search(prefix), ['emile@abc.com']);
      assert.deepEqual(await search('100%'), ['per.cent@abc.com']);
      for (const prefix of ['%', '_', 'x', 'oan']) assert.deepEqual(await search(prefix), []);
      assert.deepEqual(await search('jo', { bot: randomId('st') }), []);
    });

    it('goes through any number in pages, those of one name included', async () => {
      const people = Array.from({ length: 25 }, (_, i) => person(`kim${i}@abc.com`, i < 12 ? 'Kim' : null));
      await store().upsertPeople({ people });
      const all = await search('kim');
      assert.equal(new Set(all).size, 25);
      for (const limit of [1, 4, 12, 25]) assert.deepEqual(await search('kim', { limit }), all, String(limit));
    });
  });
}
