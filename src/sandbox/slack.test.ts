import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, beforeEach, test } from 'node:test';
import { ErrorCode, LogLevel, WebClient } from '@slack/web-api';
import { isJsonObject, parseJsonObject } from '../model/json.ts';
import { call, openManualClock, openRig } from './test-rig.ts';

const clock = openManualClock();
const sandbox = await openRig({ clock });
const { ledger, people, urls } = sandbox;
const { token } = sandbox.credentials.slack;
const client = openClient(token);
beforeEach(() => sandbox.reset());

function openClient(withToken: string): WebClient {
  return new WebClient(withToken, {
    slackApiUrl: urls.slack,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logLevel: LogLevel.ERROR,
  });
}

const authorization = { authorization: `Bearer ${token}` };
const method = (name: string, body: unknown, headers: Readonly<Record<string, string>> = authorization) =>
  call(`${urls.slack}${name}`, { headers, body });

test('the official client checks its token, finds a person, opens the conversation and posts', async () => {
  assert.equal((await client.auth.test()).bot_id, 'B0SANDBOX');
  const found = await client.users.lookupByEmail({ email: 'Jane@Example.com' });
  const opened = await client.conversations.open({ users: found.user?.id ?? '' });
  assert.match(opened.channel?.id ?? '', /^D/);
  const blocks = [{ type: 'section', text: { type: 'mrkdwn', text: '*hello*' } }];
  const posted = await client.chat.postMessage({ channel: opened.channel?.id ?? '', text: 'hello', blocks });
  assert.equal(posted.channel, opened.channel?.id);
  assert.match(posted.ts ?? '', /^\d{10}\.\d{6}$/);
  assert.equal(posted.message?.text, 'hello');
  assert.deepEqual(
    ledger
      .entries()
      .map(({ recipient, conversation, messageId, text }) => ({ recipient, conversation, messageId, text })),
    [{ recipient: 'jane@example.com', conversation: posted.channel, messageId: posted.ts, text: 'hello' }],
  );
});

test('the official client writes blocks as JSON into a form, gets them back, and reads what is refused', async () => {
  const section = { type: 'section', text: { type: 'mrkdwn', text: '*hello* & {"a":[1]} = é' } };
  const posted = await client.chat.postMessage({ channel: 'C1', blocks: [section, { type: 'divider' }] });
  assert.deepEqual(posted.message?.blocks, [section, { type: 'divider' }]);
  const form = new URLSearchParams(ledger.entries()[0]?.body ?? '');
  assert.deepEqual(JSON.parse(form.get('blocks') ?? ''), [section, { type: 'divider' }]);

  const tooMany = client.chat.postMessage({ channel: 'C1', blocks: Array(51).fill(section) });
  await assert.rejects(tooMany, { code: ErrorCode.PlatformError, message: /invalid_blocks$/ });
  assert.equal(ledger.total(), 1);

  sandbox.faults.set([{ provider: 'slack', fault: { kind: 'status', status: 503 } }]);
  const failing = client.chat.postMessage({ channel: 'C1', text: 'x' });
  await assert.rejects(failing, { code: ErrorCode.HTTPError, statusCode: 503 });
});

test('a direct message keeps its id, and posting to the user leads there too', async () => {
  const user = (await client.users.lookupByEmail({ email: 'jane@example.com' })).user?.id ?? '';
  const first = await client.conversations.open({ users: user });
  const second = await client.conversations.open({ users: user });
  assert.deepEqual([first.already_open, second.already_open], [undefined, true]);
  assert.equal(first.channel?.id, second.channel?.id);
  assert.equal((await client.chat.postMessage({ channel: user, text: 'x' })).channel, first.channel?.id);
  assert.equal(ledger.countOf('slack', 'jane@example.com'), 1);
});

test('a person with an id of their own is found by it', async () => {
  people.change({ slack: [{ match: 'Jane@Example.com', id: 'U0JANE', name: 'Jane', state: 'active' }] });
  const { user } = await client.users.lookupByEmail({ email: 'jane@example.com' });
  assert.deepEqual([user?.id, user?.name], ['U0JANE', 'Jane']);
  await client.chat.postMessage({ channel: 'DU0JANE', text: 'x' });
  await client.chat.postMessage({ channel: 'C0GENERAL', text: 'x' });
  assert.deepEqual(ledger.counts().recipients.slack, { 'jane@example.com': 1, C0GENERAL: 1 });
});

test('form and JSON bodies, token in header or body', async () => {
  const message = { channel: 'C0GENERAL', text: 'x' };
  const ways = [
    method('chat.postMessage', message),
    method('chat.postMessage', new URLSearchParams(message)),
    method('chat.postMessage', new URLSearchParams({ ...message, token }), {}),
  ];
  for (const reply of await Promise.all(ways)) assert.equal(reply.json['ok'], true, reply.text);
  const byQuery = await call(`${urls.slack}users.lookupByEmail?email=jane%40example.com`, {
    method: 'GET',
    headers: authorization,
  });
  assert.equal(byQuery.json['ok'], true);
});

test('a look-up passes a JSON body over', async () => {
  const reply = await method('users.lookupByEmail', { email: 'jane@example.com' });
  assert.equal(reply.json['error'], 'invalid_arguments');
  assert.deepEqual(reply.json['response_metadata'], { messages: ['[ERROR] missing required field: email'] });
});

const ERRORS: readonly (readonly [
  name: string,
  method: string,
  body: Readonly<Record<string, string>>,
  error: string,
])[] = [
  ['an unknown e-mail', 'users.lookupByEmail', { email: 'unknown@example.com' }, 'users_not_found'],
  ['a guest', 'users.lookupByEmail', { email: 'guest@example.com' }, 'users_not_found'],
  ['nobody to open with', 'conversations.open', {}, 'users_list_not_supplied'],
  ['several to open with', 'conversations.open', { users: 'U1,U2' }, 'invalid_user_combination'],
  ['an unknown user', 'conversations.open', { users: 'unknown' }, 'user_not_found'],
  ['a deactivated user', 'conversations.open', { users: 'deleted' }, 'user_disabled'],
  [
    'a new one where none may be made',
    'conversations.open',
    { users: 'U1', prevent_creation: 'true' },
    'channel_not_found',
  ],
  ['no channel', 'chat.postMessage', { text: 'x' }, 'invalid_arguments'],
  ['an unknown channel', 'chat.postMessage', { channel: 'unknown', text: 'x' }, 'channel_not_found'],
  ['a deactivated user', 'chat.postMessage', { channel: 'deleted', text: 'x' }, 'user_disabled'],
  ['nothing to say', 'chat.postMessage', { channel: 'C1' }, 'no_text'],
  ['blocks that are no list', 'chat.postMessage', { channel: 'C1', blocks: '{' }, 'invalid_blocks_format'],
  ['51 blocks', 'chat.postMessage', { channel: 'C1', blocks: blocksOf(51, 1) }, 'invalid_blocks'],
  ['a long section', 'chat.postMessage', { channel: 'C1', blocks: blocksOf(1, 3001) }, 'invalid_blocks'],
  ['blocks too long together', 'chat.postMessage', { channel: 'C1', blocks: blocksOf(5, 3000) }, 'msg_blocks_too_long'],
  [
    '101 attachments',
    'chat.postMessage',
    { channel: 'C1', attachments: JSON.stringify(Array(101).fill({})) },
    'too_many_attachments',
  ],
  [
    'markdown beside text',
    'chat.postMessage',
    { channel: 'C1', text: 'x', markdown_text: 'x' },
    'markdown_text_conflict',
  ],
  ['long markdown', 'chat.postMessage', { channel: 'C1', markdown_text: 'x'.repeat(12_001) }, 'msg_too_long'],
  ['an unknown method', 'chat.unheardOf', {}, 'unknown_method'],
  ['a method named like a member of every object', 'constructor', {}, 'unknown_method'],
];

for (const [name, to, body, error] of ERRORS) {
  test(`${to} refuses ${name}: ${error}, at status 200`, async () => {
    const form = new URLSearchParams(Object.entries(body));
    const reply = await method(to, form);
    assert.deepEqual([reply.status, reply.json['ok'], reply.json['error']], [200, false, error]);
    assert.equal(ledger.total(), 0);
  });
}

function blocksOf(count: number, length: number): string {
  return JSON.stringify(Array(count).fill({ type: 'section', text: { type: 'plain_text', text: 'x'.repeat(length) } }));
}

test('a text over 40,000 characters is cut, not refused', async () => {
  const reply = await client.chat.postMessage({ channel: 'C1', text: 'x'.repeat(40_001) });
  assert.equal(reply.message?.text?.length, 40_000);
});

test('a deactivated person is found and marked; a hidden messages tab refuses the post', async () => {
  const { user } = await client.users.lookupByEmail({ email: 'deleted-jane@example.com' });
  assert.equal(user?.deleted, true);
  people.change({ slack: [{ match: 'U0JANE', state: 'tab_disabled' }] });
  const refused = await method('chat.postMessage', { channel: 'U0JANE', text: 'x' });
  assert.equal(refused.json['error'], 'messages_tab_disabled');
});

test('no token and a wrong token are told apart', async () => {
  assert.equal((await method('auth.test', undefined, {})).json['error'], 'not_authed');
  await assert.rejects(openClient('xoxb-wrong').auth.test(), {
    code: ErrorCode.PlatformError,
    data: {
      ok: false,
      error: 'invalid_auth',
      response_metadata: { scopes: ['chat:write', 'im:write', 'users:read', 'users:read.email'] },
    },
  });
});

test('users.list pages through everybody who is listed', async () => {
  const everybody = Array.from({ length: 2500 }, (_, index) => `p${index}@example.com`);
  people.change({ replace: true, slack: everybody.map((match) => ({ match, state: 'active' as const })) });
  const seen: (string | undefined)[] = [];
  let cursor = '';
  do {
    const page = await client.users.list(cursor === '' ? { limit: 1000 } : { limit: 1000, cursor });
    seen.push(...(page.members ?? []).map(({ profile }) => profile?.email));
    cursor = page.response_metadata?.next_cursor ?? '';
  } while (cursor !== '');
  assert.deepEqual(seen, everybody);
  assert.equal((await method('users.list', new URLSearchParams({ cursor: 'x' }))).json['error'], 'invalid_cursor');
});

test('a person keeps their id when their address changes, and the app is told', async () => {
  const { id = '' } = (await client.users.lookupByEmail({ email: 'jane@example.com' })).user ?? {};
  await sandbox.slack.announce({ kind: 'email_changed', email: 'jane@example.com', newEmail: 'doe@example.com' });
  assert.equal((await client.users.lookupByEmail({ email: 'doe@example.com' })).user?.id, id);
  await assert.rejects(client.users.lookupByEmail({ email: 'jane@example.com' }), { data: NOBODY });
  await client.chat.postMessage({ channel: id, text: 'x' });
  assert.equal(ledger.countOf('slack', 'doe@example.com'), 1);
});

test('what happens in the workspace is posted, signed as Slack signs', async () => {
  const ear = await openEar();
  sandbox.webhooks.set('slack', ear.url);
  const happen = async (change: object) => (await call(`${urls.base}/control/slack`, { body: change })).json;
  const one = { events: [{ status: 200 }] };
  assert.deepEqual(await happen({ kind: 'user_joined', email: 'new@example.com' }), one);
  assert.deepEqual(await happen({ kind: 'user_deactivated', email: 'new@example.com' }), one);
  assert.deepEqual(await happen({ kind: 'conversation_opened', email: 'jane@example.com' }), one);
  assert.deepEqual(await happen({ kind: 'url_verification' }), one);
  assert.deepEqual(await happen({ kind: 'app_uninstalled' }), { events: [{ status: 200 }, { status: 200 }] });
  sandbox.webhooks.set('slack', null);

  const seconds = Math.floor(clock.now() / 1000);
  for (const { headers, body } of ear.heard) {
    const base = `v0:${seconds}:${body}`;
    const digest = createHmac('sha256', sandbox.credentials.slack.signingSecret).update(base).digest('hex');
    assert.equal(headers['x-slack-signature'], `v0=${digest}`);
    assert.equal(headers['x-slack-request-timestamp'], String(seconds));
  }
  const events = ear.heard.map(({ body }) => parseJsonObject(body)).map((event) => event?.['event'] ?? event?.['type']);
  assert.deepEqual(events.map((event) => (isJsonObject(event) ? event['type'] : event)).sort(), [
    'app_uninstalled',
    'im_created',
    'team_join',
    'tokens_revoked',
    'url_verification',
    'user_change',
  ]);
  await assert.rejects(client.auth.test(), {
    data: { ok: false, error: 'account_inactive', response_metadata: SCOPES },
  });
  sandbox.reset();
  assert.equal((await client.auth.test()).ok, true);
});

for (const [change, fault] of [
  [{ kind: 'party' }, /^slack\.kind must be one of user_joined, /],
  [{ kind: 'user_joined' }, /^slack\.email must be a text/],
  [{ kind: 'user_joined', email: 'U0JANE' }, /^slack\.email must be an e-mail address/],
  [{ kind: 'app_uninstalled', email: 'x@example.com' }, /^slack\.email is not known/],
] as const) {
  test(`a change that makes no sense: ${JSON.stringify(change)}`, async () => {
    const reply = await call(`${urls.base}/control/slack`, { body: change });
    assert.equal(reply.status, 400);
    assert.match(String(reply.json['error']), fault);
  });
}

const SCOPES = { scopes: ['chat:write', 'im:write', 'users:read', 'users:read.email'] };
const NOBODY = { ok: false, error: 'users_not_found', response_metadata: SCOPES };

/** Listens on this machine and answers 200. */
async function openEar() {
  const heard: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    heard.push({ headers: request.headers, body });
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { url: `http://127.0.0.1:${address.port}/`, heard };
}

const TIERS = [
  ['users.lookupByEmail', 50],
  ['conversations.open', 50],
  ['users.list', 20],
] as const;

for (const [name, perMinute] of TIERS) {
  test(`${name} takes ${perMinute} calls a minute, then 429 with Retry-After`, async () => {
    const body = () => new URLSearchParams({ email: 'jane@example.com', users: 'U0JANE' });
    for (let made = 0; made < perMinute; made++) assert.equal((await method(name, body())).status, 200);
    clock.advance(10_000);
    const refused = await method(name, body());
    assert.deepEqual([refused.status, refused.json['error']], [429, 'ratelimited']);
    assert.equal(refused.headers.get('retry-after'), '50');
    assert.equal((await method('auth.test', undefined)).status, 200, 'other methods go on');
    clock.advance(50_000);
    assert.equal((await method(name, body())).status, 200);
  });
}

test('a channel takes bursts of 3 posts and 60 a minute; the official client reads the wait', async () => {
  const post = (channel: string) => client.chat.postMessage({ channel, text: 'x' });
  for (let sent = 0; sent < 3; sent++) await post('C1');
  await assert.rejects(post('C1'), { code: ErrorCode.RateLimitedError, retryAfter: 1 });
  await post('C2');
  clock.advance(500);
  for (let sent = 3; sent < 60; sent++) {
    clock.advance(500);
    await post('C1');
  }
  clock.advance(500);
  await assert.rejects(post('C1'), { code: ErrorCode.RateLimitedError, retryAfter: 31 });
});

test('limits can be switched off', async () => {
  const free = await openRig({ limits: 'off' });
  const statuses = [];
  for (let made = 0; made < 60; made++) {
    const body = new URLSearchParams({ email: 'jane@example.com' });
    statuses.push((await call(`${free.urls.slack}users.lookupByEmail`, { headers: authorization, body })).status);
  }
  assert.deepEqual([...new Set(statuses)], [200]);
});
