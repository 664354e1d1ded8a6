import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { call, openBot, openManualClock, openRig, type Reply, tokenOf } from './test-rig.ts';

const clock = openManualClock();
const sandbox = await openRig({ clock, limits: 'off' });
const { credentials, ledger, people } = sandbox;
const bot = await openBot(sandbox);
beforeEach(() => sandbox.reset());

const CARD = { contentType: 'application/vnd.microsoft.card.adaptive', content: { type: 'AdaptiveCard' } };
const AAD = '11111111-2222-3333-4444-555555555555';

function codeOf({ json }: Reply): unknown {
  const { error } = json;
  return typeof error === 'object' && error !== null && 'code' in error ? error['code'] : undefined;
}

test('creating the conversation of one member twice gives one id', async () => {
  const first = await bot.create('29:jane');
  assert.equal(first.status, 201);
  assert.equal((await bot.create('29:jane')).json['id'], first.json['id']);
  assert.notEqual((await bot.create('29:john')).json['id'], first.json['id']);
});

test('both names of a person lead to the same conversation and the same line of the ledger', async () => {
  people.change({ teams: [{ match: '29:jane', aadObjectId: AAD, state: 'installed' }] });
  const conversation = await bot.conversationWith(AAD);
  assert.equal(conversation, await bot.conversationWith('29:jane'));
  await bot.send(conversation);
  assert.equal(ledger.countOf('teams', '29:jane'), 1);
});

test('the tenant may be given either way, but must be given', async () => {
  const body = { members: [{ id: '29:jane' }] };
  const inChannelData = { ...body, channelData: { tenant: { id: 't' } } };
  assert.equal((await call(bot.conversations, { headers: bot.headers, body: inChannelData })).status, 201);
  const refused = await call(bot.conversations, { headers: bot.headers, body });
  assert.deepEqual([refused.status, codeOf(refused)], [400, 'BadArgument']);
});

const BAD_CREATES = [
  ['no members', { members: [] }],
  ['two members', { members: [{ id: '29:a' }, { id: '29:b' }] }],
  ['an e-mail address', { members: [{ id: 'jane@example.com' }] }],
] as const;

for (const [name, change] of BAD_CREATES) {
  test(`create refuses ${name}`, async () => {
    const body = { tenantId: 't', ...change };
    const reply = await call(bot.conversations, { headers: bot.headers, body });
    assert.deepEqual([reply.status, codeOf(reply)], [400, 'BadSyntax']);
  });
}

test('a sent message is answered with its id and is in the ledger', async () => {
  const conversation = await bot.conversationWith('29:jane');
  const reply = await bot.send(conversation, { type: 'message', text: 'hello' });
  assert.equal(reply.status, 201);
  assert.match(String(reply.json['id']), /^\d{13}$/);
  assert.deepEqual(
    ledger.entries().map(({ recipient, text, messageId, key, at }) => ({ recipient, text, messageId, key, at })),
    [{ recipient: '29:jane', text: 'hello', messageId: reply.json['id'], key: null, at: clock.now() }],
  );
});

test('a conversation id may be encoded or raw', async () => {
  const conversation = await bot.conversationWith('29:jane');
  for (const written of [conversation, encodeURIComponent(conversation)]) {
    const url = `${bot.conversations}/${written}/activities`;
    assert.equal((await call(url, { headers: bot.headers, body: { type: 'message', text: 'x' } })).status, 201);
  }
});

test('a create call that carries an activity sends it', async () => {
  const reply = await bot.create('29:jane', { activity: { type: 'message', text: 'first' } });
  assert.equal(typeof reply.json['activityId'], 'string');
  assert.equal(ledger.countOf('teams', '29:jane'), 1);
});

test('a channel post goes to the channel', async () => {
  const body = {
    isGroup: true,
    channelData: { tenant: { id: 't' }, channel: { id: '19:news@thread.tacv2' } },
    activity: { type: 'message', text: 'x' },
  };
  const reply = await call(bot.conversations, { headers: bot.headers, body });
  assert.equal(reply.json['id'], '19:news@thread.tacv2');
  assert.equal((await bot.send('19:news@thread.tacv2;messageid=1')).status, 201);
  assert.equal(ledger.countOf('teams', '19:news@thread.tacv2'), 2);
});

test('text beside a card is accepted without an id', async () => {
  const conversation = await bot.conversationWith('29:jane');
  const split = await bot.send(conversation, { type: 'message', text: 'x', attachments: [CARD] });
  assert.deepEqual([split.status, split.text], [202, '']);
  assert.equal((await bot.send(conversation, { type: 'message', attachments: [CARD] })).status, 201);
  assert.equal(ledger.countOf('teams', '29:jane'), 2);
});

const BAD_ACTIVITIES = [
  ['no text and no attachment', { type: 'message' }, 400],
  ['no type', { text: 'x' }, 400],
  ['no JSON', 'hello', 400],
  ['no object', '[1]', 400],
  ['100 KB and one character as UTF-16', { type: 'message', text: 'é'.repeat(51_200) }, 413],
] as const;

for (const [name, activity, status] of BAD_ACTIVITIES) {
  test(`send refuses ${name}`, async () => {
    assert.equal((await bot.send(await bot.conversationWith('29:jane'), activity)).status, status);
    assert.equal(ledger.total(), 0);
  });
}

test('size counts characters, not bytes, and leaves inline pictures out', async () => {
  const conversation = await bot.conversationWith('29:jane');
  assert.equal((await bot.send(conversation, { type: 'message', text: 'é'.repeat(51_000) })).status, 201);
  const url = `data:image/png;base64,${'A'.repeat(200_000)}`;
  const attachments = [{ contentType: 'image/png', contentUrl: url }];
  assert.equal((await bot.send(conversation, { type: 'message', attachments })).status, 201);
});

const STATES = [
  ['not_installed', 403, 403, 'BotNotInConversationRoster'],
  ['disabled_by_admin', 403, 403, 'BotDisabledByAdmin'],
  ['unknown', 403, 404, 'ConversationNotFound'],
  ['blocked', 201, 403, undefined],
] as const;

for (const [state, createStatus, sendStatus, sendCode] of STATES) {
  test(`${state}: create says ${createStatus}, send says ${sendStatus}`, async () => {
    const conversation = await bot.conversationWith('29:jane');
    people.change({ teams: [{ match: '29:jane', state }] });
    assert.equal((await bot.create('29:jane')).status, createStatus);
    const refused = await bot.send(conversation);
    assert.deepEqual([refused.status, codeOf(refused)], [sendStatus, sendCode]);
    assert.equal(ledger.total(), 0);
  });
}

test('creating for someone who lacks the app names ForbiddenOperationException', async () => {
  assert.match((await bot.create('29:removed-jane')).text, /ForbiddenOperationException/);
});

test('a blocked thread answers with JSON inside a string', async () => {
  const refused = await bot.send(await bot.conversationWith('29:blocked-jane'));
  assert.equal(refused.json['errorCode'], 209);
  assert.equal(JSON.parse(String(refused.json['message'])).subCode, 'MessageWritesBlocked');
});

test('a conversation that was made anew leaves the old id behind', async () => {
  const old = await bot.conversationWith('29:jane');
  people.change({ teams: [{ match: '29:jane', state: 'installed', generation: 2 }] });
  assert.deepEqual(codeOf(await bot.send(old)), 'ConversationNotFound');
  const renewed = await bot.conversationWith('29:jane');
  assert.notEqual(renewed, old);
  assert.equal((await bot.send(renewed)).status, 201);
});

test('a 404 that goes away is a fault for each recipient once', async () => {
  sandbox.faults.add({ route: 'send', times: 1, perRecipient: true, fault: { kind: 'status', status: 404 } });
  for (const member of ['29:jane', '29:john']) {
    const conversation = await bot.conversationWith(member);
    assert.equal(codeOf(await bot.send(conversation)), 'ConversationNotFound');
    assert.equal((await bot.send(conversation)).status, 201);
  }
});

test('an id that this bot was never given cannot be decrypted', async () => {
  for (const id of ['a:1made-up', 'nonsense', `${await bot.conversationWith('29:jane')};messageid=1`]) {
    const refused = await bot.send(id);
    assert.deepEqual([refused.status, codeOf(refused)], [400, 'BadArgument']);
    assert.match(refused.text, /Failed to decrypt conversation id/);
  }
});

test("the other bot's conversation is foreign", async () => {
  const { appId, appPassword } = credentials.teamsMultiTenant;
  const other = { authority: 'botframework.com', client_id: appId, client_secret: appPassword };
  const headers = { authorization: `Bearer ${await tokenOf(sandbox, other)}` };
  const conversation = await bot.conversationWith('29:jane');
  const url = `${bot.conversations}/${conversation}/activities`;
  assert.equal((await call(url, { headers, body: { type: 'message', text: 'x' } })).status, 400);
});

test('strict: only who is listed can be reached', async () => {
  people.change({ strict: true, teams: [{ match: '29:jane', state: 'installed' }] });
  assert.equal((await bot.create('29:jane')).status, 201);
  assert.equal((await bot.create('29:john')).status, 403);
  const strictBot = await openBot(await openRig({ strict: true, limits: 'off' }));
  for (const member of ['29:jane', '29:blocked-jane']) assert.equal((await strictBot.create(member)).status, 403);
});

test('only a token for the connector, from the right authority, is let in', async () => {
  const { appId, appPassword } = credentials.teamsMultiTenant;
  const good = await tokenOf(sandbox);
  const tokens = [
    `${good.slice(0, -3)}abc`,
    'nonsense',
    await tokenOf(sandbox, { scope: 'https://graph.microsoft.com/.default' }),
    await tokenOf(sandbox, { client_id: appId, client_secret: appPassword }),
  ];
  const body = { members: [{ id: '29:jane' }], tenantId: 't' };
  for (const authorization of [...tokens.map((token) => `Bearer ${token}`), good, 'Bearer', '']) {
    const refused = await call(bot.conversations, { headers: { authorization }, body });
    assert.equal(refused.status, 401, authorization);
    assert.deepEqual(refused.json, { message: 'Authorization has been denied for this request.' });
  }
  assert.equal((await call(bot.conversations, { headers: { authorization: `bearer ${good}` }, body })).status, 201);
});

test('a message can be updated and deleted, in its own conversation, until it is deleted', async () => {
  const conversation = await bot.conversationWith('29:jane');
  const id = String((await bot.send(conversation)).json['id']);
  const at = (where: string, what: string) => `${bot.conversations}/${encodeURIComponent(where)}/activities/${what}`;
  const put = (url: string) => call(url, { method: 'PUT', headers: bot.headers, body: { type: 'message', text: 'b' } });
  assert.equal(codeOf(await put(at(await bot.conversationWith('29:john'), id))), 'ActivityNotFoundInConversation');
  assert.equal(codeOf(await put(at(conversation, '123'))), 'ActivityNotFoundInConversation');
  assert.deepEqual((await put(at(conversation, id))).json, { id });
  assert.equal((await call(at(conversation, id), { method: 'DELETE', headers: bot.headers })).status, 200);
  assert.equal((await put(at(conversation, id))).status, 404);
  assert.deepEqual(
    ledger.entries().map((entry) => entry.action),
    ['send', 'update', 'delete'],
  );
  assert.equal(ledger.total(), 1);
});

test('a second call to a thread while the first is still being worked on is refused with 412', async () => {
  sandbox.faults.add({ route: 'send', times: 1, fault: { kind: 'slow', delayMs: 1000 } });
  const [jane, john] = [await bot.conversationWith('29:jane'), await bot.conversationWith('29:john')];
  const first = bot.send(jane);
  await sandbox.until(() => sandbox.stats().inFlight === 1);
  assert.equal((await bot.send(jane)).status, 412);
  assert.equal((await bot.send(john)).status, 201);
  clock.advance(1000);
  assert.equal((await first).status, 201);
  assert.equal((await bot.send(jane)).status, 201);
});

test('paths and verbs that the connector does not have are 404', async () => {
  for (const [method, path] of [
    ['GET', ''],
    ['PUT', '/x/activities'],
    ['POST', '/x'],
    ['PATCH', '/x/activities/1'],
  ] as const) {
    assert.equal((await call(`${bot.conversations}${path}`, { method, headers: bot.headers })).status, 404);
  }
});

test('a thread takes 7 in a second, 8 in two, 60 in thirty; then 429 says how long', async () => {
  const limitedClock = openManualClock();
  const limited = await openRig({ clock: limitedClock, limits: { teamsPerTenantPerSecond: 0 } });
  const limitedBot = await openBot(limited);
  const conversation = await limitedBot.conversationWith('29:jane');
  const sendMany = async (count: number) => {
    const replies: Reply[] = [];
    for (let sent = 0; sent < count; sent++) replies.push(await limitedBot.send(conversation));
    return replies.map(({ status }) => status);
  };
  assert.deepEqual(await sendMany(7), [201, 201, 201, 201, 201, 201, 429], 'the create call counted');
  limitedClock.advance(1000);
  assert.deepEqual(await sendMany(2), [201, 429]);
  const refused = await limitedBot.send(conversation);
  assert.equal(codeOf(refused), 'Throttled');
  assert.equal(refused.headers.get('retry-after'), '1');
  limitedClock.advance(700);
  for (let sent = 8; sent < 60; sent++) {
    limitedClock.advance(300);
    assert.deepEqual(await sendMany(1), [201], `message ${sent}`);
  }
  limitedClock.advance(300);
  assert.equal((await limitedBot.send(conversation)).headers.get('retry-after'), '13');
});

test('who is in a thread may be asked twice as often', async () => {
  const limited = await openRig({ clock: openManualClock(), limits: { teamsPerTenantPerSecond: 0 } });
  const limitedBot = await openBot(limited);
  const url = `${limitedBot.conversations}/${await limitedBot.conversationWith('29:jane')}/members/29:jane`;
  const statuses = [];
  for (let asked = 0; asked < 15; asked++) {
    statuses.push((await call(url, { method: 'GET', headers: limitedBot.headers })).status);
  }
  assert.equal(statuses.indexOf(429), 14);
});

test('an app may call a tenant 30 times a second, whatever the threads', async () => {
  const limitedClock = openManualClock();
  const limited = await openRig({ clock: limitedClock });
  const limitedBot = await openBot(limited);
  const statuses = [];
  for (let member = 0; member < 31; member++) statuses.push((await limitedBot.create(`29:${member}`)).status);
  assert.deepEqual([statuses.indexOf(429), statuses.length], [30, 31]);
  assert.equal((await limitedBot.create('29:x', { tenantId: 'another tenant' })).status, 201);
  limitedClock.advance(1000);
  assert.equal((await limitedBot.create('29:x')).status, 201);
});
