import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { recipientRef } from '../../model/ids.ts';
import type { JsonObject } from '../../model/json.ts';
import { openTestClock } from '../test-desk.ts';
import { openTestEar } from '../test-ear.ts';
import { whatsapp } from './whatsapp.ts';

const SECRET = 'app-secret-of-the-test';
const SETTINGS: JsonObject = {
  phoneNumberId: '100000000000001',
  accessToken: 'EAAtest',
  appSecret: SECRET,
  verifyToken: 'a+token&more',
};
const NOTIFICATION = 'ds-0c1f4ba4-5a05-5e0c-9e0e-6b1d3a2c4f10';
const clock = openTestClock();
const open = (settings: JsonObject = {}) =>
  openTestEar({ channel: whatsapp, settings: { ...SETTINGS, ...settings }, clock });

const hmac = (body: string | Uint8Array, secret = SECRET, algorithm = 'sha256') =>
  createHmac(algorithm, secret).update(body).digest('hex');

/** One delivered message, as Meta writes it: `é` is escaped. */
const BODY = JSON.stringify({
  object: 'whatsapp_business_account',
  entry: [{ id: '1', changes: [{ field: 'messages', value: changeValue({ name: 'Zo~' }) }] }],
}).replace('~', '\\u00eb');

function changeValue(more: JsonObject): JsonObject {
  const status = {
    id: 'wamid.1',
    status: 'delivered',
    timestamp: '1760000000',
    biz_opaque_callback_data: recipientRef(NOTIFICATION, 3),
  };
  return { metadata: { phone_number_id: '100000000000001' }, statuses: [status], ...more };
}

/** The news of `BODY`. */
const DELIVERED = {
  kind: 'receipt',
  notificationId: NOTIFICATION,
  seq: 3,
  state: 'delivered',
  at: 1_760_000_000_000,
  reason: null,
  detail: null,
};

/** [what it is, header, body, status] */
const SIGNATURES: readonly (readonly [string, string | string[] | undefined, string | Uint8Array, number])[] = [
  ['right', `sha256=${hmac(BODY)}`, BODY, 200],
  ['right, in capitals', `sha256=${hmac(BODY).toUpperCase()}`, BODY, 200],
  ['missing', undefined, BODY, 401],
  ['empty', '', BODY, 401],
  ['without its algorithm', hmac(BODY), BODY, 401],
  ['made with another secret', `sha256=${hmac(BODY, 'app-secret-of-the-rest')}`, BODY, 401],
  ['made with no secret', `sha256=${hmac(BODY, '')}`, BODY, 401],
  ['made by SHA-1', `sha1=${hmac(BODY, SECRET, 'sha1')}`, BODY, 401],
  ['made by SHA-1 but called SHA-256', `sha256=${hmac(BODY, SECRET, 'sha1')}`, BODY, 401],
  ['cut by one digit', `sha256=${hmac(BODY).slice(0, -1)}`, BODY, 401],
  ['longer by one digit', `sha256=${hmac(BODY)}0`, BODY, 401],
  ['wrong in one digit', `sha256=${hmac(BODY).replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))}`, BODY, 401],
  ['in base64', `sha256=${Buffer.from(hmac(BODY), 'hex').toString('base64')}`, BODY, 401],
  ['given twice', [`sha256=${hmac(BODY)}`, `sha256=${hmac(BODY)}`], BODY, 401],
  ['of another body by one byte', `sha256=${hmac(BODY)}`, BODY.replace('wamid.1', 'wamid.2'), 401],
  ['of the body with a space at its end', `sha256=${hmac(BODY)}`, `${BODY} `, 401],
  ['of the body before its escapes were undone', `sha256=${hmac(BODY)}`, BODY.replace('\\u00eb', 'ë'), 401],
  ['of an empty body', `sha256=${hmac('')}`, '', 400],
  ['of no JSON', `sha256=${hmac('{"a":')}`, '{"a":', 400],
  ['of a list', `sha256=${hmac('[]')}`, '[]', 400],
  ['of no text at all', `sha256=${hmac(Uint8Array.of(0xff, 0xfe, 0))}`, Uint8Array.of(0xff, 0xfe, 0), 400],
];

describe('A signature', () => {
  for (const [name, header, body, status] of SIGNATURES) {
    test(`${name}: ${status}`, async () => {
      const ear = await open();
      const callback = await ear.hear({ headers: { 'x-hub-signature-256': header }, body });
      assert.equal(callback.reply.status, status);
      assert.deepEqual(callback.news, status === 200 ? [DELIVERED] : []);
      assert.equal(callback.refused === undefined, status === 200);
      assert.ok(!JSON.stringify(callback).includes(SECRET));
    });
  }

  test('is worth nothing while no secret is configured', async () => {
    const { appSecret: _, ...bare } = SETTINGS;
    const ear = await openTestEar({ channel: whatsapp, settings: bare, clock });
    for (const secret of [SECRET, '', 'undefined']) {
      const headers = { 'x-hub-signature-256': `sha256=${hmac(BODY, secret)}` };
      const callback = await ear.hear({ headers, body: BODY });
      assert.deepEqual([callback.reply.status, callback.news], [403, []]);
      assert.match(callback.refused ?? '', /^appSecret is not configured/);
    }
  });
});

describe('A body that is signed and strange brings nothing, and harms nobody', () => {
  const hear = async (body: string) => {
    const ear = await open();
    return ear.hear({ headers: { 'x-hub-signature-256': `sha256=${hmac(body)}` }, body });
  };
  const nested = (depth: number) => `{"entry":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  const inside = (value: string) =>
    `{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":${value}}]}]}`;
  const METADATA = '"metadata":{"phone_number_id":"100000000000001"}';
  const STRANGE: Readonly<Record<string, string>> = {
    'nothing in it': '{}',
    'another object': BODY.replace('whatsapp_business_account', 'instagram'),
    'another number': BODY.replaceAll('100000000000001', '100000000000002'),
    'another field': BODY.replace('"field":"messages"', '"field":"message_echoes"'),
    'entry no list': '{"object":"whatsapp_business_account","entry":{"0":1}}',
    'holes in lists':
      '{"object":"whatsapp_business_account","entry":[null,1,"x",[],{"changes":[null,{"value":null}]}]}',
    'no metadata': inside('{"statuses":[{"status":"read"}]}'),
    'statuses of strange types': inside(`{${METADATA},"statuses":[1,null,{"status":["read"]},{"status":{"a":1}}]}`),
    'messages of strange types': inside(
      `{${METADATA},"messages":[{"from":{"a":1}},{"from":["49"]},{"from":12345678}]}`,
    ),
    'somebody else’s data': BODY.replace(recipientRef(NOTIFICATION, 3), 'order-4711'),
    'data of no number': BODY.replace(recipientRef(NOTIFICATION, 3), `${NOTIFICATION}.-1`),
    'a state of which nobody has heard': BODY.replace('"delivered"', '"warehoused"'),
    'a state that every object has': BODY.replace('"delivered"', '"constructor"'),
    'ten thousand levels': nested(10_000),
    'levels where a value should be': inside(`{${METADATA},"statuses":${'['.repeat(5_000)}${']'.repeat(5_000)}}`),
  };
  for (const [name, body] of Object.entries(STRANGE)) {
    test(name, async () => {
      const callback = await hear(body);
      assert.deepEqual([callback.reply.status, callback.news], [200, []]);
    });
  }

  test('one mebibyte of statuses is read to its end', async () => {
    const { statuses } = changeValue({});
    const [status] = Array.isArray(statuses) ? statuses : [];
    const value = { ...changeValue({}), statuses: Array.from({ length: 7_000 }, () => status ?? null) };
    const body = JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [{ id: '1', changes: [{ field: 'messages', value }] }],
    });
    assert.ok(body.length > 700_000);
    assert.equal((await hear(body)).news.length, 7_000);
  });
});

test('an account that is not ours is ignored where ours is configured', async () => {
  const headers = { 'x-hub-signature-256': `sha256=${hmac(BODY)}` };
  assert.equal((await (await open({ businessAccountId: '1' })).hear({ headers, body: BODY })).news.length, 1);
  assert.equal((await (await open({ businessAccountId: '2' })).hear({ headers, body: BODY })).news.length, 0);
});

/** [query, status, body] */
const HANDSHAKES: readonly (readonly [Readonly<Record<string, string>>, number, string | undefined])[] = [
  [{ mode: 'subscribe', verify_token: 'a+token&more', challenge: '1158201444' }, 200, '1158201444'],
  [{ mode: 'subscribe', verify_token: 'a+token', challenge: '1158201444' }, 403, undefined],
  [{ mode: 'subscribe', verify_token: '', challenge: '1158201444' }, 403, undefined],
  [{ mode: 'subscribe', challenge: '1158201444' }, 403, undefined],
  [{ mode: 'unsubscribe', verify_token: 'a+token&more', challenge: '1158201444' }, 403, undefined],
  [{ verify_token: 'a+token&more', challenge: '1158201444' }, 403, undefined],
  [{ mode: 'subscribe', verify_token: 'a+token&more' }, 403, undefined],
  [{ mode: 'subscribe', verify_token: 'a+token&more', challenge: '<script>' }, 403, undefined],
  [{ mode: 'subscribe', verify_token: 'a+token&more', challenge: '1'.repeat(257) }, 403, undefined],
];

describe('The handshake', () => {
  const ask = (url: string, given: Readonly<Record<string, string>>) => {
    const named = Object.entries(given).map(([key, value]) => [`hub.${key}`, value] as const);
    const query = new URLSearchParams(Object.fromEntries(named));
    return fetch(`${url}?${query}`);
  };

  for (const [given, status, body] of HANDSHAKES) {
    test(`${status} for ${JSON.stringify(given).slice(0, 100)}`, async () => {
      const ear = await open();
      const response = await ask(ear.eventsUrl, given);
      assert.deepEqual([response.status, await response.text()], [status, body ?? '']);
      if (status === 200) assert.equal(response.headers.get('content-type'), 'text/plain');
      assert.deepEqual(ear.news(), []);
    });
  }

  test('needs a configured token', async () => {
    const { verifyToken: _, ...bare } = SETTINGS;
    const ear = await openTestEar({ channel: whatsapp, settings: bare, clock });
    const given = { mode: 'subscribe', verify_token: 'undefined', challenge: '1' };
    assert.equal((await ask(ear.eventsUrl, given)).status, 403);
    assert.match(ear.heard[0]?.refused ?? '', /^verifyToken is not configured/);
  });
});
