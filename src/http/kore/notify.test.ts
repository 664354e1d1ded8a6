import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BOT, post, type Reply, type Rig, START, startRig, tokenFor } from '../../../test/support/http-rig.ts';
import { connectionId, derivedId, isId } from '../../model/ids.ts';
import { isJsonObject } from '../../model/json.ts';
import { sizeOf } from '../../model/lane.ts';
import type { Message } from '../../model/message.ts';
import type { Notification, Recipient } from '../../model/notification.ts';

const v1 = {
  channel: 'msteams',
  userIdentityType: 'resolve',
  message: { type: 'text', val: 'Please reset your password.' },
  identities: ['john.doe@example.com'],
};
const v2 = {
  channel: 'ivr',
  webhookInstanceName: 'Webhook',
  userIdentityType: 'resolve',
  content: { type: 'text', value: 'Hello! Your order has been shipped.' },
  identities: [{ email: 'user1@example.com' }, { email: 'user2@example.com' }],
};
const teamsCard = {
  type: 'message',
  attachments: [
    {
      contentType: 'application/vnd.microsoft.card.adaptive',
      content: {
        type: 'AdaptiveCard',
        version: '1.0',
        body: [{ type: 'TextBlock', text: 'Hello {name}', wrap: true }],
      },
    },
  ],
};
const whatsappImage = { type: 'image', image: { link: 'https://example.com/a.jpg', caption: 'Random Image' } };

const text = (value: string): Message => ({ type: 'text', text: value });
const native = (payload: object): Message => ({ type: 'native', payload: JSON.parse(JSON.stringify(payload)) });

interface Expected {
  readonly channel?: string;
  readonly connection?: string | null;
  readonly resolve?: boolean;
  readonly message?: Message;
  readonly recipients?: readonly Partial<Recipient>[];
}

const accepted: readonly [name: string, route: 'notify' | 'notifyV2', body: object, expected: Expected][] = [
  ['v1 text', 'notify', v1, { channel: 'msteams', message: text('Please reset your password.'), resolve: true }],
  ['v1 to Slack', 'notify', { ...v1, channel: 'slack' }, { channel: 'slack' }],
  [
    'v1 to a webhook by its first name',
    'notify',
    { ...v1, channel: 'webhook' },
    { channel: 'ivr', connection: 'Webhook' },
  ],
  [
    'v1 to a webhook by name',
    'notify',
    { ...v1, channel: 'ivr', webhookInstanceName: 'Second' },
    { connection: 'Second' },
  ],
  ['v1 donotresolve', 'notify', { ...v1, userIdentityType: 'donotresolve', identities: ['29:1a'] }, { resolve: false }],
  [
    'v1 script that is JSON',
    'notify',
    { ...v1, message: { type: 'script', val: '{"text":"Hi"}' } },
    { message: native({ text: 'Hi' }) },
  ],
  ['v1 spelled with value', 'notify', { ...v1, message: { type: 'text', value: 'Hi' } }, { message: text('Hi') }],
  [
    'v1 spelled with content',
    'notify',
    { ...v1, message: undefined, content: { type: 'text', val: 'Hi' } },
    { message: text('Hi') },
  ],
  [
    'v1 spelled as v2',
    'notify',
    { ...v1, message: undefined, content: { type: 'text', value: 'Hi' } },
    { message: text('Hi') },
  ],
  ['v1 with unknown properties', 'notify', { ...v1, priority: 'high', extra: { deep: [1] } }, {}],
  ['v1 with a webhook name where there is none', 'notify', { ...v1, webhookInstanceName: 'x' }, { channel: 'msteams' }],
  ['v1 with unknown properties in the message', 'notify', { ...v1, message: { ...v1.message, x: 1 } }, {}],
  [
    'v1 duplicates and identities that are nobody',
    'notify',
    { ...v1, identities: ['a@b.c', 'a@b.c', '', 'nobody', '📬'] },
    { recipients: ['a@b.c', 'a@b.c', '', 'nobody', '📬'].map((identity) => ({ identity })) },
  ],

  [
    'v2 static text',
    'notifyV2',
    v2,
    { channel: 'ivr', connection: 'Webhook', message: text('Hello! Your order has been shipped.') },
  ],
  [
    'v2 custom message',
    'notifyV2',
    {
      ...v2,
      identities: [
        { email: 'a@b.c', customMessage: 'Hi John, your package is on the way!' },
        { email: 'a@b.c', customMessage: '' },
      ],
    },
    { recipients: [{ customMessage: 'Hi John, your package is on the way!' }, { customMessage: null }] },
  ],
  [
    'v2 parameters',
    'notifyV2',
    {
      ...v2,
      content: { type: 'text', value: 'Hello {name}! Your reference number is {refId}.' },
      identities: [
        { email: 'a@b.c', parameters: { name: 'Charlie', refId: 'XYZ-789' } },
        { email: 'a@b.c', parameters: {} },
      ],
    },
    { recipients: [{ parameters: { name: 'Charlie', refId: 'XYZ-789' } }, { parameters: null }] },
  ],
  [
    'v2 template of text',
    'notifyV2',
    { ...v2, content: { type: 'template', value: 'Hello {name}, your order ID is {orderId}.' } },
    { message: text('Hello {name}, your order ID is {orderId}.') },
  ],
  [
    'v2 template object for WhatsApp',
    'notifyV2',
    {
      channel: 'whatsapp',
      userIdentityType: 'resolve',
      message: { type: 'template', value: whatsappImage },
      identities: [{ phoneNumber: '91xxxxxxx4' }],
    },
    { channel: 'whatsapp', message: native(whatsappImage), recipients: [{ identity: '91xxxxxxx4' }] },
  ],
  [
    'v2 template object for Teams, spelled msteam',
    'notifyV2',
    {
      channel: 'msteam',
      message: { type: 'template', value: teamsCard },
      identities: [{ email: 'john.do@example.com' }],
    },
    { channel: 'msteams', message: native(teamsCard) },
  ],
  [
    'v2 template object as a string',
    'notifyV2',
    { ...v2, content: { type: 'template', value: JSON.stringify(teamsCard) } },
    { message: native(teamsCard) },
  ],
  [
    'v2 script that is JSON',
    'notifyV2',
    { ...v2, content: { type: 'script', value: '{"a":1}' } },
    { message: native({ a: 1 }) },
  ],
  [
    'v2 script that is an object',
    'notifyV2',
    { ...v2, content: { type: 'script', value: { a: 1 } } },
    { message: native({ a: 1 }) },
  ],
  ['v2 spelled with val', 'notifyV2', { ...v2, content: { type: 'text', val: 'Hi' } }, { message: text('Hi') }],
  ...['hangoutchat', 'hangouts', 'googlechat'].map((channel): [string, 'notifyV2', object, Expected] => [
    `v2 Google Chat spelled ${channel}`,
    'notifyV2',
    { channel, message: { type: 'text', value: 'Hi' }, identities: [{ spaceId: 'AAQAPWixxxx' }] },
    { channel: 'hangoutchat', recipients: [{ identity: 'AAQAPWixxxx' }] },
  ]),
  ['v2 without identity type', 'notifyV2', { ...v2, userIdentityType: undefined }, { resolve: true }],
  ['v2 without webhook name', 'notifyV2', { ...v2, webhookInstanceName: undefined }, { connection: 'Webhook' }],
  ['v2 second webhook', 'notifyV2', { ...v2, webhookInstanceName: 'Second' }, { connection: 'Second' }],
  [
    'v2 parameters at their limits',
    'notifyV2',
    {
      ...v2,
      identities: [
        {
          email: 'a',
          parameters: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`p${i}`, 'x'.repeat(200)])),
        },
      ],
    },
    {},
  ],
];

const REPLY_KEYS =
  '["status","percentageComplete","streamId","jobType","action","countOfDockStatuses","createdBy","store","statusLogs","_id","lMod","createdOn","requestedTime","__v"]';

describe('sending', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  for (const [name, route, body, expected] of accepted) {
    it(`accepts ${name}`, async () => {
      const reply = await post(rig, route, body);
      assert.equal(reply.status, 200, reply.text);
      const stored = await readStored(rig, idOf(reply));
      const { channel, connection, recipients, ...fields } = expected;
      for (const [field, value] of Object.entries(fields)) {
        assert.deepEqual(stored.notification[field as keyof typeof fields], value, field);
      }
      if (channel !== undefined) assert.equal(stored.notification.channel, channel);
      if (connection !== undefined)
        assert.equal(stored.notification.connectionId, connectionId(BOT, 'ivr', connection));
      recipients?.forEach((recipient, seq) => {
        assert.deepEqual({ ...stored.recipients[seq], ...recipient, seq }, stored.recipients[seq]);
      });
      assert.equal(stored.notification.channelSpelling, Object.entries(body).find(([key]) => key === 'channel')?.[1]);
      assert.equal(stored.notification.api, route === 'notify' ? 'kore-v1' : 'kore-v2');
    });
  }

  for (const [route, body] of Object.entries({ notify: v1, notifyV2: v2 })) {
    it(`${route} answers the live document, keys in the live order`, async () => {
      const wakes = rig.wakes();
      const reply = await post(rig, route, body);
      assert.equal(reply.status, 200);
      assert.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8');
      assert.equal(JSON.stringify(Object.keys(Object(reply.json))), REPLY_KEYS);
      const id = idOf(reply);
      assert.ok(isId('ds', id));
      assert.deepEqual(reply.json, {
        status: 'IN_PROGRESS',
        percentageComplete: 0,
        streamId: BOT,
        jobType: 'PROACTIVE_NOTIFICATIONS_API',
        action: 'PROACTIVE_NOTIFICATIONS',
        countOfDockStatuses: 1,
        createdBy: derivedId('u', BOT, 'tester'),
        store: { identitiesCount: body.identities.length },
        statusLogs: [],
        _id: id,
        lMod: '2026-03-01T10:00:00.000Z',
        createdOn: '2026-03-01T10:00:00.789Z',
        requestedTime: '2026-03-01T10:00:00.789Z',
        __v: 0,
      });
      assert.equal(rig.wakes(), wakes + 1);
    });
  }

  it('keeps what the engine needs: lane, expiry, who asked', async () => {
    const reply = await post(rig, 'notify', v1, { token: await tokenFor('cs-both') });
    const { notification } = await readStored(rig, idOf(reply));
    assert.deepEqual(
      [notification.lane, notification.createdAt, notification.expiresAt, notification.appId, notification.total],
      ['normal', START, START + 86_400_000, 'cs-both', 1],
    );
  });

  it('takes a thousand identities', async () => {
    const identities = Array.from({ length: 1000 }, (_, i) => `person${i}@example.com`);
    const reply = await post(rig, 'notify', { ...v1, identities });
    assert.equal(reply.status, 200);
    const { notification, recipients } = await readStored(rig, idOf(reply));
    assert.equal(notification.total, 1000);
    assert.deepEqual(
      recipients.map((recipient) => recipient.identity),
      identities,
    );
  });

  it('is liberal about a trailing slash, a query, a charset, a +json type and a missing type', async () => {
    assert.equal((await post(rig, 'notify/', v1)).status, 200);
    assert.equal((await post(rig, 'notify?a=b', v1)).status, 200);
    for (const type of [
      'application/json; charset=utf-8',
      'Application/JSON;charset="UTF-8"',
      'application/vnd.api+json',
    ]) {
      assert.equal((await post(rig, 'notify', v1, { headers: { 'content-type': type } })).status, 200, type);
    }
    const untyped = await fetch(`${rig.url}/api/public/bot/${BOT}/notify`, {
      method: 'POST',
      headers: { auth: await tokenFor('cs-builder') },
      body: Buffer.from(JSON.stringify(v1)),
    });
    assert.equal(untyped.status, 200);
  });
});

async function readStored(rig: Rig, id: string): Promise<{ notification: Notification; recipients: Recipient[] }> {
  const notification = await rig.store.findNotification({ botId: BOT, notificationId: id });
  assert.ok(notification !== null);
  const queue = { ...notification, size: sizeOf(notification.total) };
  const claim = { queue, owner: 'test', leaseMs: 60_000, limit: 1000 };
  const batches = (await rig.store.claimDue(claim)).filter((batch) => batch.notificationId === id);
  const recipients = batches.flatMap((batch) => batch.recipients).sort((a, b) => a.seq - b.seq);
  return { notification, recipients };
}

function idOf(reply: Reply): string {
  assert.ok(isJsonObject(reply.json), reply.text);
  return String(reply.json['_id']);
}
