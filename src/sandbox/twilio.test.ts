import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { TWILIO_ACCOUNT } from './credentials.ts';
import { call, openRig, type Reply } from './test-rig.ts';

const sandbox = await openRig();
const { ledger, people, urls } = sandbox;
beforeEach(() => sandbox.reset());

const { accountSid, authToken, apiKeySid, apiKeySecret, from, messagingServiceSid } = TWILIO_ACCOUNT;
const TO = '+4915112345678';
const HX = `HX${'a'.repeat(32)}`;

interface Attempt {
  readonly user?: string;
  readonly password?: string;
  readonly account?: string;
}

function post(fields: Readonly<Record<string, string>>, attempt: Attempt = {}): Promise<Reply> {
  const { user = accountSid, password = authToken, account = accountSid } = attempt;
  return call(`${urls.twilio}2010-04-01/Accounts/${account}/Messages.json`, {
    headers: { authorization: `Basic ${btoa(`${user}:${password}`)}` },
    body: new URLSearchParams(fields),
  });
}

const send = (fields: Readonly<Record<string, string>> = {}, attempt?: Attempt) =>
  post({ To: TO, From: from, Body: 'hello', ...fields }, attempt);
const verdict = ({ status, json }: Reply) => [status, json['code']];

describe('A message', () => {
  test('is queued under a sid of its own', async () => {
    const [first, second] = [await send(), await send({ Body: 'é'.repeat(71) })];
    assert.equal(first.status, 201);
    assert.match(String(first.json['sid']), /^SM[0-9a-f]{32}$/);
    assert.notEqual(first.json['sid'], second.json['sid']);
    const { status, to, num_segments, error_code } = first.json;
    assert.deepEqual(
      { status, to, num_segments, error_code },
      { status: 'queued', to: TO, num_segments: '1', error_code: null },
    );
    assert.equal(second.json['num_segments'], '2');
    const [entry] = ledger.entries();
    assert.deepEqual(
      [entry?.provider, entry?.recipient, entry?.conversation, entry?.text, entry?.messageId],
      ['twilio', TO, from, 'hello', first.json['sid']],
    );
  });

  test('is accepted when a messaging service chooses the sender', async () => {
    const { status, json } = await post({ To: TO, MessagingServiceSid: messagingServiceSid, Body: 'hello' });
    assert.deepEqual([status, json['status'], json['from']], [201, 'accepted', null]);
  });

  test('may be a template or a picture without a text', async () => {
    assert.equal((await send({ Body: '', ContentSid: HX, ContentVariables: '{"1":"a"}' })).status, 201);
    assert.equal((await send({ Body: '', MediaUrl: 'https://example.com/a.png' })).status, 201);
    assert.equal((await send({ Body: 'x'.repeat(1600) })).status, 201);
  });
});

/** [what is wrong, the form's other fields, status, code] */
const REFUSED: readonly (readonly [string, Readonly<Record<string, string>>, number, number])[] = [
  ['no text', { Body: '' }, 400, 21602],
  ['a text too long', { Body: 'x'.repeat(1601) }, 400, 21617],
  ['nobody', { To: '' }, 400, 21604],
  ['no number', { To: 'jane' }, 400, 21211],
  ['a number without plus', { To: '4915112345678' }, 400, 21211],
  ['the invalid number', { To: '+15005550001' }, 400, 21211],
  ['the number without a route', { To: '+15005550002' }, 400, 21612],
  ['the number in a country that is not allowed', { To: '+15005550003' }, 400, 21408],
  ['the number that answered STOP', { To: '+15005550004' }, 400, 21610],
  ['the landline', { To: '+15005550009' }, 400, 21614],
  ["somebody else's sender", { From: '+15005550007' }, 400, 21659],
  ['an unknown messaging service', { MessagingServiceSid: 'MG1' }, 400, 21705],
  ['a bad template id', { ContentSid: 'HX1' }, 400, 21655],
  ['variables without a template', { ContentVariables: '{}' }, 400, 21656],
  ['a callback that is no URL', { StatusCallback: 'beckon' }, 400, 21609],
];

describe('A refusal', () => {
  for (const [name, fields, status, code] of REFUSED) {
    test(`of ${name} has code ${code}, and nothing is sent`, async () => {
      const reply = await send(fields);
      assert.deepEqual(verdict(reply), [status, code]);
      assert.equal(reply.json['status'], status);
      assert.equal(reply.json['more_info'], `https://www.twilio.com/docs/errors/${code}`);
      assert.equal(ledger.total(), 0);
    });
  }

  test('of a message without a sender', async () => {
    assert.deepEqual(verdict(await post({ To: TO, Body: 'hello' })), [400, 21603]);
  });

  test('of the credentials, whichever part is wrong', async () => {
    assert.deepEqual(verdict(await send({}, { password: 'wrong' })), [401, 20003]);
    assert.deepEqual(verdict(await send({}, { user: apiKeySid })), [401, 20003]);
    assert.deepEqual(verdict(await send({}, { account: `AC${'f'.repeat(32)}` })), [404, 20404]);
    assert.equal((await send({}, { user: apiKeySid, password: apiKeySecret })).status, 201);
  });

  test('of somebody on the STOP list, until they leave it', async () => {
    people.change({ twilio: [{ match: '+49*', state: 'stopped' }] });
    assert.deepEqual(verdict(await send()), [400, 21610]);
    people.change({ twilio: [{ match: TO, state: 'reachable' }] });
    assert.equal((await send()).status, 201);
    people.reset({ strict: true });
    assert.deepEqual(verdict(await send()), [400, 21211]);
  });

  test('is worded by Twilio when a fault names a status only', async () => {
    sandbox.faults.set([{ provider: 'twilio', route: 'send', fault: { kind: 'status', status: 429 } }]);
    assert.deepEqual(verdict(await send()), [429, 20429]);
    assert.equal(ledger.total(), 0);
  });
});

test('the list shows that one may, and nothing else is there', async () => {
  const headers = { authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}` };
  const messages = `${urls.twilio}2010-04-01/Accounts/${accountSid}/Messages.json`;
  const list = await call(`${messages}?PageSize=1`, { method: 'GET', headers });
  assert.deepEqual([list.status, list.json['messages'], list.json['page_size']], [200, [], 1]);
  assert.equal((await call(messages, { method: 'GET' })).status, 401);
  assert.equal((await call(messages, { method: 'DELETE', headers })).status, 404);
  assert.equal((await call(`${urls.twilio}elsewhere`, { headers })).status, 404);
});

describe('A command over HTTP', () => {
  test('lets somebody answer, if anybody listens', async () => {
    const say = (body: unknown) => call(`${urls.base}/control/twilio/messages`, { body });
    assert.deepEqual((await say({ from: TO, body: 'STOP' })).json, { reply: null });
    assert.equal((await say({ from: TO })).status, 400);
    assert.equal((await say({ from: TO, body: 'x', optOutType: 'PERHAPS' })).status, 400);
  });

  test('lets somebody do something in Google Chat', async () => {
    const post = (body: unknown) => call(`${urls.base}/control/googlechat/events`, { body });
    assert.deepEqual((await post({ kind: 'added', user: 'users/1001' })).json, { reply: null });
    assert.equal((await post({ kind: 'eaten', user: 'users/1001' })).status, 400);
  });
});
