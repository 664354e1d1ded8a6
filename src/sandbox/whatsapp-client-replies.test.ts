import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, beforeEach, describe, test } from 'node:test';
import { GraphApiError, WhatsAppClient } from '@kapso/whatsapp-cloud-api';
import { normalizeWebhook, verifySignature } from '@kapso/whatsapp-cloud-api/server';
import { WhatsAppAPI } from 'whatsapp-api-js';
import { Text } from 'whatsapp-api-js/messages';
import type { PostData } from 'whatsapp-api-js/types';
import { openTestDesk } from '../channels/test-desk.ts';
import { whatsapp } from '../channels/whatsapp/whatsapp.ts';
import { parseJsonObject } from '../model/json.ts';
import { portOf, startServer } from './listener.ts';
import { openRig } from './test-rig.ts';

/**
 * What the simulator answers and posts, read by two clients of the Cloud API that others wrote: refusals are refusals,
 * and signatures are Meta's.
 */
const sandbox = await openRig({ limits: 'off' });
const { phoneNumberId, accessToken, appSecret } = sandbox.credentials.whatsapp;
const TO = '+4915112345678';
const version = 'v25.0';

/** Checks by schemas what it sends, and throws what it reads of a refusal. */
const kapso = new WhatsAppClient({
  accessToken,
  baseUrl: `${sandbox.urls.base}/whatsapp`,
  graphVersion: version,
});
/** Builds messages by classes that throw, and hands a refusal on as it came. */
const apiJs = new WhatsAppAPI({
  token: accessToken,
  appSecret,
  v: version,
  ponyfill: {
    fetch: (url, init) =>
      fetch(String(url).replace('https://graph.facebook.com/', `${sandbox.urls.base}/whatsapp/`), init),
  },
});

const to = { phoneNumberId, to: TO };
const toKapso = <Fields extends object>(fields: Fields) => ({ ...to, ...fields });

beforeEach(() => sandbox.reset());

/** [who, status, code, the client's category, the channel's outcome] */
const REFUSALS: readonly (readonly [string, number, number, string, string])[] = [
  ['999131026000001', 400, 131026, 'parameter', 'rejected'],
  ['999130497000001', 403, 130497, 'integrity', 'rejected'],
  ['999131049000001', 400, 131049, 'parameter', 'rejected'],
  ['999131050000001', 400, 131050, 'parameter', 'rejected'],
];

/** [what the simulator is told to answer, code, the client's category, the channel's outcome] */
const FAULTS: readonly (readonly [number, number, string, string])[] = [
  [401, 190, 'authorization', 'rejected'],
  [429, 130429, 'throttling', 'busy'],
  [500, 131000, 'server', 'unknown'],
  [503, 131016, 'server', 'failed'],
];

describe('A refusal is read as one', () => {
  const desk = openTestDesk({
    channel: whatsapp,
    settings: { ...sandbox.credentials.whatsapp, apiUrl: sandbox.urls.whatsapp },
    address: { channelId: TO, reference: null },
  });

  for (const [who, httpStatus, code, category, outcome] of REFUSALS) {
    test(`${code}`, async () => {
      const error = await refusalOf(kapso.messages.sendText({ phoneNumberId, to: who, body: 'hello' }));
      assert.deepEqual([error.httpStatus, error.code, error.category], [httpStatus, code, category]);
      assert.equal(error.retry.action, code === 131026 ? 'fix_and_retry' : 'do_not_retry');
      assert.ok(error.details !== undefined && error.fbtraceId !== undefined);
      assert.equal((await desk.send({ address: { channelId: who, reference: null } })).kind, outcome);
      const answer = await apiJs.sendMessage(phoneNumberId, who, new Text('hello'));
      assert.ok('error' in answer && answer.error.code === code);
    });
  }

  for (const [status, code, category, outcome] of FAULTS) {
    test(`HTTP ${status}`, async () => {
      sandbox.faults.set([{ provider: 'whatsapp', fault: { kind: 'status', status } }]);
      const error = await refusalOf(kapso.messages.sendText(toKapso({ body: 'hello' })));
      assert.deepEqual([error.httpStatus, error.code, error.category], [status, code, category]);
      assert.equal((await desk.send()).kind, outcome);
    });
  }

  test('a template that is not there', async () => {
    const template = { name: 'nobody_knows', language: { code: 'en_US' } };
    const error = await refusalOf(kapso.messages.sendTemplate(toKapso({ template })));
    assert.deepEqual([error.httpStatus, error.code, error.isTemplateError()], [404, 132001, true]);
  });

  test('a token that is none', async () => {
    const stranger = new WhatsAppClient({
      accessToken: 'EAAwrong',
      baseUrl: `${sandbox.urls.base}/whatsapp`,
      graphVersion: version,
    });
    const error = await refusalOf(stranger.messages.sendText(toKapso({ body: 'hello' })));
    assert.deepEqual([error.code, error.isAuthError(), error.requiresTokenRefresh()], [190, true, true]);
  });
});

describe('What the simulator posts', () => {
  test('is signed as both clients expect, to the byte', async () => {
    const { posts } = await hearPosts();
    await sandbox.whatsapp.write({ from: '4915112345678' }, 'Grüße 🧨');
    await kapso.messages.sendTemplate(toKapso({ template: { name: 'hello_world', language: { code: 'en_US' } } }));
    await sandbox.webhooks.whenIdle();
    assert.equal(posts.length, 4);
    for (const { body, signature } of posts) {
      assert.equal(verifySignature({ appSecret, rawBody: body, signatureHeader: signature }), true);
      assert.equal(await apiJs.verifyRequestSignature(body, signature), true);
      for (const changed of [body.replace('wamid', 'wamie'), `${body} `, body.slice(0, -1)]) {
        assert.equal(verifySignature({ appSecret, rawBody: changed, signatureHeader: signature }), false);
        assert.equal(await apiJs.verifyRequestSignature(changed, signature), false);
      }
      assert.equal(verifySignature({ appSecret: 'another', rawBody: body, signatureHeader: signature }), false);
    }
  });

  test('says what they read of it', async () => {
    const { posts } = await hearPosts();
    await sandbox.whatsapp.write({ from: '4915112345678', userId: 'DE.1' }, 'Grüße 🧨');
    const { messages } = await kapso.messages.sendText(toKapso({ body: 'hello' }));
    await sandbox.webhooks.whenIdle();
    const events = posts.map(({ body }) => normalizeWebhook(parseJsonObject(body)));
    assert.ok(events.every((event) => event.object === 'whatsapp_business_account'));
    assert.ok(events.every((event) => event.phoneNumberId === phoneNumberId));
    assert.deepEqual(events.flatMap((event) => event.statuses.map(({ status }) => status)).toSorted(), [
      'delivered',
      'read',
      'sent',
    ]);
    assert.ok(events.every((event) => event.statuses.every(({ id }) => id === messages[0]?.id)));
    const [inbound] = events.flatMap((event) => event.messages);
    assert.deepEqual([inbound?.text?.body, inbound?.from], ['Grüße 🧨', '4915112345678']);
    assert.deepEqual(events[0]?.contacts[0]?.userId, 'DE.1');

    const told: string[] = [];
    apiJs.on.message = ({ from, message, name }) => void told.push(`${from} ${name} ${message.type}`);
    apiJs.on.status = ({ phone, status }) => void told.push(`${phone} ${status}`);
    for (const { body, signature } of posts) {
      const data: PostData = JSON.parse(body);
      await apiJs.post(data, body, signature);
    }
    assert.deepEqual(told.toSorted(), [
      '4915112345678 Zoë 🧨 text',
      '4915112345678 delivered',
      '4915112345678 read',
      '4915112345678 sent',
    ]);
  });
});

interface Post {
  readonly body: string;
  readonly signature: string;
}

/** Where Meta would post to, for the one test. */
async function hearPosts(): Promise<{ readonly posts: readonly Post[] }> {
  const posts: Post[] = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request)).toString('utf8');
    posts.push({ body, signature: String(request.headers['x-hub-signature-256']) });
    response.end();
  });
  await startServer(server, '127.0.0.1', 0);
  after(() => server.close());
  sandbox.webhooks.set('whatsapp', `http://127.0.0.1:${portOf(server)}/events`);
  return { posts };
}

async function refusalOf(sending: Promise<unknown>): Promise<GraphApiError> {
  const error: unknown = await sending.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof GraphApiError, String(error));
  return error;
}
