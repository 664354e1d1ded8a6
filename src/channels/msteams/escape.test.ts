import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeValue } from './escape.ts';

const BLOCK = 'attachments[0].content.body[2].items[0].text';
const FACT = 'attachments[0].content.body[0].facts[1].value';
const HERO = 'attachments[1].content.text';
const ACTION_URL = 'attachments[0].content.actions[0].url';

/** [value, where, as it is put there] */
const TABLE: readonly (readonly [string, string | null, string])[] = [
  ['*Jane* <b>', null, '*Jane* <b>'],
  ['Jane O’Hara-Smith (HR), 5 > 4 & more!', BLOCK, 'Jane O’Hara-Smith (HR), 5 > 4 & more!'],
  ['*Jane* _Doe_', BLOCK, '\\*Jane\\* \\_Doe\\_'],
  ['[x](y)', BLOCK, '\\[x\\](y)'],
  ['[x](y)', FACT, '\\[x\\](y)'],
  ['<at>all</at>', BLOCK, '\\<at>all\\</at>'],
  ['a\\*b', BLOCK, 'a\\\\\\*b'],
  ['`x` ~~y~~', BLOCK, '\\`x\\` \\~\\~y\\~\\~'],
  [
    '- one\n+ two\n3. three\n4) four\n# five\n> six',
    BLOCK,
    '\\- one\n\\+ two\n3\\. three\n4\\) four\n\\# five\n\\> six',
  ],
  ['{{DATE(2026-11-22T12:00:00Z)}}', BLOCK, '{\\{DATE(2026-11-22T12:00:00Z)}}'],
  ['*Jane* <at>all</at> & co', 'text', '\\*Jane\\* &lt;at&gt;all&lt;/at&gt; &amp; co'],
  ['*Jane* <b> & co', HERO, '*Jane* &lt;b&gt; &amp; co'],
  ['*Jane* <b>', 'attachments[1].content.title', '*Jane* <b>'],
  ['*Jane*', 'attachments[0].content.body[0].inlines[1].text', '*Jane*'],
  ['*Jane*', 'attachments[0].content.fallbackText', '\\*Jane\\*'],
  ['*Jane*', 'attachments[0].content.actions[0].title', '*Jane*'],
  ['*Jane*', 'attachments[0].content.actions[0].data.name', '*Jane*'],
  ['*Jane*', 'summary', '*Jane*'],
  ['a b/c?d=e&f#g', ACTION_URL, 'a%20b%2Fc%3Fd%3De%26f%23g'],
  ['javascript:alert(1)', ACTION_URL, 'javascript%3Aalert(1)'],
  ['https://example.com/a b?c=d&e', ACTION_URL, 'https://example.com/a%20b?c=d&e'],
  ['https://', ACTION_URL, 'https%3A%2F%2F'],
  ['é\ud800', 'attachments[0].content.body[0].backgroundImage', '%C3%A9%EF%BF%BD'],
  ['x y', 'attachments[0].contentUrl', 'x%20y'],
  ['x y', 'attachments[0].content.images[0].url', 'x%20y'],
];

for (const [value, path, expected] of TABLE) {
  test(`${JSON.stringify(value)} in ${path ?? 'a text message'}`, () => {
    assert.equal(escapeValue(value, path), expected);
  });
}
