import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { portOf, startServer } from './listener.ts';
import { call, openRig } from './test-rig.ts';
import { Webhooks } from './webhooks.ts';

/** Whoever is told: keeps the bytes, and answers with the next status of the script, with 200 when it is empty. */
async function openEar() {
  const heard: { url: string; signature: string; body: Buffer }[] = [];
  const script: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const signature = String(request.headers['x-signature']);
      heard.push({ url: request.url ?? '', signature, body: Buffer.concat(chunks) });
      const status = script.shift() ?? 200;
      if (status === 0) response.destroy();
      else response.writeHead(status).end('heard');
    });
  });
  await startServer(server, '127.0.0.1', 0);
  const close = () => void server.close();
  after(close);
  return { url: `http://127.0.0.1:${portOf(server)}/events`, heard, script, close };
}

const open = (retryDelaysMs: readonly number[] = [1, 1, 1]) => {
  const webhooks = new Webhooks({ retryDelaysMs, timeoutMs: 5_000 });
  after(() => webhooks.close());
  return webhooks;
};
const POST = { headers: { 'x-signature': 's1' }, body: 'é \\u00e9' };

test('an event is posted with its bytes and headers, and the reply is told', async () => {
  const ear = await openEar();
  const webhooks = open();
  webhooks.set('whatsapp', ear.url);
  assert.deepEqual(await webhooks.post('whatsapp', { ...POST, query: 'a=1' }), { status: 200, body: 'heard' });
  assert.deepEqual(ear.heard, [{ url: '/events?a=1', signature: 's1', body: Buffer.from(POST.body) }]);
  assert.deepEqual(webhooks.counts, { delivered: 1, dropped: 0 });
});

test('it comes again until somebody says 2xx', async () => {
  const ear = await openEar();
  const webhooks = open();
  ear.script.push(500, 0, 302);
  assert.equal((await webhooks.postTo(ear.url, POST))?.status, 200);
  assert.equal(ear.heard.length, 4);
});

test('but not for ever', async () => {
  const ear = await openEar();
  const webhooks = open();
  ear.script.push(403, 403, 403, 403, 403);
  assert.equal(await webhooks.postTo(ear.url, POST), null);
  assert.equal(ear.heard.length, 4);
  assert.deepEqual(webhooks.counts, { delivered: 0, dropped: 1 });
});

test('without a URL nothing is posted, and nobody there is an end too', async () => {
  const webhooks = open();
  assert.equal(await webhooks.post('slack', POST), null);
  const ear = await openEar();
  ear.close();
  assert.equal(await webhooks.postTo(ear.url, POST), null);
});

test('idle means that the retries are over as well', async () => {
  const ear = await openEar();
  const webhooks = open();
  ear.script.push(500, 500);
  for (let i = 0; i < 40; i++) void webhooks.postTo(ear.url, POST);
  await webhooks.whenIdle();
  assert.deepEqual(webhooks.counts, { delivered: 40, dropped: 0 });
  await webhooks.whenIdle();
});

test('a reset and a close drop what waits, whatever its delay', async () => {
  const ear = await openEar();
  const webhooks = open([86_400_000]);
  ear.script.push(500);
  const pending = webhooks.postTo(ear.url, POST);
  while (ear.heard.length === 0) await new Promise(setImmediate);
  webhooks.reset();
  assert.equal(await pending, null);
  ear.script.push(500);
  const other = webhooks.postTo(ear.url, POST);
  while (ear.heard.length === 1) await new Promise(setImmediate);
  await webhooks.close();
  assert.equal(await other, null);
  assert.deepEqual(webhooks.counts, { delivered: 0, dropped: 0 });
  assert.equal(await webhooks.postTo(ear.url, POST), null);
  assert.equal(ear.heard.length, 2);
});

/** [URL, may be posted to] */
const URLS: readonly (readonly [string, boolean])[] = [
  ['http://127.0.0.1:8080/channels/dc-1/events', true],
  ['http://127.8.8.8/', true],
  ['http://[::1]:8080/', true],
  ['http://localhost/', true],
  ['https://127.0.0.1/', false],
  ['http://127.0.0.1.example.com/', false],
  ['http://10.0.0.1/', false],
  ['http://0.0.0.0/', false],
  ['http://example.com/', false],
  ['http://127.0.0.1@example.com/', false],
  ['file:///etc/passwd', false],
  ['events', false],
];

for (const [url, isAllowed] of URLS) {
  test(`${url} is ${isAllowed ? 'here' : 'elsewhere'}`, () => {
    const set = () => open().set('teams', url);
    if (isAllowed) assert.doesNotThrow(set);
    else assert.throws(set, /^Error: The webhook of teams must be /);
  });
}

test('the control API sets the URLs; a reset keeps them', async () => {
  const sandbox = await openRig();
  const ear = await openEar();
  const webhooks = `${sandbox.urls.base}/control/webhooks`;
  const put = (body: unknown) => call(webhooks, { method: 'PUT', body: JSON.stringify(body) });
  assert.equal((await put({ whatsapp: ear.url, slack: ear.url })).status, 200);
  assert.equal((await put({ slack: null })).status, 200);
  assert.equal((await sandbox.webhooks.post('whatsapp', POST))?.status, 200);
  const expected = { urls: { whatsapp: ear.url }, counts: { delivered: 1, dropped: 0 } };
  assert.deepEqual((await call(webhooks, { method: 'GET' })).json, expected);

  const elsewhere = await put({ teams: 'http://example.com/' });
  const error = 'webhooks.teams must be on this machine: 127.0.0.1, [::1] or localhost.';
  assert.deepEqual([elsewhere.status, elsewhere.json], [400, { error }]);
  assert.equal((await put({ fax: ear.url })).status, 400);
  sandbox.reset();
  assert.equal(sandbox.webhooks.urlOf('whatsapp'), ear.url);
});
