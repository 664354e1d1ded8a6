import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { SignJWT } from 'jose';
import type { JsonObject } from '../../model/json.ts';
import type { News } from '../../model/news.ts';
import type { ForgedGoogle } from '../../sandbox/google-events.ts';
import { googleSpaceId } from '../../sandbox/ids.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { openTestClock, openTestDesk } from '../test-desk.ts';
import { type Ear, openTestEar } from '../test-ear.ts';
import { readChatEvent } from './events.ts';
import { hangoutchat } from './hangoutchat.ts';
import { CERTIFICATE, CERTIFIED_KEY } from './test-certificate.ts';

const PROJECT = '123456789012';
const JANE = 'users/1001';
const EMAIL = 'jane@example.com';
const DM = googleSpaceId(JANE);
const clock = openTestClock();
const NOW = clock.now();

const sandbox: Sandbox = await startSandbox({ limits: 'off', clock });
after(() => sandbox.close());
afterEach(() => sandbox.reset());
const byProject = await openEar({ audience: PROJECT });
const byUrl = await openEar({ audience: 'https://beckon.example/channels/dc-test/events' });

describe('What people do in Google Chat', () => {
  const modes = [
    ['a project number', byProject, PROJECT],
    ['a URL', byUrl, 'https://beckon.example/channels/dc-test/events'],
  ] as const;
  for (const [name, ear, audience] of modes) {
    for (const addOn of [false, true]) {
      test(`is heard with a token for ${name}, in the words of ${addOn ? 'an add-on' : 'an app'}`, async () => {
        sandbox.webhooks.set('googlechat', ear.eventsUrl);
        const before = ear.heard.length;
        for (const kind of ['added', 'message', 'removed'] as const) {
          const reply = await sandbox.googleChat.happen({ kind, user: JANE, email: EMAIL, addOn }, { audience });
          assert.deepEqual(reply, { status: 200, body: '{}' });
        }
        const address = { channelId: DM, reference: null };
        assert.deepEqual(
          ear.heard.slice(before).flatMap(({ news }) => news),
          [
            { kind: 'seen', identities: [EMAIL, JANE], address, at: NOW },
            { kind: 'seen', identities: [EMAIL, JANE], address, at: NOW },
            { kind: 'left', identities: [EMAIL, JANE], at: NOW },
          ],
        );
      });
    }
  }

  test('leads to an address that a message can be sent to, until they remove the app', async () => {
    sandbox.webhooks.set('googlechat', byProject.eventsUrl);
    const heard = async (kind: 'added' | 'removed') => {
      await sandbox.googleChat.happen({ kind, user: JANE, email: EMAIL }, { audience: PROJECT });
      return byProject.heard.at(-1)?.news[0];
    };
    const seen = await heard('added');
    assert.ok(seen?.kind === 'seen');
    const { clientEmail, privateKey } = sandbox.credentials.googleChat;
    const { googleToken: tokenUrl, googleChat: apiUrl } = sandbox.urls;
    const settings = { clientEmail, privateKey, tokenUrl, apiUrl };
    const desk = openTestDesk({ channel: hangoutchat, settings, address: seen.address, clock });
    assert.equal((await desk.send()).kind, 'accepted');
    assert.equal(sandbox.ledger.countOf('googlechat', JANE), 1);
    await heard('removed');
    const outcome = await desk.send();
    assert.equal(outcome.kind, 'rejected');
  });
});

const space = (more: JsonObject = {}): JsonObject => ({ name: 'spaces/AAAA', singleUserBotDm: true, ...more });
const user = (more: JsonObject = {}): JsonObject => ({ name: JANE, type: 'HUMAN', email: EMAIL, ...more });
const seen = (at = NOW, identities: [string, ...string[]] = [EMAIL, JANE]): News => {
  return { kind: 'seen', identities, address: { channelId: 'spaces/AAAA', reference: null }, at };
};
const left: News = { kind: 'left', identities: [EMAIL, JANE], at: NOW };

/** [what happens, event, news] */
const EVENTS: readonly (readonly [string, JsonObject, readonly News[]])[] = [
  ['a card is clicked', { type: 'CARD_CLICKED', user: user(), space: space() }, [seen()]],
  ['a command', { chat: { user: user(), appCommandPayload: { space: space() } } }, [seen()]],
  [
    'only the message names the space',
    { chat: { user: user(), messagePayload: { message: { space: space() } } } },
    [seen()],
  ],
  ['the older word', { type: 'MESSAGE', user: user(), space: { name: 'spaces/AAAA', type: 'DM' } }, [seen()]],
  ['no e-mail', { type: 'MESSAGE', user: { name: JANE }, space: space() }, [seen(NOW, [JANE])]],
  ['no good e-mail', { type: 'MESSAGE', user: user({ email: 'a b@c' }), space: space() }, [seen(NOW, [JANE])]],
  ['removed', { type: 'REMOVED_FROM_SPACE', user: user(), space: space() }, [left]],
  ['removed by an add-on', { chat: { user: user(), removedFromSpacePayload: { space: space() } } }, [left]],
  [
    'its time',
    { type: 'MESSAGE', eventTime: '2026-01-02T03:04:05.123456Z', user: user(), space: space() },
    [seen(Date.UTC(2026, 0, 2, 3, 4, 5, 123))],
  ],
  ['a time to come', { type: 'MESSAGE', eventTime: '2099-01-01T00:00:00Z', user: user(), space: space() }, [seen()]],
  ['no time', { type: 'MESSAGE', eventTime: 'yesterday', user: user(), space: space() }, [seen()]],
  ['a space with others', { type: 'ADDED_TO_SPACE', user: user(), space: { name: 'spaces/AAAA', type: 'ROOM' } }, []],
  ['a group', { type: 'MESSAGE', user: user(), space: { name: 'spaces/A', spaceType: 'GROUP_CHAT' } }, []],
  ['a bot', { type: 'MESSAGE', user: user({ type: 'BOT' }), space: space() }, []],
  ['a space that leads elsewhere', { type: 'MESSAGE', user: user(), space: space({ name: 'spaces/../x' }) }, []],
  ['nobody', { type: 'MESSAGE', space: space() }, []],
  ['a user of another kind', { type: 'MESSAGE', user: user({ name: 'apps/1' }), space: space() }, []],
  ['lists for everything', { type: [], user: [], space: [], eventTime: [], chat: [] }, []],
  ['an add-on without a payload', { chat: { user: user() } }, []],
  ['nothing', {}, []],
];

describe('An event', () => {
  for (const [name, event, news] of EVENTS) {
    test(`${name}: ${news[0]?.kind ?? 'no news'}`, () => assert.deepEqual(readChatEvent(event, NOW), news));
  }
});

const body = JSON.stringify({ type: 'MESSAGE', user: user(), space: space() });
const bearer = async (forged: ForgedGoogle & { audience: string }) => ({
  authorization: `Bearer ${await sandbox.googleChat.sign(forged)}`,
});
const URL_AUDIENCE = 'https://beckon.example/channels/dc-test/events';
const HOUR_S = 3600;
const nowS = NOW / 1000;

/** [what is wrong, who listens, the token's difference] */
const FORGED: readonly (readonly [string, Ear, ForgedGoogle & { audience: string }])[] = [
  ['another project', byProject, { audience: '999999999999' }],
  ['a URL instead of the project', byProject, { audience: URL_AUDIENCE }],
  ['the project instead of the URL', byUrl, { audience: PROJECT }],
  ['another URL', byUrl, { audience: 'https://elsewhere.example/' }],
  ['another issuer', byProject, { audience: PROJECT, claims: { iss: 'evil@example.iam.gserviceaccount.com' } }],
  ['no issuer', byProject, { audience: PROJECT, claims: { iss: null } }],
  ['another issuer of ID tokens', byUrl, { audience: URL_AUDIENCE, claims: { iss: 'https://accounts.example.com' } }],
  ['somebody else’s ID token', byUrl, { audience: URL_AUDIENCE, claims: { email: 'jane@example.com' } }],
  ['no e-mail', byUrl, { audience: URL_AUDIENCE, claims: { email: null } }],
  ['an e-mail not verified', byUrl, { audience: URL_AUDIENCE, claims: { email_verified: false } }],
  ['an e-mail verified in words', byUrl, { audience: URL_AUDIENCE, claims: { email_verified: 'true' } }],
  ['no audience', byProject, { audience: PROJECT, claims: { aud: null } }],
  ['an end long ago', byProject, { audience: PROJECT, claims: { exp: nowS - HOUR_S } }],
  ['no end', byProject, { audience: PROJECT, claims: { exp: null } }],
  ['a beginning to come', byProject, { audience: PROJECT, claims: { nbf: nowS + HOUR_S } }],
  ['a key nobody knows', byProject, { audience: PROJECT, kid: 'stranger' }],
  ['a stranger’s key under Google’s name', byProject, { audience: PROJECT, kid: 'sandbox-google-0' }],
];

describe('A request that is not from Google Chat is refused, and tells nothing', () => {
  for (const [name, ear, forged] of FORGED) {
    test(`with ${name}`, async () => {
      const { reply, news, refused } = await ear.hear({ headers: await bearer(forged), body });
      assert.deepEqual([reply.status, reply.body, news], [401, undefined, []]);
      assert.ok(refused);
    });
  }

  test('with a token that is none', async () => {
    const { authorization } = await bearer({ audience: PROJECT });
    const [header = '', claims = '', signature = ''] = authorization.split(' ')[1]?.split('.') ?? [];
    const none = Buffer.from('{"alg":"none","kid":"sandbox-google-0"}').toString('base64url');
    const shared = await new SignJWT({ aud: PROJECT, iss: 'chat@system.gserviceaccount.com', exp: nowS + 60 })
      .setProtectedHeader({ alg: 'HS256', kid: 'sandbox-google-0' })
      .sign(Buffer.from('secret'.repeat(10)));
    for (const wrong of [
      undefined,
      '',
      'Bearer',
      'Bearer x',
      authorization.replace('Bearer', 'Basic'),
      authorization.slice(0, -1),
      authorization.slice(0, authorization.length / 2),
      `${authorization}x`,
      `${authorization} ${authorization}`,
      [authorization, authorization],
      `Bearer ${header}.${claims}.`,
      `Bearer ${none}.${claims}.${signature}`,
      `Bearer ${none}.${claims}.`,
      `Bearer x.${claims}.${signature}`,
      `Bearer ${shared}`,
      `Bearer ${header}.${claims}.${'x'.repeat(100_000)}`,
      `Bearer ${Buffer.from('[]').toString('base64url')}.${claims}.${signature}`,
    ]) {
      const headers = wrong === undefined ? {} : { authorization: wrong };
      const { reply, news } = await byProject.hear({ headers, body });
      assert.deepEqual([reply.status, news], [401, []], String(wrong).slice(0, 60));
    }
  });

  test('while no audience is configured', async () => {
    const deaf = await openEar({});
    const { reply, news, refused } = await deaf.hear({ headers: await bearer({ audience: PROJECT }), body });
    assert.deepEqual([reply.status, news], [403, []]);
    assert.match(refused ?? '', /^audience is not configured/);
  });

  test('nor is a body believed that is no event, whoever signed for it', async () => {
    const headers = await bearer({ audience: PROJECT });
    const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
    for (const bytes of ['', 'null', '[]', '"x"', '{', deep, '{"__proto__":{"a":1}}', Buffer.from([0xff, 0xfe])]) {
      const { reply, news } = await byProject.hear({ headers, body: bytes });
      assert.deepEqual([reply.status, news], [400, []]);
    }
    const { reply, news } = await byProject.hear({ headers, body: JSON.stringify({ text: 'x'.repeat(2 ** 20) }) });
    assert.deepEqual([reply.status, news], [200, []]);
    assert.equal((await byProject.hear({ headers, body, kind: 'receipts' })).reply.status, 404);
    assert.equal((await byProject.hear({ headers, body, method: 'GET' })).reply.status, 404);
  });
});

describe('The caller', () => {
  test('of an add-on is the service account that is configured', async () => {
    const callerEmail = 'service-123456789012@gcp-sa-gsuiteaddons.iam.gserviceaccount.com';
    const ear = await openEar({ audience: URL_AUDIENCE, callerEmail });
    const hear = async (email: string) => {
      const headers = await bearer({ audience: URL_AUDIENCE, claims: { email } });
      return (await ear.hear({ headers, body })).reply.status;
    };
    assert.equal(await hear(callerEmail), 200);
    assert.equal(await hear('chat@system.gserviceaccount.com'), 401);
  });
});

describe('The keys', () => {
  let server: Sandbox;
  const time = openTestClock();
  before(async () => {
    server = await startSandbox({ clock: time });
  });
  after(() => server.close());
  const fetches = () => server.stats().calls.googletoken?.['certs']?.calls ?? 0;

  test('are fetched once for all who wait, and again for an unknown one, but at most once a minute', async () => {
    const ear = await openEar({ audience: PROJECT, keysUrl: server.urls.googleKeys }, time);
    const hear = async (forged: ForgedGoogle = {}) => {
      const headers = { authorization: `Bearer ${await server.googleChat.sign({ audience: PROJECT, ...forged })}` };
      return (await ear.hear({ headers, body })).reply.status;
    };
    assert.deepEqual(await Promise.all([hear(), hear(), hear()]), [200, 200, 200]);
    assert.equal(await hear(), 200);
    assert.equal(fetches(), 1);
    assert.deepEqual([await hear({ kid: 'a' }), await hear({ kid: 'b' })], [401, 401]);
    assert.equal(fetches(), 1, 'within a minute of the last fetch');
    time.advance(60_000);
    server.googleChat.rotate();
    assert.equal(await hear(), 200);
    assert.deepEqual([await hear({ kid: 'a' }), await hear({ kid: 'b' })], [401, 401]);
    assert.equal(fetches(), 2);
    time.advance(3_600_000);
    assert.equal(await hear(), 200);
    assert.equal(fetches(), 3, 'an hour later even for a known one');
  });

  test('that cannot be had make Google come again, and those we have stay', async () => {
    const ear = await openEar({ audience: PROJECT, keysUrl: server.urls.googleKeys }, time);
    const hear = async () => {
      const headers = { authorization: `Bearer ${await server.googleChat.sign({ audience: PROJECT })}` };
      return (await ear.hear({ headers, body })).reply.status;
    };
    server.faults.set([{ provider: 'googletoken', route: 'certs', fault: { kind: 'status', status: 500 } }]);
    assert.equal(await hear(), 503);
    server.faults.clear();
    assert.equal(await hear(), 503, 'too soon');
    time.advance(5_000);
    assert.equal(await hear(), 200);
    server.faults.set([{ provider: 'googletoken', route: 'certs', fault: { kind: 'garbage' } }]);
    time.advance(3_600_000);
    assert.equal(await hear(), 200);
    server.faults.clear();
  });

  test('may come as certificates by key id', async () => {
    const document = { one: CERTIFICATE, two: 'no key', three: 3 };
    server.faults.set([
      { provider: 'googletoken', route: 'certs', fault: { kind: 'status', status: 200, body: document } },
    ]);
    const ear = await openEar({ audience: PROJECT, keysUrl: server.urls.googleKeys }, time);
    for (const [kid, status] of [
      ['one', 200],
      ['two', 401],
      ['three', 401],
    ] as const) {
      const headers = { authorization: `Bearer ${await signCertified(kid, time.now())}` };
      assert.equal((await ear.hear({ headers, body })).reply.status, status, kid);
    }
    server.faults.clear();
  });
});

function signCertified(kid: string, now: number): Promise<string> {
  return new SignJWT({ iss: 'chat@system.gserviceaccount.com', aud: PROJECT, exp: now / 1000 + 60 })
    .setProtectedHeader({ alg: 'RS256', kid })
    .sign(createPrivateKey(CERTIFIED_KEY));
}

function openEar(settings: JsonObject, time = clock): Promise<Ear> {
  const { clientEmail, privateKey } = sandbox.credentials.googleChat;
  const keysUrl = sandbox.urls.googleKeys;
  return openTestEar({
    channel: hangoutchat,
    settings: { clientEmail, privateKey, keysUrl, ...settings },
    clock: time,
  });
}
