import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Json, JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import { inspectMessage } from './inspect.ts';

const x = (length: number) => 'x'.repeat(length);
const plain = (text: Json) => ({ type: 'plain_text', text });
const mrkdwn = (text: Json) => ({ type: 'mrkdwn', text });
const section = (text: JsonObject, more: JsonObject = {}) => ({ type: 'section', text, ...more });
const button = (more: JsonObject = {}) => ({ type: 'button', text: plain('Go'), action_id: 'go', ...more });
const image = (more: JsonObject = {}) => ({
  type: 'image',
  image_url: 'https://example.com/a.png',
  alt_text: 'a',
  ...more,
});
const many = (count: number, item: Json) => Array.from({ length: count }, () => item);
const native = (payload: JsonObject): Message => ({ type: 'native', payload });
const block = (value: Json) => native({ blocks: [value] });

/** At the limit. */
const FINE: readonly (readonly [string, Message])[] = [
  ['a text', { type: 'text', text: 'hello' }],
  ['a text of 40,000', { type: 'text', text: x(40_000) }],
  ['40,000 characters of two units each', { type: 'text', text: '🧨'.repeat(40_000) }],
  ['text beside blocks', native({ text: 'hello', blocks: [section(mrkdwn('*hi*'))] })],
  ['text and an empty list of blocks', native({ text: 'hello', blocks: [] })],
  ['50 blocks', native({ blocks: many(50, { type: 'divider' }) })],
  ['blocks as JSON text', native({ blocks: JSON.stringify([section(mrkdwn(x(3_000)))]) })],
  ['a section of 3,000', block(section(mrkdwn(x(3_000))))],
  ['10 fields of 2,000', block({ type: 'section', fields: many(10, plain(x(2_000))) })],
  ['a header of 150', block({ type: 'header', text: plain(x(150)) })],
  ['25 buttons', block({ type: 'actions', elements: many(25, button()) })],
  ['a button of 75', block({ type: 'actions', elements: [button({ text: plain(x(75)), action_id: x(255) })] })],
  ['10 things of context', block({ type: 'context', elements: [...many(9, mrkdwn('x')), image()] })],
  ['an image of Slack’s own', block({ type: 'image', slack_file: { id: 'F1' }, alt_text: 'a' })],
  ['a block of tomorrow', block({ type: 'hologram', text: x(9_000) })],
  ['an element of tomorrow', block({ type: 'actions', elements: [{ type: 'lever' }] })],
  ['rich text', block({ type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [] }] })],
  ['100 attachments', native({ attachments: many(100, { text: 'x' }) })],
  ['markdown of 12,000', native({ markdown_text: x(12_000) })],
  ['a text that is null beside markdown', native({ text: null, markdown_text: 'x' })],
];

/** [message, the beginning of what is said, reason: too large, else invalid] */
const FAULTS: readonly (readonly [string, Message, string, 'large' | 'invalid'])[] = [
  ['nothing', native({}), 'text: is missing', 'invalid'],
  ['an empty text', { type: 'text', text: '' }, 'text: is missing', 'invalid'],
  ['nothing but empty lists', native({ text: '', blocks: [], attachments: [{}] }), 'text: is missing', 'invalid'],
  ['nothing but metadata', native({ metadata: { event_type: 'x' } }), 'text: is missing', 'invalid'],
  ['40,001', { type: 'text', text: x(40_001) }, 'text: has 40,001 characters; Slack takes 40,000.', 'large'],
  ['40,001 beside blocks', native({ text: x(40_001), blocks: [] }), 'text: has 40,001', 'large'],
  ['a text that is none', native({ text: 7 }), 'text: must be a text.', 'invalid'],
  ['51 blocks', native({ blocks: many(51, { type: 'divider' }) }), 'blocks: has 51 entries; Slack takes 50.', 'large'],
  ['blocks that are none', native({ text: 'x', blocks: {} }), 'blocks: must be a list.', 'invalid'],
  ['blocks as bad JSON', native({ text: 'x', blocks: '[' }), 'blocks: must be a list.', 'invalid'],
  ['a block that is none', block('x'), 'blocks[0]: must be an object.', 'invalid'],
  ['a block without a type', block({ text: plain('x') }), 'blocks[0].type: is missing.', 'invalid'],
  ['a long section', block(section(mrkdwn(x(3_001)))), 'blocks[0].text.text: has 3,001 characters', 'large'],
  ['an empty section', block(section(mrkdwn(''))), 'blocks[0].text.text: must not be empty.', 'invalid'],
  ['a section of nothing', block({ type: 'section' }), 'blocks[0]: needs text or fields.', 'invalid'],
  ['a section of a string', block({ type: 'section', text: 'x' }), 'blocks[0].text: must be a text object.', 'invalid'],
  ['a text of no type', block(section({ text: 'x' })), 'blocks[0].text.type: must be plain_text or mrkdwn.', 'invalid'],
  ['11 fields', block({ type: 'section', fields: many(11, plain('x')) }), 'blocks[0].fields: has 11 entries', 'large'],
  [
    'a long field',
    block({ type: 'section', fields: [plain(x(2_001))] }),
    'blocks[0].fields[0].text: has 2,001',
    'large',
  ],
  ['a long header', block({ type: 'header', text: plain(x(151)) }), 'blocks[0].text.text: has 151', 'large'],
  [
    'a header in mrkdwn',
    block({ type: 'header', text: mrkdwn('x') }),
    'blocks[0].text.type: must be plain_text.',
    'invalid',
  ],
  ['26 buttons', block({ type: 'actions', elements: many(26, button()) }), 'blocks[0].elements: has 26', 'large'],
  ['no buttons', block({ type: 'actions', elements: [] }), 'blocks[0].elements: must not be empty.', 'invalid'],
  [
    'a long button',
    block({ type: 'actions', elements: [button({ text: plain(x(76)) })] }),
    'blocks[0].elements[0].text.text: has 76',
    'large',
  ],
  [
    'a long action',
    block(section(plain('x'), { accessory: button({ action_id: x(256) }) })),
    'blocks[0].accessory.action_id: has 256',
    'large',
  ],
  [
    'a button without words',
    block(section(plain('x'), { accessory: { type: 'button' } })),
    'blocks[0].accessory.text: is missing.',
    'invalid',
  ],
  [
    '11 things of context',
    block({ type: 'context', elements: many(11, mrkdwn('x')) }),
    'blocks[0].elements: has 11',
    'large',
  ],
  [
    'an image nobody can hear of',
    block({ type: 'image', image_url: 'https://example.com/' }),
    'blocks[0].alt_text: is missing.',
    'invalid',
  ],
  [
    'an image of nothing',
    block({ type: 'image', alt_text: 'a' }),
    'blocks[0]: needs image_url or slack_file.',
    'invalid',
  ],
  [
    'such an image in a context',
    block({ type: 'context', elements: [image({ alt_text: null })] }),
    'blocks[0].elements[0].alt_text: is missing.',
    'invalid',
  ],
  [
    '6 entries of a menu',
    block(section(plain('x'), { accessory: { type: 'overflow', options: many(6, { text: plain('x') }) } })),
    'blocks[0].accessory.options: has 6',
    'large',
  ],
  ['a long block id', block({ type: 'divider', block_id: x(256) }), 'blocks[0].block_id: has 256', 'large'],
  ['101 attachments', native({ attachments: many(101, { text: 'x' }) }), 'attachments: has 101 entries', 'large'],
  [
    'a block of an attachment',
    native({ attachments: [{ blocks: [section(plain(x(3_001)))] }] }),
    'attachments[0].blocks[0].text.text: has 3,001',
    'large',
  ],
  ['long markdown', native({ markdown_text: x(12_001) }), 'markdown_text: has 12,001', 'large'],
  [
    'markdown beside text',
    native({ markdown_text: 'x', text: 'x' }),
    'markdown_text: cannot stand beside text.',
    'invalid',
  ],
  [
    'markdown beside blocks',
    native({ markdown_text: 'x', blocks: [] }),
    'markdown_text: cannot stand beside blocks.',
    'invalid',
  ],
];

describe('Slack takes', () => {
  for (const [what, message] of FINE) test(what, () => assert.equal(inspectMessage(message), null));
});

describe('Slack does not take', () => {
  for (const [what, message, said, reason] of FAULTS) {
    test(`${what}: ${said}`, () => {
      const fault = inspectMessage(message);
      assert.ok(fault?.detail.startsWith(said) === true, fault?.detail);
      assert.equal(fault?.reason, reason === 'large' ? 'message_too_large' : 'message_invalid');
    });
  }
});
