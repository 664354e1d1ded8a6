import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import { hangoutchat } from './hangoutchat.ts';

const native = (payload: JsonObject): Message => ({ type: 'native', payload });
const card = (...widgets: JsonObject[]) => ({ cardId: 'c1', card: { sections: [{ widgets }] } });
const paragraph = (text: string) => ({ textParagraph: { text } });

/** [message, what is said about it; null: nothing] */
const MESSAGES: readonly (readonly [string, Message, string | null])[] = [
  ['a text', { type: 'text', text: 'hello' }, null],
  ['no text', { type: 'text', text: ' \n' }, 'text: is empty.'],
  ['32,000 bytes', { type: 'text', text: 'x'.repeat(32_000) }, null],
  [
    '32,001 bytes',
    { type: 'text', text: 'x'.repeat(32_001) },
    'text: is the longest text, with 32,001 bytes; a message may have 32,000 in all.',
  ],
  [
    '20,000 letters of two bytes',
    { type: 'text', text: 'é'.repeat(20_000) },
    'text: is the longest text, with 40,000 bytes; a message may have 32,000 in all.',
  ],
  [
    'texts that are too long together',
    native({ text: 'x'.repeat(15_000), cardsV2: [card(paragraph('a'), paragraph('y'.repeat(17_001)))] }),
    'cardsV2[0].card.sections[0].widgets[1].textParagraph.text: is the longest text, with 17,001 bytes; a message may have 32,000 in all.',
  ],
  ['a card', native({ cardsV2: [card(paragraph('hello'))] }), null],
  ['a card of the older kind', native({ cards: [{ sections: [] }] }), null],
  ['a text and what we do not know', native({ text: 'a', thread: { threadKey: 'k' }, unheard: 1 }), null],
  ['nothing', native({}), 'text: is missing, and so is cardsV2; a message needs one of them.'],
  ['no cards', native({ cardsV2: [] }), 'text: is missing, and so is cardsV2; a message needs one of them.'],
  [
    'a fallback alone',
    native({ fallbackText: 'a' }),
    'text: is missing, and so is cardsV2; a message needs one of them.',
  ],
  ['a text that is none', native({ text: 1 }), 'text: must be text.'],
  ['cards that are no list', native({ text: 'a', cardsV2: {} }), 'cardsV2: must be a list of cards.'],
  ['a card that is none', native({ cardsV2: ['a'] }), 'cardsV2[0]: must be an object with cardId and card.'],
  [
    'a card that is bare',
    native({ cardsV2: [{ sections: [] }] }),
    'cardsV2[0].card: must be a card: header, sections.',
  ],
  ['sections', native({ cardsV2: [{ card: { sections: {} } }] }), 'cardsV2[0].card.sections: must be a list.'],
  [
    'a section',
    native({ cardsV2: [{ card: { sections: [null] } }] }),
    'cardsV2[0].card.sections[0]: must be an object with widgets.',
  ],
  [
    'widgets',
    native({ cardsV2: [card(), { card: { sections: [{ widgets: 1 }] } }] }),
    'cardsV2[1].card.sections[0].widgets: must be a list.',
  ],
  [
    'a widget',
    native({ cardsV2: [{ card: { sections: [{ widgets: [{}, 'a'] }] } }] }),
    'cardsV2[0].card.sections[0].widgets[1]: must be a widget, such as {"textParagraph": {…}}.',
  ],
];

describe('A message is inspected', () => {
  for (const [name, message, said] of MESSAGES) {
    test(`${name}: ${said === null ? 'fine' : said.split(':')[0]}`, () => {
      const fault = hangoutchat.inspect?.(message) ?? null;
      assert.equal(fault?.detail ?? null, said);
      if (fault !== null) {
        assert.equal(fault.reason, /longest/.test(fault.detail) ? 'message_too_large' : 'message_invalid');
      }
    });
  }
});

const WIDGET = 'cardsV2[0].card.sections[0].widgets[0]';
const HTML = '<a href="https://evil.example">R&D</a>';
const AS_TEXT = '&lt;a href="https://evil.example"&gt;R&amp;D&lt;/a&gt;';

/** [path, value, what it becomes] */
const VALUES: readonly (readonly [string | null, string, string])[] = [
  [`${WIDGET}.textParagraph.text`, HTML, AS_TEXT],
  [`${WIDGET}.decoratedText.text`, HTML, AS_TEXT],
  [`${WIDGET}.columns.columnItems[0].widgets[0].textParagraph.text`, HTML, AS_TEXT],
  ['cardsV2[0].card.sections[0].header', HTML, AS_TEXT],
  ['cards[0].sections[0].widgets[0].keyValue.content', HTML, AS_TEXT],
  ['cardsV2[0].card.header.title', HTML, HTML],
  [`${WIDGET}.buttonList.buttons[0].text`, 'R&D', 'R&D'],
  [`${WIDGET}.buttonList.buttons[0].onClick.openLink.url`, 'https://a.example/?a=1&b=2', 'https://a.example/?a=1&b=2'],
  ['text', 'all <users/all> now', 'all <\u2060users/all> now'],
  [null, 'all <users/all> now', 'all <\u2060users/all> now'],
  ['text', '<https://evil.example|https://bank.example>', '<\u2060https://evil.example|https://bank.example>'],
  [null, '*a* _b_ 1 < 2 & <b> {x}', '*a* _b_ 1 < 2 & <b> {x}'],
];

describe('The value of a parameter', () => {
  for (const [path, value, expected] of VALUES) {
    test(`${value} in ${path ?? 'a plain text'}`, () => {
      assert.equal(hangoutchat.escapeValue?.(value, path), expected);
    });
  }
});
