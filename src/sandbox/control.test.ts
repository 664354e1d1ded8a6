import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { call, openBot, openManualClock, openRig } from './test-rig.ts';

const clock = openManualClock();
const sandbox = await openRig({ clock });
const { urls } = sandbox;
beforeEach(() => sandbox.reset());

const control = (method: string, path: string, body?: unknown) =>
  call(`${urls.base}/control${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) });
const deliver = (hook: string) => call(`${urls.hooks}/${hook}`, { body: '{}' });

test('the ledger is read in pages', async () => {
  for (const hook of ['a', 'b', 'a']) await deliver(hook);
  const first = await control('GET', '/ledger?provider=hooks&recipient=a&limit=1');
  assert.deepEqual([first.json['next'], first.json['more']], [1, true]);
  const second = await control('GET', '/ledger?provider=hooks&recipient=a&after=1');
  assert.deepEqual([second.json['next'], second.json['more']], [3, false]);
  assert.deepEqual((await control('GET', '/ledger?after=3')).json, { entries: [], next: 3, more: false });
});

test('counts can be waited for', async () => {
  const reached = control('GET', '/ledger/counts?atLeast=2&provider=hooks');
  await deliver('a');
  await deliver('a');
  assert.deepEqual((await reached).json, { total: 2, replays: 0, recipients: { hooks: { a: 2 } } });
});

test('waiting for counts ends in time', async () => {
  const waiting = control('GET', '/ledger/counts?atLeast=1&timeoutMs=1000');
  let isOver = false;
  void waiting.then(() => {
    isOver = true;
  });
  while (!isOver) {
    clock.advance(1000);
    await new Promise(setImmediate);
  }
  assert.equal((await waiting).json['total'], 0);
});

test('faults are set, added, listed with hits, removed, cleared', async () => {
  const gone = { fault: { kind: 'status', status: 410 } };
  assert.deepEqual((await control('PUT', '/faults', [{ recipient: 'a', ...gone }])).json, { ids: ['f1'] });
  assert.deepEqual((await control('POST', '/faults', [{ recipient: 'b', ...gone }])).json, { ids: ['f2'] });
  assert.deepEqual([(await deliver('a')).status, (await deliver('b')).status], [410, 410]);
  assert.deepEqual((await control('GET', '/faults')).json, {
    faults: [
      { recipient: 'a', ...gone, id: 'f1', hits: 1 },
      { recipient: 'b', ...gone, id: 'f2', hits: 1 },
    ],
  });
  assert.equal((await control('DELETE', '/faults/f1')).status, 200);
  assert.equal((await control('DELETE', '/faults/f1')).status, 404);
  assert.deepEqual([(await deliver('a')).status, (await deliver('b')).status], [200, 410]);
  await control('DELETE', '/faults');
  assert.equal((await deliver('b')).status, 200);
});

test('people change their states', async () => {
  await control('PUT', '/people', { teams: [{ match: '29:jane', state: 'blocked' }] });
  const bot = await openBot(sandbox);
  assert.equal((await bot.send(await bot.conversationWith('29:jane'))).status, 403);
});

test('a hook gets secrets', async () => {
  await control('PUT', '/hooks', { orders: ['whsec_c2VjcmV0'] });
  assert.equal((await deliver('orders')).status, 401);
});

test('reset empties the ledger and the counters and undoes every change', async () => {
  await deliver('a');
  await control('PUT', '/faults', [{ fault: { kind: 'status', status: 500 } }]);
  await control('PUT', '/hooks', { orders: ['whsec_c2VjcmV0'] });
  await control('PUT', '/people', { strict: true });
  await control('POST', '/reset');
  assert.deepEqual((await control('GET', '/ledger')).json, { entries: [], next: 0, more: false });
  assert.deepEqual((await control('GET', '/stats')).json['calls'], {});
  assert.equal((await deliver('orders')).status, 200);
  assert.equal((await (await openBot(sandbox)).create('29:jane')).status, 201);
});

test('stats count every call by what became of it', async () => {
  await deliver('a');
  await control('PUT', '/faults', [{ times: 2, fault: { kind: 'status', status: 500 } }]);
  for (const hook of ['a', 'a', 'a']) await deliver(hook);
  const stats = await control('GET', '/stats');
  assert.deepEqual(stats.json['calls'], {
    hooks: { deliver: { calls: 4, statuses: { '200': 2, '500': 2 }, unanswered: 0 } },
  });
  assert.deepEqual([stats.json['inFlight'], stats.json['peakInFlight']], [0, 1]);
});

const MISTAKES: readonly (readonly [method: string, path: string, body: unknown, error: string])[] = [
  ['GET', '/ledger?since=1', undefined, 'since is not known here; there is provider, recipient, after, limit.'],
  ['GET', '/ledger?after=-1', undefined, 'after must be a whole number, 0 or more.'],
  [
    'GET',
    '/ledger?provider=email',
    undefined,
    'provider must be one of login, teams, graph, slack, googletoken, googlechat, whatsapp, hooks, smtp, twilio, webpush.',
  ],
  ['PUT', '/faults', {}, 'faults must be a list.'],
  [
    'PUT',
    '/faults',
    [{}],
    'faults[0].fault.kind must be one of status, slow, hang, reset, cut, garbage, trickle, huge.',
  ],
  ['PUT', '/faults', [{ fault: { kind: 'status' } }], 'faults[0].fault.status must be a whole number from 200 to 599.'],
  ['PUT', '/faults', [{ fault: { kind: 'slow' } }], 'faults[0].fault.delayMs must be a number from 0 to 86400000.'],
  ['PUT', '/faults', [{ rate: 1.5, fault: { kind: 'hang' } }], 'faults[0].rate must be a number from 0 to 1.'],
  [
    'PUT',
    '/faults',
    [{ times: 0, fault: { kind: 'hang' } }],
    'faults[0].times must be a number from 1 to 9007199254740991.',
  ],
  [
    'PUT',
    '/faults',
    [{ channel: 'x', fault: { kind: 'hang' } }],
    'faults[0].channel is not known; there is fault, provider, route, recipient, times, perRecipient, rate.',
  ],
  [
    'PUT',
    '/faults',
    [{ fault: { kind: 'status', status: 200, headers: { x: 'a\nb' } } }],
    'faults[0].fault.headers.x is not a valid HTTP header.',
  ],
  [
    'PUT',
    '/faults',
    [{ fault: { kind: 'status', status: 200, headers: { 'Content-Length': '1' } } }],
    'faults[0].fault.headers.Content-Length is set by the sandbox; leave it out.',
  ],
  [
    'PUT',
    '/people',
    { teams: [{ match: '29:x', state: 'gone' }] },
    'people.teams[0].state must be one of installed, not_installed, blocked, disabled_by_admin, unknown.',
  ],
  [
    'PUT',
    '/people',
    { teams: [{ match: '29:*', aadObjectId: 'x', state: 'installed' }] },
    'people.teams[0].aadObjectId names one person, so people.teams[0].match cannot be a pattern.',
  ],
  ['PUT', '/people', { slack: 'jane' }, 'people.slack must be a list.'],
  ['PUT', '/hooks', { a: ['not base64!'] }, 'hooks.a[0] must be a Standard Webhooks secret: whsec_ and base64.'],
];

for (const [method, path, body, error] of MISTAKES) {
  test(`400: ${error}`, async () => {
    const reply = await control(method, path, body);
    assert.deepEqual([reply.status, reply.json], [400, { error }]);
    assert.equal(sandbox.faults.list().length, 0);
  });
}

test('what is no JSON, no route or no verb of a route is told so', async () => {
  const base = `${urls.base}/control`;
  assert.deepEqual((await call(`${base}/faults`, { method: 'PUT', body: '{' })).json, {
    error: 'The request body must be JSON.',
  });
  assert.equal((await control('GET', '/nothing')).status, 404);
  const refused = await control('PATCH', '/faults');
  assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'GET, PUT, POST, DELETE']);
});
