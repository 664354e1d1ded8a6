import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeValue } from './escape.ts';

const CASES: readonly (readonly [what: string, path: string | null, value: string, expected: string])[] = [
  ['control characters of a text', null, '<!here> & <@U1>', '&lt;!here&gt; &amp; &lt;@U1&gt;'],
  ['entities are not taken for such', 'text', '&lt;', '&amp;lt;'],
  ['a section', 'blocks[2].text.text', 'a < b', 'a &lt; b'],
  ['a header or a button, which are plain text', 'blocks[0].accessory.text.text', 'R&D', 'R&amp;D'],
  ['a field of a section', 'blocks[0].fields[3].text', '<x', '&lt;x'],
  ['an element of a context', 'blocks[0].elements[1].text', '<x', '&lt;x'],
  ['a text of an attachment', 'attachments[0].pretext', '<x', '&lt;x'],
  ['a field of an attachment', 'attachments[0].fields[0].value', '<x', '&lt;x'],
  ['a block of an attachment', 'attachments[0].blocks[0].text.text', '<x', '&lt;x'],
  [
    'markers inside words stay',
    null,
    'ABC_123 first_last@example.com 2*3*4 a~b',
    'ABC_123 first_last@example.com 2*3*4 a~b',
  ],
  ['markers at the edge of words', null, '*bold* _x_ ~y~ 5* 5 * 3', '∗bold∗ ˍxˍ ∼y∼ 5∗ 5 ∗ 3'],
  ['markers at the edge of the value', null, '_x*', 'ˍx∗'],
  ['markers side by side', null, 'a**b', 'a∗∗b'],
  ['backticks', null, 'a`b ```c```', 'aˋb ˋˋˋcˋˋˋ'],
  ['letters of any language', null, 'ä_ö 名_前', 'ä_ö 名_前'],
  ['standard Markdown', 'markdown_text', '*a* [b](c) <d>', '\\*a\\* \\[b\\](c) \\<d\\>'],
  ['a markdown block', 'blocks[0].text', '# _a_', '\\# \\_a\\_'],
  ['a part of a URL', 'blocks[0].accessory.url', 'a b&c=d/e', 'a%20b%26c%3Dd%2Fe'],
  ['a whole URL', 'blocks[0].elements[0].url', 'https://example.com/a_b?c=d&e=*', 'https://example.com/a_b?c=d&e=*'],
  [
    'a URL that breaks out',
    'attachments[0].title_link',
    'https://example.com/|<x>',
    'https%3A%2F%2Fexample.com%2F%7C%3Cx%3E',
  ],
  ['a script is no URL', 'blocks[0].image_url', 'javascript:alert(1)', 'javascript%3Aalert(1)'],
  ['half a character in a URL', 'blocks[0].image_url', '\ud800', '%EF%BF%BD'],
  ['rich text', 'blocks[0].elements[0].elements[0].text', '*a* <b>', '*a* <b>'],
  ['a cell of a table', 'blocks[0].rows[1][2].text', '*a* <b>', '*a* <b>'],
  ['what goes back to the app', 'blocks[0].elements[0].value', '*a* <b>', '*a* <b>'],
  ['an id', 'blocks[0].accessory.action_id', 'a_*', 'a_*'],
  ['metadata', 'metadata.event_payload.id', '<1>', '<1>'],
];

for (const [what, path, value, expected] of CASES) {
  test(`${what}: ${value}`, () => assert.equal(escapeValue(value, path), expected));
}

test('property: nothing of a value can be taken for a control or begin or end a format', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('*', '_', '~', '`', '<', '>', '&', 'a', ' ', '1') }), (value) => {
      const escaped = escapeValue(value, 'text');
      assert.doesNotMatch(escaped, /[<>`]|&(?!(?:amp|lt|gt);)/);
      assert.doesNotMatch(escaped, /(?:^|[^\p{L}\p{N}])[*_~]|[*_~](?:$|[^\p{L}\p{N}])/u);
      const back = escaped.replaceAll('∗', '*').replaceAll('ˍ', '_').replaceAll('∼', '~').replaceAll('ˋ', '`');
      assert.equal(back.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'), value);
    }),
  );
});
