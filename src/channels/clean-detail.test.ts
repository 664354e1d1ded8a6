import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cleanDetail } from './clean-detail.ts';

const SECRET = 'p@ss  "word"/1';

/** [said by the provider, logged] */
const TABLE: readonly (readonly [string, string])[] = [
  ['Invalid client.', 'Invalid client.'],
  ['two\r\nlines\tand\u0000more\u202e', 'two lines and more'],
  [`wrong: ${SECRET}!`, 'wrong: ***!'],
  [`wrong: ${encodeURIComponent(SECRET)}!`, 'wrong: ***!'],
  [`{"secret":${JSON.stringify(SECRET)}}`, '{"secret":"***"}'],
  ['Authorization: Bearer abc.def-123 was', 'Authorization: *** was'],
  ['token eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln bad', 'token *** bad'],
  ['xoxb-1234-abcd revoked', '*** revoked'],
  ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw is wrong', '*** is wrong'],
];

for (const [said, logged] of TABLE) {
  test(`"${logged}"`, () => assert.equal(cleanDetail(said, [SECRET]), logged));
}

test('a detail is one line of at most 256 whole characters and never holds a secret', () => {
  const noise = fc.string({ unit: 'binary', maxLength: 400 });
  fc.assert(
    fc.property(noise, noise, (before, after) => {
      const detail = cleanDetail(before + SECRET + after, [SECRET]);
      assert.ok(detail.length <= 256);
      assert.ok(detail.isWellFormed());
      assert.doesNotMatch(detail, /\p{C}/u);
      assert.ok(!detail.includes(SECRET));
    }),
  );
});
