import assert from 'node:assert/strict';
import fc from 'fast-check';
import { personId } from '../../src/model/ids.ts';
import { canUseTemplate, emailOf, NEWS, PEOPLE, TEMPLATE } from './command-sends.ts';
import type { Expected, ExpectedPerson } from './expected.ts';
import { BIRDS, type Bird } from './post-office.ts';
import { ask, letTryAgain, mayChange, type Real, refused, Step } from './step.ts';

const everybody = fc.nat(PEOPLE - 1);

const imports = fc.record({ who: everybody, locale: fc.constantFrom(null, 'en', 'de'), hasOwl: fc.boolean() }).map(
  ({ who, locale, hasOwl }) =>
    new Step(
      `import ${who}, who speaks ${locale}${hasOwl ? ' and has an owl' : ''}`,
      // An address is never forgotten by an import that does not name it.
      (expected) => mayChange(expected) && (hasOwl || expected.people.get(emailOf(who))?.hasOwl !== true),
      async (expected, real) => {
        await importOne(expected.people, real, emailOf(who), { locale, hasOwl });
        await letTryAgain(expected, real);
      },
    ),
);

async function importOne(
  people: Expected['people'],
  real: Real,
  email: string,
  { locale, hasOwl }: ExpectedPerson,
): Promise<void> {
  const addresses = hasOwl ? [{ channel: 'owl', channelId: `owl of ${email}` }] : [];
  const lines = new Blob([`${JSON.stringify({ email, locale, addresses })}\n`]).stream();
  const { botId } = real;
  await ask(real, (client) => client.importPeople({ botId, people: lines, mediaType: 'application/x-ndjson' }));
  const declines = people.get(email)?.declines;
  people.set(email, { locale, hasOwl, ...(declines !== undefined && { declines }) });
}

/** Known from the beginning: one with an owl and one without. */
export async function importFirst({ people }: Expected, real: Real): Promise<void> {
  await importOne(people, real, emailOf(0), { locale: 'de', hasOwl: true });
  await importOne(people, real, emailOf(1), { locale: null, hasOwl: false });
}

const preferences = fc
  .record({ who: everybody, over: fc.constantFrom<(Bird | null | undefined)[]>(undefined, null, null, ...BIRDS) })
  .map(
    ({ who, over }) =>
      new Step(
        `decline by ${who}: ${over === undefined ? 'nothing' : `news over ${over}`}`,
        mayChange,
        async (expected, real) => {
          const key = { botId: real.botId, personId: personId(real.botId, emailOf(who)) };
          const optOuts = over === undefined ? [] : [{ category: NEWS, channel: over }];
          const person = expected.people.get(emailOf(who));
          const put = (client: typeof real.world.client) => client.preferences.put({ ...key, optOuts });
          if (person === undefined) return refused(real, 'not_found', put);
          assert.deepEqual(await ask(real, put), { optOuts });
          assert.deepEqual(await ask(real, (client) => client.preferences.get(key)), { optOuts });
          if (over === undefined) delete person.declines;
          else person.declines = over;
          await letTryAgain(expected, real);
        },
      ),
  );

const templates = fc.constantFrom('Hello', 'Good day').map(
  (en) =>
    new Step(
      `template says ${en}`,
      () => true,
      async (expected, real) => {
        const definition = {
          variants: {
            en: { message: { type: 'text', val: en } },
            de: { message: { type: 'text', val: `${en} auf Deutsch` } },
          },
          default: 'en',
        } as const;
        const put = { botId: real.botId, name: TEMPLATE, definition };
        const { version, archivedAt } = await ask(real, (client) => client.templates.put(put));
        if (expected.versions.at(-1)?.en !== en) expected.versions.push({ en, de: `${en} auf Deutsch` });
        expected.isArchived = false;
        assert.deepEqual([version, archivedAt], [expected.versions.length, null]);
      },
    ),
);

const archives = fc.constant(
  new Step('archive the template', canUseTemplate, async (expected, real) => {
    await ask(real, (client) => client.templates.archive({ botId: real.botId, name: TEMPLATE }));
    expected.isArchived = true;
  }),
);

export const people = [imports, imports, preferences, preferences, preferences, templates, templates, archives];
