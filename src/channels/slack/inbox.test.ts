import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { after, afterEach, before, describe, test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import type { News } from '../../model/news.ts';
import { slackUserId } from '../../sandbox/ids.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { signEvent } from '../../sandbox/slack-events.ts';
import type { Callback, CallbackRequest } from '../contract.ts';
import { createOutbound } from '../outbound-http.ts';
import { openTestClock } from '../test-desk.ts';
import { findSignatureFault } from './signature.ts';
import { slack } from './slack.ts';

const clock = openTestClock();
const NOW = clock.now();
const JANE = slackUserId('jane@example.com');
const SECRET = 'sandbox-slack-signing-secret';
const outbound = createOutbound();
let sandbox: Sandbox;
let ear: Ear;

before(async () => {
  sandbox = await startSandbox({ limits: 'off', clock });
  ear = await openEar();
  sandbox.webhooks.set('slack', ear.url);
});
after(() => Promise.all([sandbox.close(), outbound.close(), ear.close()]));
afterEach(() => {
  sandbox.reset();
  ear.heard.length = 0;
});

test('the signature of Slack’s own documentation', () => {
  const body = Buffer.from(
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar' +
      '&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com' +
      '%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d' +
      '10d2c447fce8b6703c',
  );
  const headers = {
    'x-slack-request-timestamp': '1531420618',
    'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
  };
  const at = (seconds: number) =>
    findSignatureFault({ headers, body }, '8f742231b10e8888abcd99yyyzzz85a5', seconds * 1000);
  assert.equal(at(1_531_420_618), null);
  assert.deepEqual([at(1_531_420_618 + 300), at(1_531_420_618 - 300)], [null, null]);
  assert.match(at(1_531_420_618 + 301) ?? '', /five minutes/);
  assert.match(at(1_531_420_618 - 301) ?? '', /five minutes/);
});

describe('What happens in the workspace', () => {
  const address = (reference: Record<string, string> | null) => ({ channelId: JANE, reference });
  const CHANGES: readonly (readonly [Parameters<Sandbox['slack']['announce']>[0], readonly News[]])[] = [
    [
      { kind: 'user_joined', email: 'Jane@Example.com' },
      [{ kind: 'seen', identities: ['jane@example.com', JANE], address: address(null), at: NOW }],
    ],
    [
      { kind: 'email_changed', email: 'jane@example.com', newEmail: 'doe@example.com' },
      [{ kind: 'seen', identities: ['doe@example.com', JANE], address: address(null), at: NOW }],
    ],
    [
      { kind: 'user_deactivated', email: 'jane@example.com' },
      [{ kind: 'left', identities: ['jane@example.com', JANE], at: NOW }],
    ],
    [
      { kind: 'conversation_opened', email: 'jane@example.com' },
      [{ kind: 'seen', identities: [JANE], address: address({ conversationId: `D${JANE}` }), at: NOW }],
    ],
    [
      { kind: 'app_uninstalled' },
      [
        { kind: 'disconnected', detail: 'The app was uninstalled from the workspace.' },
        { kind: 'disconnected', detail: 'The bot token of the app was revoked.' },
      ],
    ],
  ];
  for (const [change, news] of CHANGES) {
    test(`${change.kind} is news`, async () => {
      const replies = await sandbox.slack.announce(change);
      assert.ok(replies.every((reply) => reply?.status === 200));
      assert.deepEqual(byDetail(ear.heard.flatMap((callback) => callback.news)), byDetail(news));
    });
  }

  test('the URL is verified', async () => {
    const [reply] = await sandbox.slack.announce({ kind: 'url_verification' });
    assert.match(reply?.body ?? '', /^challenge-\d+$/);
    assert.deepEqual(ear.heard[0]?.news, []);
  });

  test('an event that comes again brings the same news', async () => {
    const event = envelope({ type: 'team_join', user: user({}) });
    const first = await hear(event);
    clock.advance(1_000);
    const again = await hear(event, { 'x-slack-retry-num': '1', 'x-slack-retry-reason': 'http_timeout' });
    assert.deepEqual(again, first);
    assert.equal(first.news.length, 1);
  });
});

describe('What brings no news', () => {
  const QUIET: readonly (readonly [string, JsonObject])[] = [
    ['a guest', { type: 'team_join', user: user({ is_restricted: true }) }],
    ['a bot', { type: 'user_change', user: user({ is_bot: true }) }],
    ['a stranger', { type: 'user_change', user: user({ is_stranger: true }) }],
    ['a user without an address', { type: 'user_change', user: { id: JANE, profile: {} } }],
    ['a user that is none', { type: 'user_change', user: [] }],
    ['a user without an id', { type: 'user_change', user: { profile: { email: 'x@example.com' } } }],
    ['a conversation without an id', { type: 'im_created', user: JANE, channel: {} }],
    ['a conversation that is a channel', { type: 'im_created', user: JANE, channel: { id: 'C1' } }],
    ['a person’s own token', { type: 'tokens_revoked', tokens: { oauth: [JANE], bot: [] } }],
    ['an unknown event', { type: 'moon_risen' }],
    ['an event without a type', {}],
  ];
  for (const [what, event] of QUIET) {
    test(what, async () => assert.deepEqual(await hear(envelope(event)), { reply: { status: 200 }, news: [] }));
  }

  test('other envelopes, and envelopes without an event', async () => {
    for (const body of [
      { type: 'app_rate_limited' },
      {},
      { type: 'event_callback' },
      { type: 'event_callback', event: 1 },
    ])
      assert.deepEqual(await hear(body), { reply: { status: 200 }, news: [] });
  });

  test('another workspace of the same app', async () => {
    const foreign = { ...envelope({ type: 'app_uninstalled' }), team_id: 'T0ELSE' };
    assert.deepEqual((await hear(foreign)).news, []);
    assert.deepEqual((await hear(foreign, {}, { teamId: 'T0ELSE' })).news.length, 1);
    const grid = { ...foreign, enterprise_id: 'E1' };
    assert.deepEqual((await hear(grid, {}, { teamId: 'E1' })).news.length, 1);
  });
});

describe('Which workspace is ours', () => {
  const join = envelope({ type: 'team_join', user: user({}) });

  test('is asked of Slack once, and never where it is configured', async () => {
    const inbox = openInbox({});
    for (let times = 0; times < 3; times++) await inbox.receive(request(join));
    await hear(join, {}, { teamId: 'T0SANDBOX' });
    assert.equal(sandbox.stats().calls.slack?.['auth.test']?.calls, 1);
  });

  test('and when Slack cannot say, the event has to come again', async () => {
    sandbox.faults.set([{ provider: 'slack', fault: { kind: 'status', status: 503 } }]);
    const { reply, news, refused } = await hear(join);
    assert.deepEqual([reply.status, news], [503, []]);
    assert.match(refused ?? '', /come again/);
  });

  test('an uninstalled app is not asked for its people any more', async () => {
    await sandbox.slack.announce({ kind: 'app_uninstalled' });
    assert.deepEqual(await hear(join), { reply: { status: 200 }, news: [] });
  });
});

describe('What is refused', () => {
  const join = envelope({ type: 'team_join', user: user({}) });
  const good = signEvent(join, SECRET, NOW).headers;
  const deep = `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`;
  const CASES: readonly (readonly [string, Partial<CallbackRequest>, number, RegExp])[] = [
    ['no signature', { headers: {} }, 401, /not signed/],
    ['two signatures', { headers: { ...good, 'x-slack-signature': ['v0=1', 'v0=2'] } }, 401, /not signed/],
    ['half a signature', { headers: { ...good, 'x-slack-signature': 'v0=abc' } }, 401, /does not fit/],
    ['another version', { headers: { ...good, 'x-slack-signature': `v1=${'0'.repeat(64)}` } }, 401, /does not fit/],
    ['another body', { body: Buffer.from(`${JSON.stringify(join)} `) }, 401, /does not fit/],
    ['another secret', { headers: signEvent(join, 'wrong', NOW).headers }, 401, /does not fit/],
    ['an old one', signed(join, NOW - 301_000), 401, /five minutes/],
    ['one of tomorrow', signed(join, NOW + 302_000), 401, /five minutes/],
    ['no time', { headers: { ...good, 'x-slack-request-timestamp': 'NaN' } }, 401, /no time/],
    ['receipts', { kind: 'receipts' }, 404, /no receipts/],
    ['no JSON', signed('payload=%7B%7D'), 400, /no JSON/],
    ['a list', signed('[]'), 400, /no JSON/],
    ['a deep one', signed(deep), 400, /levels deep/],
    ['prototypes', signed('{"type":"event_callback","__proto__":{}}'), 400, /not allowed/],
    ['a challenge that is none', signed({ type: 'url_verification', challenge: {} }), 400, /no challenge/],
    ['a very long challenge', signed({ type: 'url_verification', challenge: 'x'.repeat(1_001) }), 400, /no challenge/],
  ];
  for (const [what, change, status, why] of CASES) {
    test(`${what}: ${status}`, async () => {
      const { reply, news, refused } = await openInbox({}, NOW).receive({ ...request(join, NOW), ...change });
      assert.deepEqual([reply.status, news], [status, []]);
      assert.match(refused ?? '', why);
      assert.doesNotMatch(refused ?? '', /signing-secret/);
    });
  }

  test('everything while no secret is configured', async () => {
    const { reply, refused } = await openInbox({ signingSecret: null }).receive(request(join));
    assert.equal(reply.status, 403);
    assert.match(refused ?? '', /signingSecret/);
  });
});

test('a time of the future is not believed', async () => {
  const { news } = await hear({ ...envelope({ type: 'team_join', user: user({}) }), event_time: 9_999_999_999 });
  assert.deepEqual(
    news.map((entry) => 'at' in entry && entry.at),
    [clock.now()],
  );
});

function openInbox(settings: Record<string, string | null>, at?: number) {
  const { urls, credentials } = sandbox;
  const given = Object.entries({ ...credentials.slack, apiUrl: urls.slack, ...settings });
  const connection = {
    id: 'dc-test',
    botId: 'st-test',
    channel: 'slack',
    name: null,
    settings: Object.fromEntries(given.filter(([, value]) => value !== null)),
    limits: { perSecond: null, concurrency: null },
    allowPrivateNetwork: true,
  };
  const present = at === undefined ? clock : { ...clock, now: () => at };
  const inbox = slack.openInbox?.(connection, { outbound, clock: present, random: () => 0.5, publicUrl: null });
  assert.ok(inbox !== undefined);
  return inbox;
}

/** A really signed request, without the wire. */
function hear(body: JsonObject, headers: Record<string, string> = {}, settings: Record<string, string> = {}) {
  const asked = request(body);
  return openInbox(settings).receive({ ...asked, headers: { ...asked.headers, ...headers } });
}

function request(body: JsonObject, at = clock.now()): CallbackRequest {
  const url = 'https://beckon.example.com/channels/dc-test/events';
  const signal = AbortSignal.timeout(5_000);
  return { method: 'POST', kind: 'events', url, query: new URLSearchParams(), signal, ...signed(body, at) };
}

function signed(body: JsonObject | string, at = NOW): Pick<CallbackRequest, 'headers' | 'body'> {
  const post = signEvent(body, SECRET, at);
  return { headers: post.headers, body: Buffer.from(post.body) };
}

function envelope(event: JsonObject): JsonObject {
  return {
    type: 'event_callback',
    team_id: 'T0SANDBOX',
    api_app_id: 'A1',
    event,
    event_id: 'Ev1',
    event_time: NOW / 1000,
  };
}

function user(flags: JsonObject): JsonObject {
  return { id: JANE, team_id: 'T0SANDBOX', ...flags, profile: { email: 'jane@example.com' } };
}

const byDetail = (news: readonly News[]) => news.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));

interface Ear {
  readonly url: string;
  readonly heard: Callback[];
  close(): void;
}

/** Stands for the server: hands what comes over the wire to the connection's inbox. */
async function openEar(): Promise<Ear> {
  const heard: Callback[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const body = await buffer(incoming);
    const common = {
      kind: 'events',
      url: '',
      query: new URLSearchParams(),
      signal: AbortSignal.timeout(5_000),
    } as const;
    const callback = await openInbox({ teamId: 'T0SANDBOX' }).receive({
      ...common,
      method: 'POST',
      headers: incoming.headers,
      body,
    });
    heard.push(callback);
    outgoing.writeHead(callback.reply.status).end(callback.reply.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { url: `http://127.0.0.1:${address.port}/`, heard, close: () => server.close() };
}
