import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { BOT, call, OTHER_BOT, post, type Rig, startRig, tokenFor } from '../../../test/support/http-rig.ts';
import { CHANNELS } from '../../channels/channels.ts';

const KNOWN = CHANNELS.map((channel) => channel.id).join(', ');

const v1 = {
  channel: 'msteams',
  userIdentityType: 'resolve',
  message: { type: 'text', val: 'Hi' },
  identities: ['a@b.c'],
};
const v2 = {
  channel: 'ivr',
  message: { type: 'text', value: 'Hi' },
  identities: [{ email: 'a@b.c' }],
};
const many = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);

/** What follows the exact text and a colon: the field, what is wrong with it, and the fix. */
const refused: readonly [route: 'notify' | 'notifyV2', body: unknown, detail: string][] = [
  ['notify', '', 'the body is empty; send a JSON object'],
  ['notify', '[]', 'body: must be a JSON object'],
  ['notify', '"text"', 'body: must be a JSON object'],
  ['notify', 'null', 'body: must be a JSON object'],
  ['notify', { ...v1, channel: undefined }, `channel: is missing; use one of ${KNOWN}`],
  ['notify', { ...v1, channel: 7 }, `channel: has the wrong type; use one of ${KNOWN}`],
  ['notify', { ...v1, channel: 'fax' }, `channel: "fax" is unknown; use one of ${KNOWN}`],
  ['notify', { ...v1, channel: '__proto__' }, `channel: "__proto__" is unknown; use one of ${KNOWN}`],
  [
    'notify',
    { ...v1, channel: 'ivr', webhookInstanceName: 'Nope' },
    'webhookInstanceName: this bot has no ivr connection named "Nope"',
  ],
  ['notify', { ...v1, userIdentityType: undefined }, 'userIdentityType: is missing; use "resolve" or "donotresolve"'],
  ['notify', { ...v1, userIdentityType: 'Resolve' }, 'userIdentityType: is unknown; use "resolve" or "donotresolve"'],
  ['notify', { ...v1, message: undefined }, 'message: is missing; send an object with type and value'],
  ['notify', { ...v1, message: 'Hi' }, 'message: has the wrong type; send an object with type and value'],
  ['notify', { ...v1, content: v1.message }, 'message: also given as content; send one of the two'],
  [
    'notify',
    { ...v1, message: { type: 'text', val: 'a', value: 'b' } },
    'message.val: also given as value; send one of the two',
  ],
  ['notify', { ...v1, message: { val: 'Hi' } }, 'message.type: must be one of text, script'],
  ['notify', { ...v1, message: { type: 'template', val: 'Hi' } }, 'message.type: must be one of text, script'],
  ['notify', { ...v1, message: { type: 'text' } }, 'message.val: is missing'],
  ['notify', { ...v1, message: { type: 'text', val: '' } }, 'message.val: must not be empty'],
  ['notify', { ...v1, message: { type: 'text', val: { a: 1 } } }, 'message.val: must be a string'],
  [
    'notify',
    { ...v1, message: { type: 'script', val: `${'('.repeat(201)}1${')'.repeat(201)}` } },
    'message.val: brackets are nested more than 200 deep',
  ],
  ['notify', { ...v1, identities: undefined }, 'identities: is missing; send an array of 1 to 1000'],
  ['notify', { ...v1, identities: 'a@b.c' }, 'identities: has the wrong type; send an array of 1 to 1000'],
  ['notify', { ...v1, identities: [] }, 'identities: is empty; send 1 to 1000'],
  ['notify', { ...v1, identities: many(1001, 'a@b.c') }, 'identities: holds 1001; send at most 1000 in one request'],
  ['notify', { ...v1, identities: ['a@b.c', 7] }, 'identities[1]: must be a string'],
  ['notify', { ...v1, identities: [{ email: 'a@b.c' }] }, 'identities[0]: must be a string'],

  ['notifyV2', { ...v2, channel: 'fax' }, `channel: "fax" is unknown; use one of ${KNOWN}`],
  [
    'notifyV2',
    { ...v2, priority: 'high' },
    'body: unknown property "priority"; known are channel, webhookInstanceName, userIdentityType, message, content, identities',
  ],
  [
    'notifyV2',
    { ...v2, message: { ...v2.message, x: 1 } },
    'message: unknown property "x"; known are type, val, value',
  ],
  ['notifyV2', { ...v2, userIdentityType: 'donotresolve' }, 'userIdentityType: use "resolve" or leave it out'],
  ['notifyV2', { ...v2, webhookInstanceName: '' }, 'webhookInstanceName: must be a non-empty string'],
  [
    'notifyV2',
    { ...v2, channel: 'msteams', webhookInstanceName: 'Webhook' },
    'webhookInstanceName: only webhooks have a name, msteams is none; leave it out',
  ],
  [
    'notifyV2',
    { ...v2, message: { type: 'html', value: 'Hi' } },
    'message.type: must be one of text, template, script',
  ],
  [
    'notifyV2',
    { ...v2, message: { type: 'template', value: [1] } },
    'message.value: must be a string or a JSON object',
  ],
  ['notifyV2', { ...v2, identities: ['a@b.c'] }, 'identities[0]: must be an object with email'],
  ['notifyV2', { ...v2, identities: [{}] }, 'identities[0].email: must be a string'],
  ['notifyV2', { ...v2, identities: [{ email: 7 }] }, 'identities[0].email: must be a string'],
  [
    'notifyV2',
    { ...v2, identities: many(1001, { email: 'a' }) },
    'identities: holds 1001; send at most 1000 in one request',
  ],
  [
    'notifyV2',
    { ...v2, identities: [{ email: 'a' }, { phoneNumber: '1' }] },
    'identities[1]: unknown property "phoneNumber"; ivr takes email',
  ],
  [
    'notifyV2',
    { ...v2, channel: 'hangouts', identities: [{ email: 'a' }] },
    'identities[0]: unknown property "email"; hangoutchat takes spaceId',
  ],
  [
    'notifyV2',
    { ...v2, identities: [{ email: 'a', customMessage: 7 }] },
    'identities[0].customMessage: must be a string',
  ],
  [
    'notifyV2',
    { ...v2, identities: [{ email: 'a', parameters: ['x'] }] },
    'identities[0].parameters: must be an object',
  ],
  [
    'notifyV2',
    { ...v2, identities: [{ email: 'a', parameters: { n: 1 } }] },
    'identities[0].parameters.n: must be a string',
  ],
  [
    'notifyV2',
    { ...v2, identities: [{ email: 'a', parameters: { n: 'x'.repeat(201) } }] },
    'identities[0].parameters.n: has 201 characters; at most 200 are taken',
  ],
  [
    'notifyV2',
    { ...v2, identities: [{ email: 'a', parameters: Object.fromEntries(many(21, 'x').map((x, i) => [`p${i}`, x])) }] },
    'identities[0].parameters: holds 21; at most 20 are taken',
  ],
  [
    'notifyV2',
    {
      ...v2,
      message: { type: 'template', value: { a: 1 } },
      identities: [{ email: 'a', customMessage: `${'{"a":'.repeat(40)}1${'}'.repeat(40)}` }],
    },
    `identities[0].customMessage: the JSON in it is refused: ${many(31, 'a').join('.')}.a: nested more than 32 levels deep`,
  ],
  ['notify', raw('"identities":["a\\u0000b"]'), 'identities[0]: NUL characters are not allowed'],
  ['notify', raw('"identities":["\\ud800"]'), 'identities[0]: half of a surrogate pair is not allowed'],
  ['notify', raw('"identities":["a"],"__proto__":{"polluted":1}'), '__proto__: this key is not allowed'],
  ['notify', raw('"identities":["a"],"x":{"__pr\\u006fto__":1}'), 'x.__proto__: this key is not allowed'],
  ['notify', raw('"identities":["a"],"constructor":{"prototype":{}}'), 'constructor: this key is not allowed'],
  [
    'notify',
    raw(`"identities":["a"],"x":${'['.repeat(100_000)}${']'.repeat(100_000)}`),
    `x${'[0]'.repeat(31)}: nested more than 32 levels deep`,
  ],
];

describe('bodies that are refused', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  for (const [route, body, detail] of refused) {
    it(`${route}: ${detail.slice(0, 90)}`, async () => {
      const reply = await post(rig, route, body);
      const msg = `Validation errors/ Invalid arguments: ${detail}`;
      assert.deepEqual([reply.status, reply.json], [412, { errors: [{ msg, code: 412 }] }]);
    });
  }

  it('text that is not JSON is named, and Object.prototype stays as it was', async () => {
    for (const body of ['{', '{"a":1,}', "{'a':1}", 'undefined', '\u0000', '{"a":NaN}', `${'{"a":'.repeat(50_000)}`]) {
      const reply = await post(rig, 'notify', body);
      assert.equal(reply.status, 412);
      assert.match(reply.text, /^\{"errors":\[\{"msg":"Validation errors\/ Invalid arguments: the body is not JSON: /);
    }
    assert.equal(Reflect.get({}, 'polluted'), undefined);
  });

  it('bytes that are not UTF-8 are refused', async () => {
    const broken = Buffer.from(JSON.stringify({ ...v1, identities: ['Zoe@b.c'] }));
    broken[broken.indexOf('oe@')] = 0xeb;
    const reply = await call(rig, `/api/public/bot/${BOT}/notify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', auth: await tokenFor('cs-builder') },
      body: broken,
    });
    assert.equal(
      reply.text,
      '{"errors":[{"msg":"Validation errors/ Invalid arguments: the body is not valid UTF-8","code":412}]}',
    );
  });

  it('a channel the bot has not got is refused by name', async () => {
    const reply = await post(
      rig,
      'notify',
      { ...v1, channel: 'slack' },
      { bot: OTHER_BOT, token: await tokenFor('cs-admin') },
    );
    assert.equal(reply.status, 412);
    assert.match(reply.text, /: channel: slack is not configured for this bot"/);
  });

  it('other media types, charsets and encodings are refused with 415', async () => {
    const wrong: readonly [Record<string, string>, RegExp][] = [
      [{ 'content-type': 'text/plain' }, /text\/plain: send the body as application\/json/],
      [{ 'content-type': 'application/x-www-form-urlencoded' }, /x-www-form-urlencoded: send the body/],
      [{ 'content-type': ';;;' }, /Unsupported Media Type/],
      [{ 'content-type': 'application/json; charset=utf-16' }, /charset utf-16: send UTF-8/],
      [{ 'content-encoding': 'gzip' }, /content-encoding gzip: send the body uncompressed/],
    ];
    for (const [headers, pattern] of wrong) {
      const reply = await post(rig, 'notify', v1, { headers });
      assert.deepEqual([reply.status, /"code":415/.test(reply.text)], [415, true], JSON.stringify(headers));
      assert.match(reply.text, pattern);
    }
  });

  it('the largest call the interface documents is taken', async () => {
    const parameters = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`p${n}`, 'x'.repeat(200)]));
    const identities = Array.from({ length: 1000 }, (_, n) => ({ email: `p${n}@example.com`, parameters }));
    const reply = await post(rig, 'notifyV2', { ...v2, identities });
    assert.equal(reply.status, 200, reply.text);
  });

  it('a body over the limit is refused with 413, whether its length is told or not', async () => {
    const url = `${rig.url}/api/public/bot/${BOT}/notify`;
    const headers = { 'content-type': 'application/json', auth: await tokenFor('cs-builder') };
    const large = `{"pad":"${'x'.repeat(8 * 1024 * 1024)}"}`;
    const told = await fetch(url, { method: 'POST', headers, body: large });
    assert.equal(
      await told.text(),
      '{"errors":[{"msg":"Payload Too Large: at most 8388608 bytes are taken; send several calls","code":413}]}',
    );
    const stream = new Blob([large]).stream();
    const untold = await fetch(url, { method: 'POST', headers, body: stream, duplex: 'half' }).catch(() => null);
    // The server hangs up on a sender that goes on, who may or may not still read why.
    if (untold !== null) assert.equal(untold.status, 413);
    assert.equal((await post(rig, 'notify', v1)).status, 200);
  });

  it('property: whatever takes the place of a field is accepted or refused, never a failure of ours', async () => {
    const place = fc.constantFrom(...Object.keys(v1), 'content', 'webhookInstanceName', 'extra');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('notify', 'notifyV2'),
        place,
        fc.jsonValue({ maxDepth: 4 }),
        async (route, key, value) => {
          const reply = await post(rig, route, { ...(route === 'notify' ? v1 : v2), [key]: value });
          assert.ok([200, 412].includes(reply.status), reply.text);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('nothing that was refused left anything behind', async (t) => {
    const clean = await startRig();
    t.after(() => clean.close());
    for (const [route, body] of refused) await post(clean, route, body);
    assert.deepEqual(await clean.store.listQueues({ after: null, limit: 100 }), []);
    assert.equal(clean.wakes(), 0);
  });
});

function raw(rest: string): string {
  return `{"channel":"msteams","userIdentityType":"resolve","message":{"type":"text","val":"Hi"},${rest}}`;
}
