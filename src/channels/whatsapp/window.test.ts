import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import type { Address, Outcome } from '../../model/outcome.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { type Desk, openTestClock, openTestDesk } from '../test-desk.ts';
import { whatsapp } from './whatsapp.ts';

const clock = openTestClock();
const HOUR_MS = 60 * 60_000;
const NOTICE = { name: 'notice', language: 'en_US' };
const FIXED = { name: 'hello_world', language: 'en_US', takesText: false };

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox({ limits: 'off', clock });
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

const open = (windowTemplate?: JsonObject): Desk =>
  openTestDesk({
    channel: whatsapp,
    settings: {
      ...sandbox.credentials.whatsapp,
      apiUrl: sandbox.urls.whatsapp,
      ...(windowTemplate === undefined ? {} : { windowTemplate }),
    },
    address: heard(null),
    clock,
  });

/** Bob, who wrote so many ms ago; null: we do not know when. */
function heard(agoMs: number | null): Address {
  const reference = agoMs === null ? null : { heardAt: String(clock.now() - agoMs) };
  return { channelId: '+4915112345678', reference };
}

const text = (words: string): Message => ({ type: 'text', text: words });
const native = (payload: JsonObject): Message => ({ type: 'native', payload });
const LINK = 'https://example.com/a.jpg';
const PICTURE = native({ type: 'image', image: { link: LINK } });
const CAPTIONED = native({ type: 'image', image: { link: LINK, caption: 'Look' } });
const BUTTONS = native({
  type: 'interactive',
  interactive: {
    type: 'button',
    body: { text: 'Which one?' },
    action: { buttons: [{ type: 'reply', reply: { id: 'a', title: 'A' } }] },
  },
});
const OWN = native({ type: 'template', template: { name: 'hello_world', language: { code: 'en_US' } } });

/** [since when we know nothing from them, message, template, what goes out: a type, or a template and its text] */
const CHOICES: readonly (readonly [number | null, Message, JsonObject | undefined, string])[] = [
  [0, text('Hi'), NOTICE, 'text'],
  [HOUR_MS, text('Hi'), NOTICE, 'text'],
  [24 * HOUR_MS - 61_000, text('Hi'), NOTICE, 'text'],
  [24 * HOUR_MS - 60_000, text('Hi'), NOTICE, 'notice: Hi'],
  [24 * HOUR_MS, text('Hi'), NOTICE, 'notice: Hi'],
  [240 * HOUR_MS, text('Hi'), NOTICE, 'notice: Hi'],
  [null, text('Hi'), NOTICE, 'notice: Hi'],
  [-HOUR_MS, text('Hi'), NOTICE, 'text'],

  [null, text('Hi'), undefined, 'text'],
  [48 * HOUR_MS, text('Hi'), undefined, 'text'],

  [null, text(' One\r\n\ttwo      three\u2028four '), NOTICE, 'notice: One two three four'],
  [null, text('Hi'), FIXED, 'hello_world'],

  [0, CAPTIONED, NOTICE, 'image'],
  [null, CAPTIONED, NOTICE, 'notice: Look'],
  [null, PICTURE, NOTICE, 'image'],
  [null, PICTURE, FIXED, 'hello_world'],
  [null, BUTTONS, NOTICE, 'notice: Which one?'],
  [null, native({ text: { body: 'Untyped' } }), NOTICE, 'notice: Untyped'],

  [0, OWN, NOTICE, 'hello_world'],
  [null, OWN, NOTICE, 'hello_world'],
  [null, OWN, FIXED, 'hello_world'],
];

describe('What goes out', () => {
  for (const [agoMs, message, template, expected] of CHOICES) {
    const said = JSON.stringify(message.type === 'text' ? message.text : message.payload['type']);
    test(`${agoMs} ms after they wrote, of ${said} with ${template?.['name']}: ${expected}`, async () => {
      const desk = open(template);
      assert.equal((await desk.send({ message, address: heard(agoMs) })).kind, 'accepted');
      assert.deepEqual(desk.calls.map(sayBody), [expected]);
    });
  }

  test('to a person without a number is a template too', async () => {
    const desk = open(NOTICE);
    await desk.send({ address: { channelId: 'US.13491208655302741918', reference: null } });
    assert.deepEqual(JSON.parse(desk.calls[0]?.body ?? '')['recipient'], 'US.13491208655302741918');
    assert.deepEqual(desk.calls.map(sayBody), ['notice: hello']);
  });

  test('by a time that is none is a template', async () => {
    const desk = open(NOTICE);
    for (const heardAt of ['', 'soon', '-1', '1e99', '9'.repeat(16)]) {
      await desk.send({ address: { channelId: '+4915112345678', reference: { heardAt } } });
    }
    assert.deepEqual(new Set(desk.calls.map(sayBody)), new Set(['notice: hello']));
  });

  test('follows the clock', async () => {
    const desk = open(NOTICE);
    const address = heard(0);
    await desk.send({ address });
    clock.advance(24 * HOUR_MS);
    await desk.send({ address });
    assert.deepEqual(desk.calls.map(sayBody), ['text', 'notice: hello']);
  });
});

describe('WhatsApp says in its answer that it is too late', () => {
  test('and the template goes out once', async () => {
    sandbox.whatsapp.change({ window: 'at_once' });
    const desk = open(NOTICE);
    assert.equal((await desk.send({ address: heard(HOUR_MS) })).kind, 'accepted');
    assert.deepEqual(desk.calls.map(sayBody), ['text', 'notice: hello']);
    assert.equal(sandbox.ledger.total(), 1);
  });

  test('but not again when that is refused too', async () => {
    sandbox.whatsapp.change({ window: 'at_once' });
    const late = { error: { code: 131047, message: '(#131047) Re-engagement message' } };
    sandbox.faults.set([{ provider: 'whatsapp', fault: { kind: 'status', status: 400, body: late } }]);
    const desk = open(NOTICE);
    assert.deepEqual(outline(await desk.send({ address: heard(HOUR_MS) })), ['recipient', 'unreachable_recipient']);
    assert.equal(desk.calls.length, 2);
  });

  test('and without a template it is only told', async () => {
    sandbox.whatsapp.change({ window: 'at_once' });
    const desk = open();
    assert.deepEqual(outline(await desk.send()), ['recipient', 'unreachable_recipient']);
    assert.equal(desk.calls.length, 1);
  });

  test('and an unknown end of the first stays unknown', async () => {
    sandbox.faults.set([{ provider: 'whatsapp', fault: { kind: 'reset', processed: true } }]);
    const desk = open(NOTICE);
    assert.equal((await desk.send({ address: heard(HOUR_MS) })).kind, 'unknown');
    assert.equal(desk.calls.length, 1);
  });
});

test('a template that cannot be sent is the trouble of those who need it alone', async () => {
  for (const windowTemplate of [
    { name: 'missing', language: 'en_US' },
    { ...NOTICE, takesText: false },
  ]) {
    const desk = open(windowTemplate);
    const outcome = await desk.send();
    assert.deepEqual(outline(outcome), ['recipient', 'message_invalid']);
    const { name } = windowTemplate;
    assert.match(
      outcome.kind === 'rejected' ? outcome.detail : '',
      new RegExp(`^outside the 24 hours, as ${name}: What`),
    );
    assert.equal((await desk.send({ address: heard(HOUR_MS) })).kind, 'accepted');
  }
});

test('a template may name its parameter', async () => {
  const desk = open({ name: 'welcome', language: 'en_US', parameterName: 'first_name' });
  assert.equal((await desk.send()).kind, 'accepted');
  const { template } = JSON.parse(desk.calls[0]?.body ?? '');
  const parameters = [{ type: 'text', parameter_name: 'first_name', text: 'hello' }];
  assert.deepEqual(template.components, [{ type: 'body', parameters }]);
});

function sayBody({ body }: Desk['calls'][number]): string {
  const { type, template } = JSON.parse(body ?? '');
  if (type === undefined) return 'text';
  if (type !== 'template') return type;
  const words = template.components?.[0].parameters[0].text;
  return words === undefined ? template.name : `${template.name}: ${words}`;
}

function outline(outcome: Outcome): readonly string[] {
  return outcome.kind === 'rejected' ? [outcome.scope, outcome.reason] : [outcome.kind];
}
