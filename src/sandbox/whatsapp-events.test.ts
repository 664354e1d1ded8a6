import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { after, beforeEach, test } from 'node:test';
import { isJsonObject, type Json, type JsonObject, parseJsonObject } from '../model/json.ts';
import { portOf, startServer } from './listener.ts';
import { call, openManualClock, openRig } from './test-rig.ts';

const clock = openManualClock();
const sandbox = await openRig({ limits: 'off', clock });
const { phoneNumberId, accessToken, appSecret } = sandbox.credentials.whatsapp;

interface Heard {
  readonly raw: string;
  readonly signature: string;
  readonly json: JsonObject;
}

const heard: Heard[] = [];
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const raw = Buffer.concat(chunks).toString('latin1');
    const signature = String(request.headers['x-hub-signature-256']);
    heard.push({ raw, signature, json: parseJsonObject(raw) ?? {} });
    response.end();
  });
});
await startServer(server, '127.0.0.1', 0);
after(() => server.close());
sandbox.webhooks.set('whatsapp', `http://127.0.0.1:${portOf(server)}/events`);

beforeEach(() => {
  sandbox.reset();
  heard.length = 0;
});

const NOBODY_WROTE = { type: 'template', template: { name: 'hello_world', language: { code: 'en_US' } } };
const TEXT = { type: 'text', text: { body: 'Hi' } };

async function send(to: string, message: JsonObject = NOBODY_WROTE, data = `data of ${to}`): Promise<number> {
  const body = { messaging_product: 'whatsapp', to, biz_opaque_callback_data: data, ...message };
  const headers = { authorization: `Bearer ${accessToken}` };
  const { status } = await call(`${sandbox.urls.whatsapp}${phoneNumberId}/messages`, { headers, body });
  await sandbox.webhooks.whenIdle();
  return status;
}

const control = (method: string, path: string, body: unknown) =>
  call(`${sandbox.urls.base}/control/whatsapp${path}`, { method, body: JSON.stringify(body) });

const listOf = (value: Json | undefined): JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : []);
const valuesOf = ({ json }: Heard): JsonObject[] =>
  listOf(json['entry'])
    .flatMap(({ changes }) => listOf(changes))
    .flatMap(({ value }) => (isJsonObject(value) ? [value] : []));
const statusesOf = (one: Heard): JsonObject[] => valuesOf(one).flatMap(({ statuses }) => listOf(statuses));
const statesOf = (): Json[][] => heard.map((one) => statusesOf(one).map(({ status }) => status ?? null));
const codeOf = (): Json | undefined => listOf(heard.flatMap(statusesOf)[0]?.['errors'])[0]?.['code'];

test('what becomes of a message is told and signed', async () => {
  await send('4915112345678');
  assert.deepEqual(statesOf().flat().toSorted(), ['delivered', 'read', 'sent']);
  for (const { raw, signature } of heard) {
    assert.equal(signature, `sha256=${createHmac('sha256', appSecret).update(raw).digest('hex')}`);
  }
  const [first] = heard.flatMap(statusesOf);
  const [entry] = sandbox.ledger.entries();
  const { status: _, ...rest } = first ?? {};
  assert.deepEqual(rest, {
    id: entry?.messageId,
    timestamp: '1800000000',
    recipient_id: '4915112345678',
    biz_opaque_callback_data: 'data of 4915112345678',
  });
  const [value] = heard.flatMap(valuesOf);
  assert.deepEqual(value?.['metadata'], { display_phone_number: '15550100001', phone_number_id: phoneNumberId });
});

test('in an order of one’s own, twice, and together', async () => {
  await control('PUT', '', { statuses: ['read', 'sent'], times: 2, batch: 2 });
  await send('4915112345678');
  assert.deepEqual(statesOf(), [
    ['read', 'sent'],
    ['read', 'sent'],
  ]);
});

test('those of several messages are kept back and then come together, two to a change', async () => {
  await control('PUT', '', { hold: true, batch: 10, statuses: ['sent', 'read'] });
  for (const to of ['15550101', '15550102', '15550103']) await send(to);
  assert.equal(heard.length, 0);
  await control('PUT', '', { hold: false });
  await sandbox.webhooks.whenIdle();
  assert.deepEqual(statesOf(), [['sent', 'read', 'sent', 'read', 'sent', 'read']]);
  assert.deepEqual(
    heard.flatMap(valuesOf).map(({ statuses }) => listOf(statuses).length),
    [2, 2, 2],
  );
});

test('a failure is told of chosen people, and of numbers that name it', async () => {
  await control('PUT', '', { failures: [{ match: '49*', code: 131049 }] });
  await send('4915112345678');
  assert.deepEqual([statesOf(), codeOf()], [[['failed']], 131049]);
  heard.length = 0;
  await send('9990131026001');
  assert.deepEqual([statesOf(), codeOf()], [[['failed']], 131026]);
});

test('whoever has not written for 24 hours gets templates only', async () => {
  assert.equal(await send('4915112345678', TEXT), 200);
  assert.deepEqual([statesOf(), codeOf()], [[['failed']], 131047]);
  assert.equal(sandbox.ledger.total(), 1);

  await control('POST', '/messages', { from: '4915112345678' });
  clock.advance(24 * 60 * 60_000 - 1);
  heard.length = 0;
  await send('4915112345678', TEXT);
  assert.equal(statesOf().length, 3);
  clock.advance(1);
  heard.length = 0;
  await send('4915112345678', TEXT);
  assert.equal(codeOf(), 131047);
});

test('which may also be said at once, or not at all', async () => {
  await control('PUT', '', { window: 'at_once' });
  assert.equal(await send('4915112345678', TEXT), 400);
  assert.equal(sandbox.ledger.total(), 0);
  await control('PUT', '', { window: 'off' });
  assert.equal(await send('4915112345678', TEXT), 200);
  assert.equal(statesOf().length, 3);
});

test('a message of a person comes as Meta writes it, with escapes', async () => {
  const { json } = await control('POST', '/messages', { from: '4915112345678', userId: 'DE.1', text: 'Grüße' });
  const [told] = heard;
  assert.match(told?.raw ?? '', /"name":"Zo\\u00eb \\ud83e\\udde8".*Gr\\u00fc\\u00dfe/);
  const [value] = heard.flatMap(valuesOf);
  const contacts = [{ profile: { name: 'Zoë 🧨' }, wa_id: '4915112345678', user_id: 'DE.1' }];
  assert.deepEqual(value?.['contacts'], contacts);
  const [message] = listOf(value?.['messages']);
  assert.deepEqual(message, {
    from: '4915112345678',
    from_user_id: 'DE.1',
    id: json['id'],
    timestamp: String(Math.floor(clock.now() / 1000)),
    type: 'text',
    text: { body: 'Grüße' },
  });
});

test('somebody without a number has none anywhere', async () => {
  await control('POST', '/messages', { userId: 'DE.1' });
  assert.ok(!heard[0]?.raw.includes('wa_id') && !heard[0]?.raw.includes('"from"'));
  heard.length = 0;
  await send('', { ...TEXT, to: null, recipient: 'DE.1' });
  assert.deepEqual(statesOf().flat().toSorted(), ['delivered', 'read', 'sent']);
  assert.equal(statusesOf(heard[0] ?? { raw: '', signature: '', json: {} })[0]?.['recipient_user_id'], 'DE.1');
});

test('somebody stops marketing messages', async () => {
  await control('POST', '/preferences', { from: '4915112345678', value: 'stop' });
  const [value] = heard.flatMap(valuesOf);
  const [preference] = listOf(value?.['user_preferences']);
  assert.deepEqual([preference?.['value'], preference?.['category']], ['stop', 'marketing_messages']);
  assert.match(heard[0]?.raw ?? '', /"field":"user_preferences"/);
});

test('with no URL nothing is kept for later', async () => {
  const url = sandbox.webhooks.urlOf('whatsapp');
  sandbox.webhooks.set('whatsapp', null);
  sandbox.whatsapp.change({ hold: true });
  await send('4915112345678');
  sandbox.webhooks.set('whatsapp', url);
  sandbox.whatsapp.change({ hold: false });
  await sandbox.webhooks.whenIdle();
  assert.equal(heard.length, 0);
});

/** [path, body, error] */
const MISTAKES: readonly (readonly [string, unknown, string])[] = [
  ['', { statuses: ['failed'] }, 'whatsapp.statuses[0] must be one of sent, delivered, read.'],
  ['', { times: 0 }, 'whatsapp.times must be a number from 1 to 10.'],
  ['/messages', {}, 'message needs from, userId or both.'],
  ['/messages', { from: '+49' }, 'message.from must be the digits of a phone number without a plus.'],
  ['/preferences', { from: '15550101' }, 'preference.value must be one of stop, resume.'],
];

for (const [path, body, error] of MISTAKES) {
  test(`400: ${error}`, async () => {
    const { status, json } = await control(path === '' ? 'PUT' : 'POST', path, body);
    assert.deepEqual([status, json], [400, { error }]);
  });
}
