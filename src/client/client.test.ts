import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, beforeEach, test } from 'node:test';
import type { Clock } from '../model/clock.ts';
import { createClient } from './client.ts';
import { ClientError } from './client-error.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Answer = (response: ServerResponse) => void;

const seen: Seen[] = [];
let answers: Answer[] = [];
const server = createServer(async (request, response) => {
  seen.push({
    method: request.method ?? '',
    url: request.url ?? '',
    headers: request.headers,
    body: await text(request),
  });
  (answers.shift() ?? json(200, { _id: 'ds-1' }))(response);
});
let url = '';

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  seen.length = 0;
  answers = [];
  pauses.length = 0;
});

function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
const cut: Answer = (response) => response.destroy();
const envelope = (code: number, msg: string) => ({ errors: [{ code, msg }] });

/** Every pause is over at once, and known. */
const pauses: number[] = [];
const clock: Clock = {
  now: () => 0,
  monotonic: () => 0,
  after(delayMs, task) {
    pauses.push(delayMs);
    queueMicrotask(task);
    return () => {};
  },
};

const open = (token: string | (() => string) = 'a.b.c') => createClient({ url, token, clock });
const BODY = {
  channel: 'msteams',
  userIdentityType: 'resolve',
  message: { type: 'text', val: 'x' },
  identities: ['a@b'],
} as const;
const send = (token?: string | (() => string)) => open(token).notify({ botId: 'st-1', body: BODY });

async function refusalOf(run: Promise<unknown>): Promise<ClientError> {
  const error = await run.then(
    () => assert.fail('it was not refused'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ClientError);
  return error;
}

test('each call goes to its route with the token as it is', async () => {
  const client = open();
  await client.notify({ botId: 'st-1', body: BODY });
  await client.notifyV2({
    botId: 'st-1',
    body: { channel: 'ivr', message: { type: 'text', value: 'x' }, identities: [] },
  });
  await client.status({ botId: 'st-1', requestId: 'ds-1' });
  await client.statusV2({ botId: '../st', requestId: 'a/b?c' });
  const message = { type: 'text', val: 'x' } as const;
  await client.notifications.send({ botId: 'st-1', body: { channel: 'ivr', message, recipients: ['a@b'] } });
  await client.notifications.list({ botId: 'st-1', channel: 'ivr', finished: false, limit: 7, cursor: '1.ds-1' });
  await client.notifications.list({ botId: 'st-1' });
  await client.cancel({ botId: 'st-1', notificationId: 'ds-1' });
  assert.deepEqual(
    seen.map(({ method, url: path }) => `${method} ${path}`),
    [
      'POST /api/public/bot/st-1/notify',
      'POST /api/public/bot/st-1/notifyV2',
      'GET /api/public/bot/st-1/notify/status/ds-1',
      'GET /api/public/bot/..%2Fst/notifyV2/status/a%2Fb%3Fc',
      'POST /api/v1/bots/st-1/notifications',
      'GET /api/v1/bots/st-1/notifications?channel=ivr&finished=false&limit=7&cursor=1.ds-1',
      'GET /api/v1/bots/st-1/notifications?',
      'POST /api/v1/bots/st-1/notifications/ds-1/cancel',
    ],
  );
  assert.ok(seen.every(({ headers }) => headers['auth'] === 'a.b.c'));
});

const PASSING: readonly (readonly [string, Answer])[] = [
  ['a cut connection', cut],
  ['429', json(429, envelope(429, 'slow down'))],
  ['502', json(502, {})],
  ['503', json(503, {})],
  ['504', json(504, {})],
];
for (const [what, answer] of PASSING) {
  test(`a send survives ${what}, under one idempotency key`, async () => {
    answers = [answer, answer];
    assert.equal((await send())._id, 'ds-1');
    assert.equal(seen.length, 3);
    const [first, ...others] = seen.map(({ headers }) => headers['idempotency-key']);
    assert.match(String(first), /^[\x21-\x7e]{16,255}$/);
    assert.ok(others.every((key) => key === first));
    assert.deepEqual(pauses, [250, 500]);
  });
}

test('two sends have two keys, and a given key is used', async () => {
  await send();
  await send();
  await open().notify({ botId: 'st-1', body: BODY, idempotencyKey: 'mine' });
  const keys = seen.map(({ headers }) => headers['idempotency-key']);
  assert.equal(new Set(keys).size, 3);
  assert.equal(keys[2], 'mine');
});

test('a token that is made anew is made for each try', async () => {
  answers = [json(503, {}), json(503, {})];
  let made = 0;
  await send(() => `token-${++made}`);
  assert.deepEqual(
    seen.map(({ headers }) => headers['auth']),
    ['token-1', 'token-2', 'token-3'],
  );
});

test('Retry-After is waited for, unless it would take too long', async () => {
  answers = [json(429, envelope(429, 'slow'), { 'retry-after': '7' })];
  await send();
  assert.deepEqual(pauses, [7_000]);
  answers = [json(429, envelope(429, 'slow'), { 'retry-after': '3600' })];
  const error = await refusalOf(send());
  assert.deepEqual([error.status, error.code, error.text], [429, 429, 'slow']);
});

test('it gives up after five tries', async () => {
  answers = Array.from({ length: 9 }, () => cut);
  const error = await refusalOf(send());
  assert.equal(error.status, null);
  assert.match(error.text, /^http:\/\/127\.0\.0\.1:\d+ gave no answer: /);
  assert.equal(seen.length, 5);
});

const REFUSALS: readonly (readonly [string, Answer, Partial<ClientError>])[] = [
  [
    'an envelope',
    json(401, envelope(4002, 'Invalid JWT token')),
    { status: 401, code: 4002, text: 'Invalid JWT token' },
  ],
  [
    'a problem',
    json(404, { title: 'Gone', detail: 'look elsewhere', code: 'not_found', status: 404 }),
    { status: 404, code: 'not_found', text: 'Gone: look elsewhere' },
  ],
  ['an empty problem', json(500, {}), { status: 500, code: null, text: 'Internal Server Error' }],
  [
    'a web page',
    (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>hello</h1>'),
    { status: 200, code: null, text: 'The server gave an answer that is not JSON; is the URL right?' },
  ],
];
for (const [what, answer, expected] of REFUSALS) {
  test(`${what} becomes an error with status, code and text, and is not tried again`, async () => {
    answers = [answer];
    const error = await refusalOf(send());
    assert.deepEqual({ status: error.status, code: error.code, text: error.text }, expected);
    assert.equal(seen.length, 1);
  });
}

test('a redirect is not followed: the token is not for others', async () => {
  answers = Array.from({ length: 5 }, (): Answer => (response) => response.writeHead(302, { location: url }).end());
  await refusalOf(send());
  assert.ok(seen.every(({ url: path }) => path !== '/'));
});

test('an import streams once and is never repeated', async () => {
  answers = [json(503, {})];
  const people = ReadableStream.from(['{"a":1}\n', '{"b":2}\n']).pipeThrough(new TextEncoderStream());
  const request = { botId: 'st-1', people, mediaType: 'application/x-ndjson', query: { onError: 'abort' } } as const;
  const error = await refusalOf(open().importPeople(request));
  assert.equal(error.status, 503);
  assert.equal(seen.length, 1);
  assert.equal(seen[0]?.body, '{"a":1}\n{"b":2}\n');
  assert.equal(seen[0]?.url, '/api/v1/bots/st-1/people?onError=abort');
});

test('people in one piece are imported again when an answer is lost', async () => {
  answers = [json(503, {}), json(200, { read: 1, imported: 1, bad: 0, errors: [] })];
  const report = await open().importPeople({ botId: 'st-1', people: '{"a":1}\n', mediaType: 'application/x-ndjson' });
  assert.equal(report.imported, 1);
  assert.deepEqual(
    seen.map(({ body }) => body),
    ['{"a":1}\n', '{"a":1}\n'],
  );
});

test('an aborted call ends without another try', async () => {
  const abort = new AbortController();
  answers = [
    (response) => {
      abort.abort();
      response.writeHead(503).end('{}');
    },
  ];
  await refusalOf(open().notify({ botId: 'st-1', body: BODY, signal: abort.signal }));
  assert.equal(seen.length, 1);
});

test('a token no header can hold is refused without being repeated', async () => {
  const error = await refusalOf(send('planted\nsecret'));
  assert.doesNotMatch(`${error.message} ${error.stack}`, /planted/);
  assert.equal(seen.length, 0);
});

test('an address of no server is refused at once', () => {
  for (const bad of ['', 'localhost:80', 'ftp://x', 'http://']) {
    assert.throws(() => createClient({ url: bad, token: 't' }), ClientError, bad);
  }
});
