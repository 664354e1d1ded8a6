import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Json, JsonObject } from '../../model/json.ts';
import { inspectMessage } from './inspect.ts';

/** The card of the v2 example of Kore's documentation, in shape: a message activity with one card of version 1.0. */
const GOLDEN: JsonObject = {
  type: 'message',
  attachments: [
    {
      contentType: 'application/vnd.microsoft.card.adaptive',
      content: {
        type: 'AdaptiveCard',
        version: '1.0',
        body: [
          { type: 'TextBlock', text: 'Hello {name}', wrap: true, weight: 'bolder' },
          { type: 'Image', url: 'https://example.com/a.png', size: 'small' },
          { type: 'FactSet', facts: [{ title: 'Order', value: '{order}' }] },
        ],
        actions: [{ type: 'Action.OpenUrl', title: 'Open', url: 'https://example.com/{order}' }],
      },
    },
  ],
};

/** An element or action of every kind, with what it cannot be without, and things of Teams' own. */
const FULL: JsonObject = {
  $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
  type: 'AdaptiveCard',
  version: '1.5',
  msteams: { width: 'Full', entities: [] },
  body: [
    { type: 'TextBlock', text: '', color: 'atention' },
    { type: 'RichTextBlock', inlines: ['a', { type: 'TextRun', text: 'b' }] },
    { type: 'ImageSet', images: [{ type: 'Image', url: 'https://x.example/' }] },
    { type: 'Media', sources: [{ mimeType: 'video/mp4', url: 'https://x.example/' }] },
    { type: 'Container', items: [], selectAction: { type: 'Action.Submit' } },
    { type: 'ColumnSet', columns: [{ type: 'Column', items: [{ type: 'TextBlock', text: 'x' }] }, {}] },
    { type: 'ActionSet', actions: [{ type: 'Action.Execute', verb: 'x' }] },
    { type: 'Table', columns: [{ width: 1 }], rows: [{ type: 'TableRow', cells: [{ type: 'TableCell', items: [] }] }] },
    { type: 'Input.Text', id: 'a' },
    { type: 'Input.Toggle', id: 'b', title: 'c' },
    { type: 'Input.ChoiceSet', id: 'c', choices: [{ title: 'x', value: 'y' }] },
    { type: 'CodeBlock', codeSnippet: 'x' },
    { type: 'Chart.Pie', data: [] },
    { type: 'Hologram', fallback: 'drop' },
    { type: 'Hologram', fallback: { type: 'TextBlock', text: 'no hologram' } },
  ],
  actions: [
    { type: 'Action.ShowCard', card: { type: 'AdaptiveCard', body: [] } },
    { type: 'Action.ToggleVisibility', targetElements: ['a'] },
  ],
};

const SOUND: readonly (readonly [string, JsonObject])[] = [
  ['the golden card', GOLDEN],
  ['a card with everything', withCard(FULL)],
  ['a text', { text: 'hello' }],
  [
    'a text with everything',
    { type: 'message', text: 'x', textFormat: 'xml', importance: '{level}', entities: [{ type: 'mention' }] },
  ],
  ['an activity that is no message', { type: 'typing' }],
  [
    'a hero card',
    withAttachment('hero', {
      title: 'x',
      images: [{ url: 'https://x.example/' }],
      buttons: [{ type: 'openUrl', title: 'x', value: 'y' }],
    }),
  ],
  ['a picture', { attachments: [{ contentType: 'image/png', contentUrl: 'https://x.example/a.png' }] }],
  ['a card of another kind', withAttachment('o365connector', { anything: true })],
  [
    'a picture inlined, however large',
    { attachments: [{ contentType: 'image/png', contentUrl: `data:image/png;base64,${'A'.repeat(200_000)}` }] },
  ],
];

describe('Nothing is found in', () => {
  for (const [name, payload] of SOUND) {
    test(name, () => assert.equal(inspectMessage({ type: 'native', payload: structuredClone(payload) }), null));
  }

  test('a plain text', () => assert.equal(inspectMessage({ type: 'text', text: 'hello' }), null));
});

/** [payload, what is said of it] */
const FAULTS: readonly (readonly [JsonObject, string])[] = [
  [{}, 'text: is empty, and there is no attachment'],
  [{ text: '' }, 'text: is empty, and there is no attachment'],
  [{ text: '', attachments: [] }, 'text: is empty, and there is no attachment'],
  [{ text: 7 }, 'text: must be a text'],
  [{ text: 'x', type: 7 }, 'type: must be a text that is not empty'],
  [{ text: 'x', textFormat: 'html' }, 'textFormat: must be one of plain, markdown, xml, extendedmarkdown'],
  [{ text: 'x', attachmentLayout: 'pile' }, 'attachmentLayout: must be one of list, carousel'],
  [{ text: 'x', channelData: [] }, 'channelData: must be an object'],
  [{ attachments: {} }, 'attachments: must be a list'],
  [{ attachments: ['x'] }, 'attachments[0]: must be an object'],
  [{ attachments: [{ content: {} }] }, 'attachments[0].contentType: is missing'],
  [{ attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive' }] }, 'attachments[0].content: is missing'],
  [withAttachment('adaptive', 'x'), 'attachments[0].content: must be an object'],
  [withCard({ version: '1.4' }), 'attachments[0].content.type: is missing'],
  [withCard({ type: 'Card', version: '1.4' }), 'attachments[0].content.type: must be one of AdaptiveCard'],
  [withCard({ type: 'AdaptiveCard' }), 'attachments[0].content.version: is missing'],
  [withCard({ type: 'AdaptiveCard', version: 1.4 }), 'attachments[0].content.version: must be a version such as "1.5"'],
  [
    withCard({ type: 'AdaptiveCard', version: '2.0' }),
    'attachments[0].content.version: must be a version such as "1.5"',
  ],
  [
    withCard({ type: 'AdaptiveCard', version: '1.6' }),
    'attachments[0].content.version: is 1.6; Teams clients show cards up to 1.5',
  ],
  [withCard({ ...FULL, body: {} }), 'attachments[0].content.body: must be a list'],
  [withBody('x'), 'attachments[0].content.body[0]: must be an object'],
  [withBody({ text: 'x' }), 'attachments[0].content.body[0].type: is missing'],
  [
    withBody({ type: 'Hologram' }),
    'attachments[0].content.body[0].type: "Hologram" is no element that Teams knows, and has no fallback',
  ],
  [
    withBody({ type: 'toString' }),
    'attachments[0].content.body[0].type: "toString" is no element that Teams knows, and has no fallback',
  ],
  [
    withBody({ type: 'Hologram', fallback: { type: 'TextBlock' } }),
    'attachments[0].content.body[0].fallback.text: is missing',
  ],
  [withBody({ type: 'TextBlock' }), 'attachments[0].content.body[0].text: is missing'],
  [withBody({ type: 'TextBlock', text: null }), 'attachments[0].content.body[0].text: is missing'],
  [withBody({ type: 'TextBlock', text: 7 }), 'attachments[0].content.body[0].text: must be a text'],
  [withBody({ type: 'Image' }), 'attachments[0].content.body[0].url: is missing'],
  [withBody({ type: 'Image', url: '' }), 'attachments[0].content.body[0].url: must be a text that is not empty'],
  [withBody({ type: 'ImageSet', images: [{}] }), 'attachments[0].content.body[0].images[0].url: is missing'],
  [withBody({ type: 'Media', sources: [{}] }), 'attachments[0].content.body[0].sources[0].url: is missing'],
  [withBody({ type: 'RichTextBlock', inlines: [7] }), 'attachments[0].content.body[0].inlines[0]: must be an object'],
  [withBody({ type: 'Container' }), 'attachments[0].content.body[0].items: is missing'],
  [withBody({ type: 'FactSet', facts: [{ title: 'x' }] }), 'attachments[0].content.body[0].facts[0].value: is missing'],
  [
    withBody({ type: 'ColumnSet', columns: [{}, { items: [{ type: 'TextBlock', text: 'x' }, { type: 'Image' }] }] }),
    'attachments[0].content.body[0].columns[1].items[1].url: is missing',
  ],
  [
    withBody({ type: 'Table', rows: [{ cells: [{ items: [{ type: 'TextBlock' }] }] }] }),
    'attachments[0].content.body[0].rows[0].cells[0].items[0].text: is missing',
  ],
  [withBody({ type: 'Input.Text' }), 'attachments[0].content.body[0].id: is missing'],
  [withBody({ type: 'Input.Toggle', id: 'x' }), 'attachments[0].content.body[0].title: is missing'],
  [
    withBody({ type: 'Input.ChoiceSet', id: 'x', choices: [{}] }),
    'attachments[0].content.body[0].choices[0].title: is missing',
  ],
  [
    withBody({ type: 'Container', items: [], selectAction: { type: 'Action.ShowCard' } }),
    'attachments[0].content.body[0].selectAction.type: Action.ShowCard cannot be a selectAction',
  ],
  [withActions({ type: 'Action.OpenUrl' }), 'attachments[0].content.actions[0].url: is missing'],
  [withActions({ type: 'Action.ShowCard', card: [] }), 'attachments[0].content.actions[0].card: must be an object'],
  [
    withActions({ type: 'Action.ShowCard', card: { type: 'AdaptiveCard', body: [{ type: 'Image' }] } }),
    'attachments[0].content.actions[0].card.body[0].url: is missing',
  ],
  [withActions({ type: 'Action.ToggleVisibility' }), 'attachments[0].content.actions[0].targetElements: is missing'],
  [
    withActions({ type: 'Action.Http', url: 'x' }),
    'attachments[0].content.actions[0].type: "Action.Http" is no action that Teams knows, and has no fallback',
  ],
  [withAttachment('hero', {}), 'attachments[0].content: has none of title, subtitle, text, images, buttons'],
  [withAttachment('thumbnail', { images: [{}] }), 'attachments[0].content.images[0].url: is missing'],
  [withAttachment('hero', { buttons: [{ title: 'x' }] }), 'attachments[0].content.buttons[0].type: is missing'],
];

describe('What is wrong with', () => {
  for (const [payload, detail] of FAULTS) {
    test(`${JSON.stringify(payload).slice(0, 150)}: ${detail}`, () => {
      assert.deepEqual(inspectMessage({ type: 'native', payload }), { reason: 'message_invalid', detail });
    });
  }

  test('an empty text', () => {
    assert.equal(inspectMessage({ type: 'text', text: '' })?.reason, 'message_invalid');
  });

  test('a text of more than 100 KB as UTF-16', () => {
    assert.equal(inspectMessage({ type: 'text', text: 'é'.repeat(51_189) }), null);
    assert.deepEqual(inspectMessage({ type: 'text', text: 'é'.repeat(51_190) }), {
      reason: 'message_too_large',
      detail: 'text: the message has 102,402 bytes as UTF-16; Teams takes 102,400, and 81,920 are advised',
    });
  });

  test('many attachments, the largest of which is named', () => {
    const card = (length: number) => ({ contentType: 'x/y', content: 'x'.repeat(length) });
    const payload = { summary: 'x', attachments: [card(20_000), card(30_000), card(2_000)] };
    const fault = inspectMessage({ type: 'native', payload });
    assert.equal(fault?.reason, 'message_too_large');
    assert.match(fault?.detail ?? '', /^attachments\[1\]: /);
  });
});

function withAttachment(kind: string, content: Json): JsonObject {
  return { attachments: [{ contentType: `application/vnd.microsoft.card.${kind}`, content }] };
}

function withCard(content: JsonObject): JsonObject {
  return withAttachment('adaptive', content);
}

function withBody(element: Json): JsonObject {
  return withCard({ type: 'AdaptiveCard', version: '1.4', body: [element] });
}

function withActions(action: Json): JsonObject {
  return withCard({ type: 'AdaptiveCard', version: '1.4', actions: [action] });
}
