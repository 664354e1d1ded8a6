import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import type { Address } from '../../model/outcome.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { answerWith, serveScript } from '../scripted-server.ts';
import { type Desk, openTestClock, openTestDesk, type TestClock } from '../test-desk.ts';
import { msteams } from './msteams.ts';

const TENANT = '00000000-0000-0000-0000-0000000000aa';
const BOT = '28:00000000-0000-0000-0000-000000000001';
const JANE: Address = { channelId: '29:jane', reference: null };
const MINUTE_MS = 60_000;

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

describe('What goes over the wire', () => {
  test('a new conversation, then the text, then nothing but the text', async () => {
    const desk = open();
    const first = await desk.send();
    assert.ok(first.kind === 'accepted' && first.learned !== undefined);
    const conversationId = first.learned.reference?.['conversationId'] ?? '';

    assert.deepEqual(outline(desk), [
      'POST /login/00000000-0000-0000-0000-0000000000aa/oauth2/v2.0/token',
      'POST /teams/v3/conversations',
      `POST /teams/v3/conversations/${encodeURIComponent(conversationId)}/activities`,
    ]);
    assert.deepEqual(Object.fromEntries(new URLSearchParams(desk.calls[0]?.body ?? '')), {
      grant_type: 'client_credentials',
      client_id: '00000000-0000-0000-0000-000000000001',
      client_secret: 'sandbox-teams-secret',
      scope: 'https://api.botframework.com/.default',
    });
    assert.equal(
      desk.calls[1]?.body,
      `{"bot":{"id":"${BOT}"},"members":[{"id":"29:jane"}],"tenantId":"${TENANT}",` +
        `"channelData":{"tenant":{"id":"${TENANT}"}},"isGroup":false}`,
    );
    assert.equal(
      desk.calls[2]?.body,
      `{"type":"message","text":"hello","textFormat":"plain","channelData":{"notification":{"alert":true}},` +
        `"from":{"id":"${BOT}"},"conversation":{"id":"${conversationId}"}}`,
    );

    const second = await desk.send({ address: first.learned });
    assert.ok(second.kind === 'accepted');
    assert.equal(second.learned, undefined);
    assert.equal(desk.calls.length, 4);
    assert.equal(desk.calls[3]?.headers, desk.calls[2]?.headers, 'headers are made once a token');
  });

  test('a native activity as it is, but for who speaks and where', async () => {
    const payload = {
      attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: { type: 'AdaptiveCard' } }],
      summary: 'News',
      from: { id: '28:somebody-else' },
      conversation: { id: 'a:elsewhere' },
    };
    const desk = open();
    const outcome = await desk.send({ message: { type: 'native', payload } });
    assert.ok(outcome.kind === 'accepted' && outcome.learned !== undefined);
    assert.deepEqual(JSON.parse(desk.calls[2]?.body ?? ''), {
      type: 'message',
      attachments: payload.attachments,
      summary: 'News',
      from: { id: BOT },
      conversation: { id: outcome.learned.reference?.['conversationId'] },
    });
  });

  test('text beside a card is taken without an id', async () => {
    const payload = { text: 'hello', attachments: [{ contentType: 'x', content: {} }] };
    const outcome = await open().send({ message: { type: 'native', payload } });
    assert.ok(outcome.kind === 'accepted');
    assert.equal(outcome.providerMessageId, null);
  });
});

/** [address, the member a conversation is made with; null: none is made] */
const ADDRESSES: readonly (readonly [string, Address, string | null])[] = [
  ['a Teams id', JANE, '29:jane'],
  ['a Teams id and an aadObjectId', { channelId: '29:jane', reference: { aadObjectId: 'f00d' } }, '29:jane'],
  ['an aadObjectId', { channelId: 'f00d-f00d', reference: null }, 'f00d-f00d'],
  ['an aadObjectId in the reference', { channelId: 'jane', reference: { aadObjectId: 'f00d' } }, 'f00d'],
];

describe('Where a person is', () => {
  for (const [name, address, member] of ADDRESSES) {
    test(`${name} is whom the conversation is made with`, async () => {
      const desk = open();
      const outcome = await desk.send({ address });
      assert.ok(outcome.kind === 'accepted');
      assert.equal(outcome.learned?.channelId, address.channelId);
      assert.equal(outcome.learned?.reference?.['aadObjectId'], address.reference?.['aadObjectId']);
      assert.equal(outcome.learned?.reference?.['serviceUrl'], sandbox.urls.teams);
      assert.deepEqual(JSON.parse(desk.calls[1]?.body ?? '').members, [{ id: member }]);
    });
  }

  test('a conversation id is used as it is', async () => {
    const conversationId = await conversationOf(JANE);
    const desk = open();
    const outcome = await desk.send({ address: { channelId: conversationId, reference: null } });
    assert.ok(outcome.kind === 'accepted' && outcome.learned === undefined);
    assert.equal(desk.calls.length, 2);
  });

  test('the tenant of the reference goes before the connection’s', async () => {
    const desk = open();
    await desk.send({ address: { channelId: '29:jane', reference: { tenantId: 'other' } } });
    assert.equal(JSON.parse(desk.calls[1]?.body ?? '').tenantId, 'other');
  });
});

describe('A refusal with a remedy', () => {
  test('a conversation that is gone is made anew once, and learned', async () => {
    const desk = open();
    const conversationId = await conversationOf(JANE);
    sandbox.people.change({ teams: [{ match: '29:jane', state: 'installed', generation: 2 }] });
    const outcome = await desk.send({ address: { channelId: '29:jane', reference: { conversationId } } });
    assert.ok(outcome.kind === 'accepted');
    assert.notEqual(outcome.learned?.reference?.['conversationId'] ?? conversationId, conversationId);
    assert.equal(sandbox.ledger.total(), 1);
  });

  test('another bot’s conversation is made anew once', async () => {
    const address = { channelId: '29:jane', reference: { conversationId: 'a:1another' } };
    const outcome = await open().send({ address });
    assert.ok(outcome.kind === 'accepted' && outcome.learned !== undefined);
  });

  test('a conversation that stays gone is given up, and the address with it', async () => {
    sandbox.faults.set([{ provider: 'teams', route: 'send', fault: { kind: 'status', status: 404 } }]);
    const desk = open();
    const outcome = await desk.send();
    assert.ok(outcome.kind === 'rejected');
    assert.deepEqual([outcome.scope, outcome.reason, outcome.forgetAddress], ['recipient', 'address_gone', true]);
    assert.equal(desk.calls.length, 5, 'token, and twice a conversation and a send');
  });

  test('one that cannot be decrypted is made anew once, and given up with the address if that does not help', async () => {
    const body = { error: { code: 'BadArgument', message: 'Failed to decrypt conversation id' } };
    sandbox.faults.set([{ provider: 'teams', route: 'send', fault: { kind: 'status', status: 400, body } }]);
    const desk = open();
    const outcome = await desk.send({ address: { channelId: '29:jane', reference: { conversationId: 'a:1another' } } });
    assert.ok(outcome.kind === 'rejected');
    assert.deepEqual([outcome.scope, outcome.reason, outcome.forgetAddress], ['recipient', 'address_gone', true]);
    assert.equal(desk.calls.length, 4, 'token, send, conversation, send');
  });

  test('one 404 in passing does no harm', async () => {
    sandbox.faults.set([{ provider: 'teams', route: 'send', times: 1, fault: { kind: 'status', status: 404 } }]);
    assert.equal((await open().send()).kind, 'accepted');
  });

  test('a conversation without a person cannot be made anew', async () => {
    const desk = open();
    const outcome = await desk.send({ address: { channelId: 'a:1gone', reference: null } });
    assert.equal(outcome.kind === 'rejected' && outcome.reason, 'address_gone');
    assert.equal(desk.calls.length, 2);
  });

  test('a bot whose connector is elsewhere goes there once, and learns it', async () => {
    const elsewhere = sandbox.urls.teams.replace('127.0.0.1', 'localhost');
    const body = { error: { code: 'InvalidBotApiHost', message: `Invalid host, use "${elsewhere}" instead.` } };
    sandbox.faults.set([{ provider: 'teams', times: 1, fault: { kind: 'status', status: 403, body } }]);
    const outcome = await open().send();
    assert.ok(outcome.kind === 'accepted');
    assert.equal(outcome.learned?.reference?.['serviceUrl'], elsewhere);

    sandbox.faults.set([{ provider: 'teams', fault: { kind: 'status', status: 403, body } }]);
    const desk = open();
    const refused = await desk.send();
    assert.equal(refused.kind === 'rejected' && refused.scope, 'connection');
    assert.equal(desk.calls.length, 3, 'token, and a conversation at each host');
  });
});

describe('Nobody is told when the preparation fails', () => {
  test('a new conversation without an answer is a failure, not an unknown', async () => {
    for (const kind of ['reset', 'cut', 'garbage'] as const) {
      sandbox.faults.set([{ provider: 'teams', route: 'create', fault: { kind } }]);
      assert.equal((await open().send()).kind, 'failed');
    }
  });

  test('a token endpoint without an answer is a failure', async () => {
    for (const kind of ['reset', 'cut', 'garbage'] as const) {
      sandbox.faults.set([{ provider: 'login', route: 'token', fault: { kind } }]);
      assert.equal((await open().send()).kind, 'failed');
    }
  });

  test('a token endpoint that hangs is a failure at the deadline', async () => {
    sandbox.faults.set([{ provider: 'login', route: 'token', fault: { kind: 'hang' } }]);
    const desk = open();
    const outcome = await desk.send({ signal: AbortSignal.timeout(50) });
    assert.equal(outcome.kind === 'failed' && outcome.reason, 'provider_timeout');
    await desk.close();
  });
});

/** [settings, what the token endpoint says to them] */
const BAD_CREDENTIALS: readonly (readonly [JsonObject, RegExp])[] = [
  [{ appPassword: 'wrong-secret' }, /answered 401 \(invalid_client, AADSTS7000215\)\.$/],
  [{ appPassword: 'expired-secret' }, /answered 401 \(invalid_client, AADSTS7000222\)\.$/],
  [{ appId: 'unknown' }, /answered 400 \(unauthorized_client, AADSTS700016\)\.$/],
  [{ tenantId: 'unknown' }, /answered 400 \(invalid_request, AADSTS90002\)\.$/],
  [{ multiTenant: true }, /answered 400 \(unauthorized_client, AADSTS700016\)\.$/],
  [{ loginUrl: 'LOGIN/elsewhere' }, /answered 4\d\d/],
];

describe('The token', () => {
  for (const [settings, detail] of BAD_CREDENTIALS) {
    test(`is refused to ${JSON.stringify(settings)}, for the whole connection`, async () => {
      const { loginUrl } = settings;
      const url = typeof loginUrl === 'string' ? { loginUrl: loginUrl.replace('LOGIN', sandbox.urls.login) } : {};
      const desk = open({ ...settings, ...url });
      const outcome = await desk.send();
      assert.ok(outcome.kind === 'rejected');
      assert.deepEqual([outcome.scope, outcome.reason], ['connection', 'connection_refused']);
      assert.match(outcome.detail, detail);
      assert.deepEqual(await desk.session.check(AbortSignal.timeout(1_000)), { ok: false, detail: outcome.detail });
    });
  }

  test('of a multi-tenant bot comes from the common authority', async () => {
    const desk = open({ ...sandbox.credentials.teamsMultiTenant, multiTenant: true });
    assert.equal((await desk.send()).kind, 'accepted');
    assert.equal(outline(desk)[0], 'POST /login/botframework.com/oauth2/v2.0/token');
  });

  test('of the wrong authority is refused by the connector, for the whole connection', async () => {
    const desk = open({ ...sandbox.credentials.teamsMultiTenant });
    const outcome = await desk.send();
    assert.equal(outcome.kind === 'rejected' && outcome.scope, 'connection');
    assert.equal(tokensOf(desk), 2, 'another one is tried, once');
  });

  test('is fetched once for many sends', async () => {
    const desk = open();
    await Promise.all(Array.from({ length: 50 }, () => desk.send()));
    assert.equal(tokensOf(desk), 1);
  });

  test('is renewed five minutes before its end, while the old one serves', async () => {
    const clock = openTestClock();
    const desk = open({}, clock);
    await desk.send();
    clock.advance(54 * MINUTE_MS);
    await desk.send();
    assert.equal(tokensOf(desk), 1);
    clock.advance(MINUTE_MS);
    sandbox.faults.set([{ provider: 'login', route: 'token', fault: { kind: 'hang' } }]);
    assert.equal((await desk.send({ address: { channelId: '29:jane', reference: null } })).kind, 'accepted');
    assert.equal(tokensOf(desk), 2);
  });

  test('that has ended is waited for', async () => {
    const clock = openTestClock();
    const desk = open({}, clock);
    await desk.send();
    clock.advance(61 * MINUTE_MS);
    fault('token', { status: 503 }, 'login');
    assert.equal((await desk.send()).kind, 'failed');
  });

  test('that lapsed early is fetched anew, once', async () => {
    const desk = open();
    await desk.send();
    sandbox.faults.set([{ provider: 'teams', route: 'send', times: 1, fault: { kind: 'status', status: 401 } }]);
    assert.equal((await desk.send()).kind, 'accepted');
    assert.equal(tokensOf(desk), 2);
  });

  test('of a bot that is not registered is not asked for again', async () => {
    fault('create', { status: 401, body: { error: { code: 'BotNotRegistered', message: '' } } });
    const desk = open();
    const outcome = await desk.send();
    assert.equal(outcome.kind === 'rejected' && outcome.scope, 'connection');
    assert.equal(tokensOf(desk), 1);
  });

  test('that was refused is not asked for by every send', async () => {
    const clock = openTestClock();
    const desk = open({ appPassword: 'wrong-secret' }, clock);
    for (let round = 0; round < 5; round++) assert.equal((await desk.send()).kind, 'rejected');
    assert.equal(tokensOf(desk), 1);
    clock.advance(1_000);
    await desk.send();
    assert.equal(tokensOf(desk), 2);
  });

  test('endpoint’s Retry-After is kept to', async () => {
    const clock = openTestClock();
    sandbox.faults.set([
      { provider: 'login', times: 1, fault: { kind: 'status', status: 429, retryAfterSeconds: 30 } },
    ]);
    const desk = open({}, clock);
    const outcome = await desk.send();
    assert.ok(outcome.kind === 'busy');
    assert.deepEqual([outcome.scope, outcome.retryAfterMs], ['connection', 30_000]);
    clock.advance(29_000);
    assert.equal((await desk.send()).kind, 'busy');
    clock.advance(1_000);
    assert.equal((await desk.send()).kind, 'accepted');
  });

  test('is never shown, though the connector repeats it', async (t) => {
    const token = 'an-opaque-t0ken';
    const echoing = await serveScript((socket, request, count) => {
      const answer = request.includes('/token')
        ? answerWith(200, JSON.stringify({ access_token: token, expires_in: 3600 }))
        : answerWith(
            400 + (count % 4),
            JSON.stringify({ error: { code: token, message: `Bearer ${token} ${token}` } }),
          );
      answer(socket, request, count);
    });
    t.after(() => echoing.close());
    const desk = open({ serviceUrl: echoing.url, loginUrl: echoing.url });
    for (let round = 0; round < 8; round++) {
      const said = JSON.stringify(await desk.send());
      assert.match(said, /HTTP 4/);
      assert.ok(!said.includes(token), said);
    }
  });
});

function open(settings: JsonObject = {}, clock?: TestClock): Desk {
  const { urls, credentials } = sandbox;
  return openTestDesk({
    channel: msteams,
    settings: { ...credentials.teams, serviceUrl: urls.teams, loginUrl: urls.login, ...settings },
    address: JANE,
    ...(clock === undefined ? {} : { clock }),
  });
}

async function conversationOf(address: Address): Promise<string> {
  const outcome = await open().send({ address });
  sandbox.ledger.clear();
  return outcome.kind === 'accepted' ? (outcome.learned?.reference?.['conversationId'] ?? '') : '';
}

function fault(route: string, status: { status: number; body?: JsonObject }, provider: 'teams' | 'login' = 'teams') {
  sandbox.faults.set([{ provider, route, fault: { kind: 'status', ...status } }]);
}

function outline(desk: Desk): string[] {
  return desk.calls.map(({ method, url }) => `${method} ${new URL(url).pathname}`);
}

function tokensOf(desk: Desk): number {
  return desk.calls.filter(({ url }) => url.endsWith('/token')).length;
}
