import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import type { MessageFault } from '../contract.ts';
import { inspect } from './inspect.ts';
import { whatsapp } from './whatsapp.ts';

const x = (length: number): string => 'x'.repeat(length);
const LINK = 'https://example.com/a.jpg';
const template = (components: JsonObject[]): JsonObject => ({
  type: 'template',
  template: { name: 'order_shipped', language: { code: 'en_US' }, components },
});
const body = (text: string): JsonObject => template([{ type: 'body', parameters: [{ type: 'text', text }] }]);
const interactive = (more: JsonObject): JsonObject => ({
  type: 'interactive',
  interactive: { body: { text: 'Which?' }, ...more },
});
const buttons = (titles: readonly string[], more: JsonObject = {}): JsonObject =>
  interactive({
    type: 'button',
    action: { buttons: titles.map((title) => ({ type: 'reply', reply: { id: title || 'id', title } })) },
    ...more,
  });
const list = (rows: readonly number[], row: JsonObject = {}): JsonObject => {
  const sections = rows.map((count) => ({
    title: 'Some',
    rows: Array.from({ length: count }, (_, index) => ({ id: `${index}`, title: 'Row', ...row })),
  }));
  return interactive({ type: 'list', action: { button: 'Choose', sections } });
};

/** [payload, the fault's detail; null: fine] */
const PAYLOADS: readonly (readonly [JsonObject, string | null])[] = [
  [{ type: 'text', text: { body: x(4096) } }, null],
  [{ text: { body: 'No type' } }, null],
  [{ type: 'text', text: { body: x(4097) } }, '!text.body: has more than the 4096 characters that WhatsApp takes'],
  [{ type: 'text', text: { body: '' } }, 'text.body: is empty'],
  [{ type: 'text', text: {} }, 'text.body: is missing'],
  [{ type: 'text', text: 'Hi' }, 'text: must be an object'],
  [{ type: 'text', text: '{"body":"Hi"}' }, null],
  [{ type: 'text', text: '{"body":""}' }, 'text.body: is empty'],
  [{ type: 'contacts', contacts: '[{"name":{"formatted_name":"Zoë"}}]' }, null],
  [{ type: 'contacts', contacts: '[]' }, 'contacts: is empty'],
  [{ type: 'text', text: { body: 5 } }, 'text.body: must be a text'],
  [{ type: 'text', text: { body: 'Hi', preview_url: 'yes' } }, 'text.preview_url: must be true or false'],
  [{ type: 'text' }, 'text: is missing, and the type is text'],
  [{}, 'text: is missing, and the type is text'],
  [{ type: 5, text: { body: 'Hi' } }, 'type: must be a text such as template or image'],
  [{ type: 'image', text: { body: 'Hi' } }, 'image: is missing, and the type is image'],

  [{ type: 'image', image: { link: LINK, caption: x(1024) } }, null],
  [{ type: 'image', image: { id: '1234' } }, null],
  [
    { type: 'image', image: { link: LINK, caption: x(1025) } },
    '!image.caption: has more than the 1024 characters that WhatsApp takes',
  ],
  [{ type: 'image', image: { link: LINK, id: '1' } }, 'image: needs either a link or an id'],
  [{ type: 'document', document: { filename: 'a.pdf' } }, 'document: needs either a link or an id'],
  [{ type: 'sticker', sticker: {} }, 'sticker: needs either a link or an id'],
  [
    { type: 'video', video: { link: 'ftp://example.com/a' } },
    'video.link: must be a URL that begins with http:// or https://',
  ],
  [{ type: 'audio', audio: { link: 'a.mp3' } }, 'audio.link: must be a URL that begins with http:// or https://'],

  [template([]), null],
  [{ type: 'template', template: { name: 'hello_world', language: { code: 'en_US' } } }, null],
  [{ type: 'template', template: { language: { code: 'en_US' } } }, 'template.name: is missing'],
  [{ type: 'template', template: { name: 'a' } }, 'template.language: is missing'],
  [{ type: 'template', template: { name: 'a', language: 'en' } }, 'template.language: must be an object'],
  [
    { type: 'template', template: { name: 'a', language: { code: 'en' }, components: {} } },
    'template.components: must be a list',
  ],
  [template([{ parameters: [] }]), 'template.components[0].type: is missing'],
  [
    template([{ type: 'header' }, { type: 'body', parameters: [{ text: 'a' }] }]),
    'template.components[1].parameters[0].type: is missing',
  ],
  [body('One    two'), null],
  ...['One\ntwo', 'One\ttwo', 'One     two'].map(
    (text) =>
      [
        body(text),
        'template.components[0].parameters[0].text: a parameter has no line breaks, tabs or more than four spaces in a row',
      ] as const,
  ),
  [template([{ type: 'button', sub_type: 'url', index: '0', parameters: [{ type: 'text', text: 'a' }] }]), null],
  [template([{ type: 'button', sub_type: 'flow', index: 0, parameters: [{ type: 'action', action: {} }] }]), null],

  [buttons(['A', 'B', 'C']), null],
  [buttons(['A', 'B', 'C', 'D']), 'interactive.action.buttons: has more than 3 entries'],
  [buttons([]), 'interactive.action.buttons: is empty'],
  [
    buttons(['A', x(21)]),
    '!interactive.action.buttons[1].reply.title: has more than the 20 characters that WhatsApp takes',
  ],
  [buttons(['A', '']), 'interactive.action.buttons[1].reply.title: is empty'],
  [
    buttons(['A'], { body: { text: x(1025) } }),
    '!interactive.body.text: has more than the 1024 characters that WhatsApp takes',
  ],
  [
    buttons(['A'], { footer: { text: x(61) } }),
    '!interactive.footer.text: has more than the 60 characters that WhatsApp takes',
  ],
  [list([5, 5]), null],
  [list([5, 6]), 'interactive.action.sections: have 11 rows; WhatsApp takes at most 10'],
  [list([1, 0]), 'interactive.action.sections[1].rows: is empty'],
  [
    list([1], { title: x(25) }),
    '!interactive.action.sections[0].rows[0].title: has more than the 24 characters that WhatsApp takes',
  ],
  [
    interactive({ type: 'cta_url', action: { parameters: { display_text: 'Go' } } }),
    'interactive.action.parameters.url: is missing',
  ],
  [interactive({}), 'interactive.type: is missing'],
  [interactive({ type: 'flow', action: { anything: 1 } }), null],

  [{ type: 'location', location: { latitude: 1, longitude: '2.5' } }, null],
  [{ type: 'location', location: { latitude: 1 } }, 'location.longitude: is missing'],
  [{ type: 'contacts', contacts: [{ name: { formatted_name: 'Jane' } }] }, null],
  [{ type: 'contacts', contacts: [] }, 'contacts: is empty'],
  [{ type: 'reaction', reaction: { message_id: 'wamid.1', emoji: '' } }, null],
  [{ type: 'hologram', hologram: 5 }, null],
  [{ type: 'hologram' }, null],
  [{ type: 'constructor' }, null],
];

describe('A payload', () => {
  for (const [payload, expected] of PAYLOADS) {
    test(`${expected}: ${JSON.stringify(payload).slice(0, 120)}`, () => {
      assert.equal(tell(inspect({ type: 'native', payload })), expected);
    });
  }
});

test('a text is counted in characters, not in units of UTF-16', () => {
  const inspectText = (text: string) => tell(inspect({ type: 'text', text }));
  assert.equal(inspectText('🧨'.repeat(4096)), null);
  assert.equal(inspectText('🧨'.repeat(4097)), '!text.body: has more than the 4096 characters that WhatsApp takes');
});

/** [path, value, escaped] */
const VALUES: readonly (readonly [string | null, string, string])[] = [
  ['template.components[0].parameters[0].text', ' One\n\ttwo      three ', 'One two three'],
  ['template.components[1].cards[0].components[0].parameters[2].text', 'One\r\ntwo', 'One two'],
  ['template.components[0].parameters[0].text', '*_~`', '*_~`'],
  ['template.components[0].parameters[0].image.link', 'https://example.com/a b', 'https://example.com/a b'],
  ['text.body', 'One\n\ttwo', 'One\n\ttwo'],
  ['image.caption', 'One\ntwo', 'One\ntwo'],
  [null, 'One\n*two*', 'One\n*two*'],
];

describe('A value', () => {
  for (const [path, value, escaped] of VALUES) {
    test(`${JSON.stringify(value)} at ${path}`, () => assert.equal(whatsapp.escapeValue?.(value, path), escaped));
  }
});

/** `!` marks what is too large. */
function tell(fault: MessageFault | null): string | null {
  return fault === null ? null : `${fault.reason === 'message_too_large' ? '!' : ''}${fault.detail}`;
}
