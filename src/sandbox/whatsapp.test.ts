import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import type { Sandbox } from './sandbox.ts';
import { call, openManualClock, openRig, type Reply } from './test-rig.ts';

const sandbox = await openRig({ limits: 'off' });

function post(body: unknown, { urls, credentials }: Sandbox = sandbox): Promise<Reply> {
  const { phoneNumberId, accessToken } = credentials.whatsapp;
  const headers = { authorization: `Bearer ${accessToken}` };
  return call(`${urls.whatsapp}${phoneNumberId}/messages`, { headers, body });
}

const BASE = { messaging_product: 'whatsapp', recipient_type: 'individual', to: '+4915112345678' };
const TEXT = { ...BASE, type: 'text', text: { body: 'hello', preview_url: false } };

const template = (name: string, components: readonly JsonObject[] = [], code = 'en_US') => ({
  ...BASE,
  type: 'template',
  template: { name, language: { code }, components },
});
const textParameters = (type: string, ...texts: readonly string[]) => ({
  type,
  parameters: texts.map((text) => ({ type: 'text', text })),
});
const URL_BUTTON = { ...textParameters('button', 'suffix'), sub_type: 'url', index: '0' };

function errorOf({ json }: Reply): JsonObject {
  assert.ok(isJsonObject(json['error']), JSON.stringify(json));
  return json['error'];
}

test('a text is taken, and is in the ledger under the callback data', async () => {
  sandbox.reset();
  const { status, json } = await post({ ...TEXT, biz_opaque_callback_data: 'ms-1' });
  assert.equal(status, 200);
  const [entry] = sandbox.ledger.entries();
  assert.deepEqual(json, {
    messaging_product: 'whatsapp',
    contacts: [{ input: '+4915112345678', wa_id: '4915112345678' }],
    messages: [{ id: entry?.messageId }],
  });
  assert.match(entry?.messageId ?? '', /^wamid\./);
  assert.deepEqual(
    [entry?.provider, entry?.recipient, entry?.key, entry?.text],
    ['whatsapp', '4915112345678', 'ms-1', 'hello'],
  );
});

test('the callback data is no idempotency key: twice is twice', async () => {
  sandbox.reset();
  for (const _round of [1, 2]) await post({ ...TEXT, biz_opaque_callback_data: 'ms-1' });
  assert.equal(sandbox.ledger.countOf('whatsapp', '4915112345678'), 2);
  assert.equal(new Set(sandbox.ledger.entries().map(({ messageId }) => messageId)).size, 2);
});

test('a business-scoped user id goes into recipient', async () => {
  const { to: _to, ...rest } = TEXT;
  const { json } = await post({ ...rest, recipient: 'US.13491208655302741918' });
  assert.deepEqual(json['contacts'], [{ input: 'US.13491208655302741918', user_id: 'US.13491208655302741918' }]);
});

test('a template that is filled as approved is taken, and says that it is not held', async () => {
  const shipped = [textParameters('body', 'Bob', 'A-1'), URL_BUTTON];
  const named = { type: 'body', parameters: [{ type: 'text', parameter_name: 'first_name', text: 'Bob' }] };
  const picture = { type: 'header', parameters: [{ type: 'image', image: { link: 'https://example.com/a.jpg' } }] };
  for (const message of [
    template('hello_world'),
    template('order_shipped', shipped),
    template('order_shipped', shipped, 'de'),
    template('welcome', [named]),
    template('picture', [picture]),
  ]) {
    const { status, json, text } = await post(message);
    assert.equal(status, 200, text);
    assert.match(JSON.stringify(json['messages']), /"message_status":"accepted"/);
  }
});

/** [what, message, status, code] */
const REFUSALS: readonly (readonly [string, unknown, number, number])[] = [
  ['no JSON', 'hello', 400, 100],
  ['no product', { ...TEXT, messaging_product: 'messenger' }, 400, 100],
  ['nobody to send to', { ...TEXT, to: '' }, 400, 100],
  ['an e-mail address', { ...TEXT, to: 'jane@example.com' }, 400, 100],
  ['an unknown type', { ...TEXT, type: 'poem' }, 400, 131051],
  ['a type without its object', { ...BASE, type: 'image' }, 400, 131008],
  ['an empty text', { ...TEXT, text: { body: '' } }, 400, 131008],
  ['a long text', { ...TEXT, text: { body: 'x'.repeat(4097) } }, 400, 100],
  ['long callback data', { ...TEXT, biz_opaque_callback_data: 'x'.repeat(513) }, 400, 100],
  ['an image from nowhere', { ...BASE, type: 'image', image: { caption: 'x' } }, 400, 100],
  ['an image from two places', { ...BASE, type: 'image', image: { link: 'https://a.example/', id: '1' } }, 400, 100],
  ['an image from no URL', { ...BASE, type: 'image', image: { link: 'a.jpg' } }, 400, 131009],
  ['a long caption', { ...BASE, type: 'image', image: { id: '1', caption: 'x'.repeat(1025) } }, 400, 100],
  ['an unknown template', template('nobody_knows'), 404, 132001],
  ['an unknown language', template('hello_world', [], 'fr'), 404, 132001],
  ['a template without a language', { ...BASE, type: 'template', template: { name: 'hello_world' } }, 400, 131008],
  ['too few parameters', template('order_shipped', [textParameters('body', 'Bob'), URL_BUTTON]), 400, 132000],
  ['too many parameters', template('hello_world', [textParameters('body', 'Bob')]), 400, 132000],
  ['no button', template('order_shipped', [textParameters('body', 'Bob', 'A-1')]), 400, 132000],
  ['a parameter without its name', template('welcome', [textParameters('body', 'Bob')]), 400, 132012],
  ['a paused template', template('paused_offer'), 400, 132015],
  ['a disabled template', template('disabled_offer'), 400, 132016],
  ['somebody not on WhatsApp', { ...TEXT, to: '999131026000001' }, 400, 131026],
  ['a country out of bounds', { ...TEXT, to: '999130497000001' }, 403, 130497],
  ['somebody who opted out', { ...TEXT, to: '999131050000001' }, 400, 131050],
  ['somebody who has had enough', { ...TEXT, to: '999131049000001' }, 400, 131049],
];

for (const [what, message, status, code] of REFUSALS) {
  test(`refused: ${what}`, async () => {
    sandbox.reset();
    const reply = await post(message);
    const { error_data: data, ...error } = errorOf(reply);
    assert.deepEqual([reply.status, error['code'], error['type']], [status, code, 'OAuthException']);
    assert.ok(String(error['message']).startsWith(`(#${code}) `));
    assert.deepEqual(Object.keys(error), ['message', 'type', 'code', 'fbtrace_id']);
    assert.ok(isJsonObject(data) && data['messaging_product'] === 'whatsapp' && typeof data['details'] === 'string');
    assert.equal(sandbox.ledger.total(), 0);
  });
}

test('only the right token may use the right number', async () => {
  const { urls, credentials } = sandbox;
  const { phoneNumberId, accessToken } = credentials.whatsapp;
  const messages = `${urls.whatsapp}${phoneNumberId}/messages`;
  for (const headers of [{}, { authorization: 'Bearer another' }]) {
    const reply = await call(messages, { headers, body: TEXT });
    assert.deepEqual([reply.status, errorOf(reply)['code']], [401, 190]);
  }
  const headers = { authorization: `Bearer ${accessToken}` };
  for (const path of ['555/messages', `${phoneNumberId}/media`, phoneNumberId]) {
    const reply = await call(`${urls.whatsapp}${path}`, { headers, body: TEXT });
    assert.deepEqual([errorOf(reply)['code'], errorOf(reply)['error_subcode']], [100, 33]);
  }
  const number = await call(`${urls.whatsapp}${phoneNumberId}?fields=id`, { method: 'GET', headers });
  assert.equal(number.json['id'], phoneNumberId);
});

test('people are as they are set, and who is not is a stranger when strict', async () => {
  const strict = await openRig({
    strict: true,
    people: {
      whatsapp: [
        { match: '4915112345678', state: 'reachable' },
        { match: '33*', state: 'country_blocked' },
      ],
    },
  });
  const codeTo = async (to: string) => {
    const reply = await post({ ...TEXT, to }, strict);
    return reply.status === 200 ? 200 : errorOf(reply)['code'];
  };
  assert.deepEqual(await Promise.all(['+4915112345678', '33612345678', '15550100'].map(codeTo)), [200, 130497, 131026]);
  const url = `${strict.urls.base}/control/people`;
  await call(url, { method: 'PUT', body: { whatsapp: [{ match: '15550100', state: 'reachable' }] } });
  assert.equal(await codeTo('15550100'), 200);
  const mistake = await call(url, { method: 'PUT', body: { whatsapp: [{ match: '1', state: 'asleep' }] } });
  assert.equal(mistake.status, 400);
});

test('a recipient takes 45 at once and then one in six seconds; others do not suffer', async () => {
  const clock = openManualClock();
  const limited = await openRig({ clock });
  const codeTo = async (to: string) => {
    const reply = await post({ ...TEXT, to }, limited);
    return reply.status === 200 ? 200 : errorOf(reply)['code'];
  };
  for (let sent = 0; sent < 45; sent++) assert.equal(await codeTo('15550100'), 200);
  assert.equal(await codeTo('15550100'), 131056);
  assert.equal(await codeTo('15550101'), 200);
  clock.advance(5_999);
  assert.equal(await codeTo('15550100'), 131056);
  clock.advance(1);
  assert.equal(await codeTo('+15550100'), 200);
  assert.equal(await codeTo('15550100'), 131056);
});

test('a number sends 80 a second', async () => {
  const clock = openManualClock();
  const limited = await openRig({ clock });
  for (let sent = 0; sent < 80; sent++)
    assert.equal((await post({ ...TEXT, to: `${15550100 + sent}` }, limited)).status, 200);
  const refused = await post(TEXT, limited);
  assert.deepEqual([refused.status, errorOf(refused)['code']], [429, 130429]);
  clock.advance(1_000);
  assert.equal((await post(TEXT, limited)).status, 200);
});
