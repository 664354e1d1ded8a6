import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { recipientRef } from '../../model/ids.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Address, Outcome } from '../../model/outcome.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { type Desk, type DeskOptions, NOTIFICATION_ID, openTestDesk } from '../test-desk.ts';
import { whatsapp } from './whatsapp.ts';

const KEY = recipientRef(NOTIFICATION_ID, 1);
const BOB: Address = { channelId: '4915112345678', reference: null };
const addressOf = (channelId: string): Address => ({ channelId, reference: null });
const native = (payload: JsonObject) => ({ message: { type: 'native', payload } }) as const;

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

function open(settings: JsonObject = {}, { urls, credentials }: Sandbox = sandbox): Desk {
  const options: DeskOptions = {
    channel: whatsapp,
    settings: { ...credentials.whatsapp, apiUrl: urls.whatsapp, ...settings },
    address: BOB,
  };
  return openTestDesk(options);
}

/** What every message holds besides its own. */
const ENVELOPE = {
  messaging_product: 'whatsapp',
  recipient_type: 'individual',
  to: '+4915112345678',
  biz_opaque_callback_data: KEY,
};

/** As Kore documents it for v2: the value of a template is the Cloud API's own object. */
const KORE_IMAGE = { type: 'image', image: { link: 'https://example.com/a.jpg', caption: 'Random Image' } };

const SHIPPED = {
  type: 'template',
  template: {
    name: 'order_shipped',
    language: { code: 'en_US' },
    components: [
      {
        type: 'body',
        parameters: [
          { type: 'text', text: 'Bob' },
          { type: 'currency', currency: { fallback_value: '$1', code: 'USD', amount_1000: 1000 } },
        ],
      },
      { type: 'button', sub_type: 'url', index: '0', parameters: [{ type: 'text', text: 'suffix' }] },
    ],
  },
};

describe('What goes over the wire', () => {
  test('a text', async () => {
    const desk = open();
    const text = 'a < b & *bold* é 🧨 %41 +';
    const outcome = await desk.send({ seq: 1, message: { type: 'text', text } });
    assert.ok(outcome.kind === 'accepted' && outcome.learned === undefined);
    const [entry] = sandbox.ledger.entries();
    assert.deepEqual([outcome.providerMessageId, text, KEY], [entry?.messageId, entry?.text, entry?.key]);

    const [call] = desk.calls;
    assert.equal(desk.calls.length, 1);
    const { phoneNumberId, accessToken } = sandbox.credentials.whatsapp;
    assert.deepEqual([call?.method, call?.url], ['POST', `${sandbox.urls.whatsapp}${phoneNumberId}/messages`]);
    assert.deepEqual(call?.headers, {
      authorization: `Bearer ${accessToken}`,
      'content-type': 'application/json',
    });
    assert.deepEqual(bodyOf(desk), { type: 'text', text: { body: text, preview_url: false }, ...ENVELOPE });
  });

  test('the image of Kore’s v2 sample', async () => {
    const desk = open();
    assert.equal((await desk.send({ seq: 1, ...native(KORE_IMAGE) })).kind, 'accepted');
    assert.deepEqual(bodyOf(desk), { ...KORE_IMAGE, ...ENVELOPE });
    assert.equal(sandbox.ledger.entries({ recipient: '4915112345678' })[0]?.text, 'Random Image');
  });

  test('a template', async () => {
    const desk = open();
    assert.equal((await desk.send({ seq: 1, ...native(SHIPPED) })).kind, 'accepted');
    assert.deepEqual(bodyOf(desk), { ...SHIPPED, ...ENVELOPE });
  });

  test('a caller’s own envelope does not count, the rest does', async () => {
    const desk = open();
    const theirs = {
      messaging_product: 'messenger',
      recipient_type: 'group',
      to: '15550100',
      recipient: 'US.1',
      biz_opaque_callback_data: 'theirs',
    };
    const context = { message_id: 'wamid.1' };
    await desk.send({ seq: 1, ...native({ ...theirs, ...KORE_IMAGE, context }) });
    assert.deepEqual(bodyOf(desk), { ...KORE_IMAGE, context, ...ENVELOPE });
    assert.equal(sandbox.ledger.countOf('whatsapp', '15550100'), 0);
  });

  test('an API behind any path, with a slash at its end or without', async () => {
    assert.equal((await open({ apiUrl: sandbox.urls.whatsapp.replace(/\/$/, '') }).send()).kind, 'accepted');
  });
});

/** [identity, what goes out; null: nothing is called at all] */
const IDENTITIES: readonly (readonly [string, Readonly<Record<string, string>> | null])[] = [
  ['4915112345678', { to: '+4915112345678' }],
  ['+4915112345678', { to: '+4915112345678' }],
  [' 15550100 ', { to: '+15550100' }],
  ['US.13491208655302741918', { recipient: 'US.13491208655302741918' }],
  ['US.ENT.11815799212886844830', { recipient: 'US.ENT.11815799212886844830' }],
  ['us.13491208655302741918', null],
  ['US.', null],
  [`US.${'1'.repeat(129)}`, null],
  ['++4915112345678', null],
  ['+49 151 12345678', null],
  ['1234', null],
  ['1234567890123456', null],
  ['91xxxxxxx4', null],
  ['jane@example.com', null],
  ['', null],
];

describe('Where a message goes', () => {
  for (const [identity, target] of IDENTITIES) {
    test(`${JSON.stringify(identity)}: ${JSON.stringify(target)}`, async () => {
      const desk = open();
      const outcome = await desk.send({ address: addressOf(identity) });
      if (target !== null) {
        const { to, recipient } = bodyOf(desk);
        assert.deepEqual({ to, recipient }, { to: undefined, recipient: undefined, ...target });
        assert.equal(outcome.kind, 'accepted');
        return;
      }
      assert.deepEqual(outlineOf(outcome), ['recipient', 'not_associated']);
      assert.equal(desk.calls.length, 0);
    });
  }
});

describe('Limits', () => {
  const connection = (settings: JsonObject) => ({
    id: 'dc-test',
    botId: 'st-test',
    channel: 'whatsapp',
    name: null,
    settings: { ...sandbox.credentials.whatsapp, ...settings },
    limits: { perSecond: null, concurrency: null },
    allowPrivateNetwork: false,
  });

  test('are those of the business phone number, whoever uses it', () => {
    const account = (settings: JsonObject) => whatsapp.account?.(connection(settings));
    assert.equal(account({}), account({ accessToken: 'EAAother', windowTemplate: { name: 'a', language: 'de' } }));
    assert.notEqual(account({}), account({ phoneNumberId: '5' }));
    assert.notEqual(account({}), account({ apiUrl: 'https://example.com/' }));
    assert.ok(!account({})?.includes(sandbox.credentials.whatsapp.accessToken));
  });

  test('and of each person, however the number is written', () => {
    const scopes = (id: string) => whatsapp.scopes?.(connection({}), addressOf(id));
    const pair = { key: '+4915112345678', bucket: { burst: 45, everyMs: 6_000 } };
    for (const id of ['4915112345678', '+4915112345678', ' 4915112345678 ']) assert.deepEqual(scopes(id), [pair]);
    assert.deepEqual(scopes('US.1'), [{ ...pair, key: 'US.1' }]);
    assert.deepEqual(scopes('nobody'), []);
  });
});

describe('What WhatsApp does not take', () => {
  test('a text of more than 4,096 characters is not even sent', async () => {
    const desk = open();
    const tooLong = await desk.send({ message: { type: 'text', text: 'x'.repeat(4097) } });
    assert.deepEqual(outlineOf(tooLong), ['message', 'message_too_large']);
    assert.equal(desk.calls.length, 0);
    for (const text of ['x'.repeat(4096), '🧨'.repeat(4096)]) {
      assert.equal((await desk.send({ message: { type: 'text', text } })).kind, 'accepted');
    }
  });

  test('a template that is filled wrongly is everybody’s', async () => {
    const { template } = SHIPPED;
    const short = await open().send(native({ ...SHIPPED, template: { ...template, components: [] } }));
    assert.deepEqual(outlineOf(short), ['message', 'message_invalid']);
    assert.match(short.kind === 'rejected' ? short.detail : '', /^WhatsApp said 132000: .+expected number/);
  });

  test('a person is theirs alone', async () => {
    const desk = open();
    for (const number of ['999131026000001', '999130497000001', '999131049000001']) {
      const outcome = await desk.send({ address: addressOf(number) });
      assert.deepEqual(outlineOf(outcome), ['recipient', 'unreachable_recipient']);
    }
    const outcome = await desk.send({ address: addressOf('999131050000001') });
    assert.deepEqual(outlineOf(outcome), ['recipient', 'opted_out']);
  });

  test('somebody who stopped marketing messages gets nothing more, unless that is configured', async () => {
    const silenceOf = async (settings: JsonObject) => {
      const outcome = await open(settings).send({ address: addressOf('999131050000001') });
      assert.deepEqual(outlineOf(outcome), ['recipient', 'opted_out']);
      return outcome.kind === 'rejected' ? outcome.silence : null;
    };
    assert.equal(await silenceOf({}), 'opted_out');
    assert.equal(await silenceOf({ marketingStop: 'ignore' }), undefined);
  });

  test('a payload that cannot be is not even sent', async () => {
    const desk = open();
    const outcome = await desk.send(native({ type: 'image', image: { caption: 'Where is it?' } }));
    assert.deepEqual(outlineOf(outcome), ['message', 'message_invalid']);
    assert.match(outcome.kind === 'rejected' ? outcome.detail : '', /^image: needs either a link or an id$/);
    assert.equal(desk.calls.length, 0);
  });

  test('a wrong token or number id holds the connection, and the check says so', async () => {
    for (const settings of [{ accessToken: 'EAAwrong' }, { phoneNumberId: '555' }]) {
      const desk = open(settings);
      assert.deepEqual(outlineOf(await desk.send()), ['connection', 'connection_refused']);
      const check = await desk.session.check(AbortSignal.timeout(5_000));
      assert.equal(check.ok, false);
      assert.match(check.detail, /^WhatsApp said (190|100): /);
    }
  });

  test('the 46th message at once to one person waits, and nobody else', async () => {
    const limited = await startSandbox();
    after(() => limited.close());
    const desk = open({}, limited);
    for (let sent = 0; sent < 45; sent++) assert.equal((await desk.send()).kind, 'accepted');
    const outcome = await desk.send();
    assert.ok(outcome.kind === 'busy');
    assert.deepEqual([outcome.scope, outcome.retryAfterMs], ['recipient', 6_000]);
  });
});

test('the check names the number', async () => {
  const { ok, detail } = await open().session.check(AbortSignal.timeout(5_000));
  assert.deepEqual([ok, detail], [true, 'WhatsApp knows the number +1 555-010-0001, Sandbox.']);
});

test('a message that WhatsApp holds back for a while is accepted', async () => {
  const held = { messages: [{ id: 'wamid.held', message_status: 'held_for_quality_assessment' }] };
  sandbox.faults.set([{ provider: 'whatsapp', fault: { kind: 'status', status: 200, body: held } }]);
  assert.deepEqual(await open().send(), { kind: 'accepted', providerMessageId: 'wamid.held' });
});

test('a success has a message id and a status that says so, and no code', async () => {
  const messages = [{ id: 'wamid.1' }];
  const kindOf = async (status: number, body: JsonObject) => {
    sandbox.faults.set([{ provider: 'whatsapp', fault: { kind: 'status', status, body } }]);
    return (await open().send()).kind;
  };
  assert.equal(await kindOf(201, { messages }), 'accepted');
  assert.equal(await kindOf(500, { messages }), 'unknown');
  assert.equal(await kindOf(200, { messages: [{ id: 'has a space' }] }), 'unknown');
  assert.equal(await kindOf(200, { messages: [], contacts: [] }), 'unknown');
  assert.equal(await kindOf(200, { error: { code: 131026 } }), 'rejected');
});

test('what happened to a lost message is not guessed: another attempt costs and arrives', () => {
  assert.equal(whatsapp.afterUnknown, 'hold');
});

function bodyOf({ calls }: Desk): JsonObject {
  return JSON.parse(calls.at(-1)?.body ?? '{}');
}

function outlineOf(outcome: Outcome): readonly string[] {
  return outcome.kind === 'rejected' ? [outcome.scope, outcome.reason] : [outcome.kind];
}
