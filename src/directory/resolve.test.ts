import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '../model/clock.ts';
import { connectionId, personId, randomId } from '../model/ids.ts';
import type { Person } from '../model/person.ts';
import { openStore } from '../store/open.ts';
import type { ResolvePeople } from '../store/port/directory.ts';
import type { Store } from '../store/port.ts';
import { resolveRecipients } from './resolve.ts';

const botId = randomId('st');
const teams = connectionId(botId, 'msteams', null);
const ann = {
  ...person({ email: 'Ann@Example.com', phone: '+49 151 234567', identities: ['E-17'] }, 'teams-ann'),
  locale: 'hi-IN',
  timeZone: 'Asia/Kolkata',
};
const bob = person({ email: 'bob@example.com', phone: null, identities: [] }, null);

let store: Store;
let queries: ResolvePeople[] = [];
const countingStore = {
  resolve(request: ResolvePeople) {
    queries.push(request);
    return store.resolve(request);
  },
};

before(async () => {
  store = await openStore('sqlite::memory:', { clock: systemClock });
  await store.upsertPeople({ people: [ann, bob] });
});
after(() => store.close());

const annsAddress = { channelId: 'teams-ann', reference: { serviceUrl: 'https://smba' } };
const asAddress = (identity: string) => ({ channelId: identity, reference: null });
const cases: readonly {
  readonly title: string;
  readonly identity: string;
  readonly addressing?: 'identity';
  readonly resolve?: false;
  readonly expected: { readonly personId: string; readonly address: unknown };
}[] = [
  {
    title: 'e-mail in another case',
    identity: 'ANN@example.COM',
    expected: { personId: ann.id, address: annsAddress },
  },
  { title: 'phone without separators', identity: '49151234567', expected: { personId: ann.id, address: annsAddress } },
  { title: 'other identity', identity: 'E-17', expected: { personId: ann.id, address: annsAddress } },
  {
    title: 'other identities keep their case',
    identity: 'e-17',
    expected: { personId: derived('e-17'), address: null },
  },
  { title: 'known without address', identity: 'bob@example.com', expected: { personId: bob.id, address: null } },
  { title: 'unknown', identity: 'Eve@x.org', expected: { personId: derived('eve@x.org'), address: null } },
  {
    title: 'unknown where the identity is the address',
    identity: 'Eve@x.org',
    addressing: 'identity',
    expected: { personId: derived('eve@x.org'), address: asAddress('Eve@x.org') },
  },
  {
    title: 'an address in the directory goes before the identity',
    identity: 'ann@example.com',
    addressing: 'identity',
    expected: { personId: ann.id, address: annsAddress },
  },
  {
    title: 'channel ids are taken as they are',
    identity: 'ann@example.com',
    resolve: false,
    expected: { personId: derived('ann@example.com'), address: asAddress('ann@example.com') },
  },
];

for (const { title, identity, addressing = 'directory', resolve = true, expected } of cases) {
  test(`resolves: ${title}`, async () => {
    const found = await resolveRecipients({ ...request([identity]), addressing, resolve });
    assert.deepEqual(
      found.map(({ stored: _, ...place }) => place),
      [expected],
    );
  });
}

test('asks once for a thousand recipients, each identity once, and answers in their order', async () => {
  queries = [];
  const identities = Array.from({ length: 1_000 }, (_, i) => (i % 2 === 0 ? 'ann@example.com' : `nobody-${i}`));
  const found = await resolveRecipients(request(identities));
  assert.equal(queries.length, 1);
  assert.equal(queries[0]?.identities.length, 501);
  assert.deepEqual(
    found.map((entry) => entry.address?.channelId ?? null),
    identities.map((identity) => (identity === 'ann@example.com' ? 'teams-ann' : null)),
  );
});

test('tells an address of the directory from an identity that is one', async () => {
  const found = await resolveRecipients({ ...request(['ann@example.com', 'bob@example.com']), addressing: 'identity' });
  assert.deepEqual(
    found.map(({ stored }) => stored),
    [{ workedAt: null }, null],
  );
});

test('asks nothing when the identities are channel ids', async () => {
  queries = [];
  await resolveRecipients({ ...request(['29:1']), resolve: false });
  assert.equal(queries.length, 0);
});

test('answers what is known about somebody where it is asked for', async () => {
  const asked = { ...request(['ann@example.com', 'eve@x.org']), about: true };
  const [known, stranger] = await resolveRecipients(asked);
  assert.deepEqual(known?.about, { locale: 'hi-IN', timeZone: 'Asia/Kolkata' });
  assert.ok(stranger && !('about' in stranger));
  const [unasked] = await resolveRecipients({ ...asked, about: false });
  assert.ok(unasked && !('about' in unasked));
});

test("another bot's people are unknown", async () => {
  const otherBot = randomId('st');
  const [found] = await resolveRecipients({ ...request(['ann@example.com']), botId: otherBot });
  assert.deepEqual(found, { personId: personId(otherBot, 'ann@example.com'), address: null, stored: null });
});

function request(identities: readonly string[]) {
  return {
    store: countingStore,
    botId,
    connectionId: teams,
    addressing: 'directory' as const,
    resolve: true,
    recipients: identities.map((identity) => ({ identity })),
  };
}

function derived(key: string): string {
  return personId(botId, key);
}

function person(naming: Pick<Person, 'email' | 'phone' | 'identities'>, channelId: string | null): Person {
  const reference = { serviceUrl: 'https://smba' };
  const place = { connectionId: teams, channel: 'msteams', connectionName: null, source: 'import', at: 1 } as const;
  return {
    botId,
    id: randomId('u'),
    upn: null,
    name: null,
    locale: null,
    timeZone: null,
    tags: [],
    attributes: {},
    addresses: channelId === null ? [] : [{ ...place, channelId, reference }],
    ...naming,
  };
}
