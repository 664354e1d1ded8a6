import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { SignJWT } from 'jose';
import type { JsonObject } from '../../model/json.ts';
import type { News } from '../../model/news.ts';
import type { Forged } from '../../sandbox/bot-signer.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { openTestClock, openTestDesk, type TestClock } from '../test-desk.ts';
import { type Ear, openTestEar } from '../test-ear.ts';
import { msteams } from './msteams.ts';

const APP = '00000000-0000-0000-0000-000000000001';
const TENANT = '00000000-0000-0000-0000-0000000000aa';
const AAD = '11111111-2222-3333-4444-555555555555';
const MINUTE_MS = 60_000;

let sandbox: Sandbox;
let clock: TestClock;
before(async () => {
  clock = openTestClock();
  sandbox = await startSandbox({ limits: 'off', clock });
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

describe('What people do in Teams', () => {
  test('installing tells where they are, with their e-mail first, and they can be written to there', async () => {
    const ear = await open();
    knowJane();
    assert.deepEqual(
      (await sandbox.teams.happen({ kind: 'install', user: '29:jane' })).map((reply) => reply?.status),
      [200, 200],
    );
    const [first, second] = ear.news();
    assert.ok(first?.kind === 'seen' && ear.news().length === 2);
    assert.deepEqual(first, second);
    assert.deepEqual(first.identities, ['jane@example.com', 'j.doe@corp.example', '29:jane', AAD]);
    assert.equal(first.at, clock.now());
    assert.equal(first.address.channelId, '29:jane');
    const { conversationId = '', ...reference } = first.address.reference ?? {};
    assert.deepEqual(reference, { serviceUrl: sandbox.urls.teams, tenantId: TENANT, aadObjectId: AAD });

    const desk = openTestDesk({ channel: msteams, settings: settings(), address: first.address });
    assert.equal((await desk.send()).kind, 'accepted');
    assert.equal(sandbox.ledger.countOf('teams', '29:jane'), 1);
    assert.ok(desk.calls.at(-1)?.url.includes(encodeURIComponent(conversationId)), 'no conversation is made');
  });

  test('removing the app tells that they left', async () => {
    const ear = await open();
    knowJane();
    await sandbox.teams.happen({ kind: 'uninstall', user: '29:jane' });
    const left = { kind: 'left', identities: ['29:jane', AAD], at: clock.now() };
    assert.deepEqual(ear.news(), [left, left]);
  });

  for (const kind of ['message', 'reaction'] as const) {
    test(`a ${kind} refreshes where they are, and asks for their e-mail once a day`, async () => {
      const ear = await open();
      knowJane();
      for (let round = 0; round < 3; round++) await sandbox.teams.happen({ kind, user: AAD });
      assert.deepEqual(
        ear.news().map((news) => news.kind),
        ['seen', 'seen', 'seen'],
      );
      assert.equal(sandbox.stats().calls.teams?.['member']?.calls, 1);
    });
  }

  test('a read receipt is taken, and is no news', async () => {
    const ear = await open();
    const [reply] = await sandbox.teams.happen({ kind: 'read', user: '29:jane' });
    assert.equal(reply?.status, 200);
    assert.deepEqual(ear.news(), []);
  });

  test('the e-mail that cannot be had is done without', async () => {
    for (const fault of [
      { kind: 'status', status: 403 },
      { kind: 'status', status: 500 },
      { kind: 'reset' },
      { kind: 'garbage' },
      { kind: 'huge' },
    ] as const) {
      const ear = await open();
      knowJane();
      sandbox.faults.set([{ provider: 'teams', route: 'member', fault }]);
      await sandbox.teams.happen({ kind: 'message', user: '29:jane' });
      assert.deepEqual(identitiesOf(ear.news()[0]), ['29:jane', AAD], fault.kind);
    }
  });

  test('an e-mail that takes too long is done without', async () => {
    const ear = await open();
    sandbox.faults.set([{ provider: 'teams', route: 'member', fault: { kind: 'hang' } }]);
    const over = new AbortController();
    const hearing = ear.hear({ ...(await signed(message())), signal: over.signal });
    await sandbox.until(() => sandbox.stats().calls.teams?.['member']?.calls === 1);
    over.abort();
    assert.deepEqual(identitiesOf((await hearing).news[0]), ['29:jane', AAD]);
  });

  test('a guest’s UPN is nobody’s name', async () => {
    const ear = await open();
    const email = 'jane_partner.example#EXT#@corp.example';
    sandbox.people.change({
      teams: [{ match: '29:jane', aadObjectId: AAD, email, mail: 'jane@partner.example', state: 'installed' }],
    });
    await sandbox.teams.happen({ kind: 'message', user: '29:jane' });
    assert.deepEqual(identitiesOf(ear.news()[0]), ['jane@partner.example', '29:jane', AAD]);
  });
});

/** [activity besides the usual, what it tells] */
const ACTIVITIES: readonly (readonly [string, JsonObject, 'seen' | 'left' | null])[] = [
  ['a message', {}, 'seen'],
  ['a message that says twice whose it is', { from: { id: '29:jane', aadObjectId: 'not an id' } }, 'seen'],
  ['an invoke', { type: 'invoke', name: 'adaptiveCard/action' }, 'seen'],
  ['the bot added', { type: 'conversationUpdate', membersAdded: [{ id: `28:${APP}` }] }, 'seen'],
  ['the bot removed', { type: 'conversationUpdate', membersRemoved: [{ id: `28:${APP}` }] }, 'left'],
  [
    'a person deleted from the tenant',
    { type: 'conversationUpdate', from: {}, membersRemoved: [{ id: '29:jane' }] },
    'left',
  ],
  ['an installation', { type: 'installationUpdate', action: 'add' }, 'seen'],
  ['an upgrade', { type: 'installationUpdate', action: 'add-upgrade' }, 'seen'],
  ['a removal', { type: 'installationUpdate', action: 'remove' }, 'left'],
  ['a removal by upgrade', { type: 'installationUpdate', action: 'remove-upgrade' }, 'left'],
  ['a group', { conversation: { id: '19:x@thread.v2', conversationType: 'groupChat', tenantId: TENANT } }, null],
  ['a channel', { conversation: { id: '19:x@thread.tacv2', conversationType: 'channel', tenantId: TENANT } }, null],
  ['no kind of conversation but a personal id', { conversation: { id: 'a:1x', tenantId: TENANT } }, 'seen'],
  ['no kind of conversation', { conversation: { id: '19:x', tenantId: TENANT } }, null],
  ['nobody', { from: { id: `28:${APP}` } }, null],
  ['no conversation id', { conversation: { conversationType: 'personal', tenantId: TENANT } }, null],
  ['the tenant in the other place', { conversation: { id: 'a:1x' }, channelData: { tenant: { id: TENANT } } }, 'seen'],
  ['a kind nobody knows', { type: 'telepathy' }, null],
  ['nonsense where lists and objects belong', { membersAdded: { length: 9 }, from: [1], channelData: 'x' }, null],
];

describe('An activity', () => {
  for (const [name, change, told] of ACTIVITIES) {
    test(`of ${name} tells ${told ?? 'nothing'}`, async () => {
      const ear = await open();
      const { reply, news, refused } = await ear.hear(await signed(message(change)));
      assert.deepEqual([reply.status, refused], [200, undefined]);
      assert.equal(news[0]?.kind ?? null, told);
    });
  }

  test('never comes from the future, and need not say when it is', async () => {
    const ear = await open();
    for (const [timestamp, at] of [
      ['2099-01-01T00:00:00Z', clock.now()],
      ['2026-11-22T11:59:59.5Z', Date.UTC(2026, 10, 22, 11, 59, 59, 500)],
      ['yesterday', clock.now()],
      [7, clock.now()],
    ] as const) {
      const [news] = (await ear.hear(await signed(message({ timestamp })))).news;
      assert.equal(news?.kind === 'seen' && news.at, at);
    }
  });
});

/** [name, the activity besides the usual, the token besides the usual, status, what is said] */
const REFUSED: readonly (readonly [string, JsonObject, Forged, number, RegExp])[] = [
  ['of another issuer', {}, { claims: { iss: 'https://sts.windows.net/x/' } }, 401, /wrong iss/],
  ['without an issuer', {}, { claims: { iss: null } }, 401, /wrong iss/],
  ['for another bot', {}, { claims: { aud: '00000000-0000-0000-0000-000000000002' } }, 401, /wrong aud/],
  ['for nobody', {}, { claims: { aud: null } }, 401, /wrong aud/],
  ['that never ends', {}, { claims: { exp: null } }, 401, /wrong exp/],
  ['that has ended', {}, { claims: { exp: at(-301) } }, 401, /expired/],
  ['that has yet to begin', {}, { claims: { nbf: at(301) } }, 401, /wrong nbf/],
  ['without a serviceurl', {}, { claims: { serviceurl: null } }, 401, /no serviceurl/],
  [
    'with another serviceurl',
    {},
    { claims: { serviceurl: 'https://smba.trafficmanager.net/emea/' } },
    403,
    /serviceUrl is not/,
  ],
  ['of a key nobody published', {}, { kid: 'sandbox-bot-9' }, 401, /unknown key/],
  ['of a stranger’s key under a known name', {}, { kid: 'sandbox-bot-0' }, 401, /does not verify/],
  ['of a key that speaks for another channel', {}, { unendorsed: true }, 403, /not endorsed/],
  ['for a channel its key does not speak for', { channelId: 'webchat' }, {}, 403, /not endorsed/],
  ['from a connector that is none', { serviceUrl: 'https://evil.example/' }, {}, 403, /no host of the Bot Connector/],
  [
    'from another tenant',
    { conversation: { id: 'a:1x', tenantId: 'other' }, channelData: {} },
    {},
    403,
    /another tenant/,
  ],
  ['from no tenant', { conversation: { id: 'a:1x' }, channelData: {} }, {}, 403, /another tenant/],
];

describe('What is refused', () => {
  for (const [name, change, forged, status, said] of REFUSED) {
    test(`a request ${name}`, async () => {
      const ear = await open();
      const callback = await ear.hear(await signed(message(change), forged));
      assert.equal(callback.reply.status, status, callback.refused);
      assert.match(callback.refused ?? '', said);
      assert.deepEqual(callback.news, []);
      assert.equal(sandbox.stats().calls.teams?.['member'], undefined, 'nobody is asked for anything');
    });
  }

  test('tokens that nobody signed, or not so', async () => {
    const ear = await open();
    const activity = message();
    const good = await sandbox.teams.signer.sign(APP, sandbox.urls.teams);
    const [header = '', payload = '', signature = ''] = good.split('.');
    const write = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const kid = 'sandbox-bot-0';
    const { keys } = await sandbox.teams.signer.keys();
    const hmac = (secret: string) => {
      const signing = `${write({ alg: 'HS256', kid })}.${payload}`;
      return `${signing}.${createHmac('sha256', secret).update(signing).digest('base64url')}`;
    };
    const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const brought = await new SignJWT({ aud: APP })
      .setProtectedHeader({ alg: 'RS256', jwk: own.publicKey.export({ format: 'jwk' }) })
      .sign(own.privateKey);
    for (const authorization of [
      undefined,
      '',
      good,
      'Bearer',
      'Bearer a.b',
      'Bearer ..',
      `Bearer ${write({ alg: 'none', kid })}.${payload}.`,
      `Bearer ${write({ alg: 'none', kid })}.${payload}.${signature}`,
      `Bearer ${hmac(JSON.stringify(keys[0]))}`,
      `Bearer ${write({ alg: 'RS512', kid })}.${payload}.${signature}`,
      `Bearer ${write({ alg: 'RS256' })}.${payload}.${signature}`,
      `Bearer ${write({ alg: 'RS256', kid: ['x'] })}.${payload}.${signature}`,
      `Bearer ${write({ alg: 'RS256', kid, crit: ['x'] })}.${payload}.${signature}`,
      `Bearer ${brought}`,
      `Bearer ${header}.${write({ aud: APP })}.${signature}`,
      `Bearer ${header}.${payload}.${signature.slice(0, -4)}AAAA`,
      `Bearer ${good}, Bearer ${good}`,
      `Bearer ${'x'.repeat(5_000_000)}`,
      `Bearer ${header}.${'e'.repeat(5_000_000)}.${signature}`,
    ]) {
      const callback = await ear.hear({ headers: { authorization }, body: JSON.stringify(activity) });
      assert.equal(callback.reply.status, 401, authorization?.slice(0, 200));
      assert.ok(!callback.refused?.includes(signature));
      assert.deepEqual(callback.news, []);
    }
  });

  test('bodies that are no activity', async () => {
    const ear = await open();
    const { headers } = await signed(message());
    const deep = `{"type":"message","channelId":"msteams","serviceUrl":"x","value":${'['.repeat(50)}${']'.repeat(50)}}`;
    for (const body of ['', '[]', 'null', '{}', '{"type":1}', deep, Buffer.from([0xff, 0x7b])]) {
      const callback = await ear.hear({ headers, body });
      assert.equal(callback.reply.status, 400, String(body));
    }
  });

  test('anything but POSTs of events', async () => {
    const ear = await open();
    assert.equal((await ear.hear({ ...(await signed(message())), method: 'GET' })).reply.status, 405);
    assert.equal((await ear.hear({ ...(await signed(message())), kind: 'receipts' })).reply.status, 405);
  });

  test('every event of a connection whose tenant is not a GUID', async () => {
    const ear = await open({ tenantId: 'contoso.example' });
    const callback = await ear.hear(await signed(message()));
    assert.equal(callback.reply.status, 403);
    assert.match(callback.refused ?? '', /tenantId must be the GUID/);
  });
});

describe('What is let in', () => {
  for (const [name, forged] of [
    ['for api://botid-…', { claims: { aud: `api://botid-${APP}` } }],
    ['for api://…', { claims: { aud: `api://${APP}` } }],
    ['that has ended less than five minutes ago', { claims: { exp: at(-299) } }],
    ['that begins within five minutes', { claims: { nbf: at(299) } }],
  ] as const) {
    test(`a token ${name}`, async () => {
      const ear = await open();
      assert.equal((await ear.hear(await signed(message(), forged))).news.length, 1);
    });
  }

  test('another tenant’s event by a multi-tenant bot, which learns the tenant', async () => {
    const ear = await open({ multiTenant: true });
    const [news] = (await ear.hear(await signed(message({ conversation: { id: 'a:1x', tenantId: 'other' } })))).news;
    assert.equal(news?.kind === 'seen' && news.address.reference?.['tenantId'], 'other');
  });
});

describe('The keys', () => {
  test('are fetched once for many, and again for an unknown one, at most once a minute', async () => {
    const ear = await open();
    const request = await signed(message());
    await Promise.all(Array.from({ length: 20 }, () => ear.hear(request)));
    assert.equal(keyCalls(), 1);
    sandbox.teams.signer.rotate();
    const rotated = await signed(message());
    assert.equal((await ear.hear(rotated)).reply.status, 401);
    assert.equal(keyCalls(), 1, 'within a minute the list is not asked for again');
    clock.advance(MINUTE_MS);
    assert.equal((await ear.hear(await signed(message()))).reply.status, 200, 'the new key works');
    assert.equal((await ear.hear(await signed(message(), { kid: 'made-up' }))).reply.status, 401);
    assert.equal(keyCalls(), 2);
    assert.equal(
      (await ear.hear({ ...rotated, headers: request.headers ?? {} })).reply.status,
      401,
      'the old one no more',
    );
  });

  test('serve for a day when no newer ones are to be had, and not a minute longer', async () => {
    const ear = await open();
    assert.equal((await ear.hear(await signed(message()))).reply.status, 200);
    sandbox.faults.set([{ provider: 'teams', route: 'keys', fault: { kind: 'status', status: 500 } }]);
    clock.advance(24 * 60 * MINUTE_MS - 1);
    assert.equal((await ear.hear(await signed(message()))).reply.status, 200);
    clock.advance(1);
    const callback = await ear.hear(await signed(message()));
    assert.equal(callback.reply.status, 503);
    assert.match(callback.refused ?? '', /keys .* could not be fetched/);
    sandbox.faults.clear();
    clock.advance(MINUTE_MS);
    assert.equal((await ear.hear(await signed(message()))).reply.status, 200);
  });

  test('that cannot be had leave every request unbelieved', async () => {
    for (const route of ['openid', 'keys']) {
      for (const fault of [
        { kind: 'reset' },
        { kind: 'garbage' },
        { kind: 'status', status: 200, body: { jwks_uri: 'http://localhost:1/', keys: {} } },
      ] as const) {
        const ear = await open();
        sandbox.faults.set([{ provider: 'teams', route, fault }]);
        const callback = await ear.hear(await signed(message()));
        assert.deepEqual([callback.reply.status, callback.news], [503, []], `${route} ${fault.kind}`);
      }
    }
  });
});

async function open(more: JsonObject = {}): Promise<Ear> {
  const ear = await openTestEar({ channel: msteams, settings: settings(more), clock });
  sandbox.webhooks.set('teams', ear.eventsUrl);
  return ear;
}

function settings(more: JsonObject = {}): JsonObject {
  const { urls, credentials } = sandbox;
  return { ...credentials.teams, serviceUrl: urls.teams, loginUrl: urls.login, openIdUrl: urls.teamsOpenId, ...more };
}

function knowJane(): void {
  const names = { email: 'j.doe@corp.example', mail: 'jane@example.com' };
  sandbox.people.change({ teams: [{ match: '29:jane', aadObjectId: AAD, ...names, state: 'installed' }] });
}

/** Seconds since 1970 in so many seconds, by the clock as it is at the start. */
function at(seconds: number): number {
  return Math.floor(Date.UTC(2026, 10, 22, 12) / 1000) + seconds;
}

function message(change: JsonObject = {}): JsonObject {
  sandbox.people.change({ teams: [{ match: '29:jane', aadObjectId: AAD, state: 'installed' }] });
  const [activity] = sandbox.teams.write({ kind: 'message', user: '29:jane' });
  return { ...activity, ...change };
}

async function signed(activity: JsonObject, forged: Forged = {}) {
  const authorization = `Bearer ${await sandbox.teams.signer.sign(APP, String(activity['serviceUrl']), forged)}`;
  return { headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify(activity) };
}

function keyCalls(): number {
  return sandbox.stats().calls.teams?.['keys']?.calls ?? 0;
}

const identitiesOf = (news: News | undefined) => (news?.kind === 'seen' ? news.identities : null);
