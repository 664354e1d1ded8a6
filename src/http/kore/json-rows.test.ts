import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Fields, rowWriter } from './json-rows.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.constantFrom('a@b.c', '"', '\\', '\u2028', '\ud800', '\0'),
);
const isKey = (key: string) => !/^\d+$/.test(key) && key !== '__proto__';
const constants = fc.oneof(anyText, fc.double(), fc.integer());
/** The text under which a row keeps what is its own. */
const own = anyText.map((name) => ({ name }));

test('property: a row is the text that JSON.stringify makes of the object', () => {
  const fields = fc.dictionary(anyText.filter(isKey), fc.oneof(constants, own), { noNullPrototype: true });
  fc.assert(
    fc.property(fields, fc.array(anyText), (declared, rows) => {
      const readers = Object.entries(declared).map(([key, value]) => [
        key,
        typeof value === 'object' ? (row: string) => value.name + row : value,
      ]);
      const write = rowWriter<string>(Object.fromEntries(readers) as Fields<string>);
      for (const row of rows) {
        const object = Object.entries(declared).map(([key, value]) => [
          key,
          typeof value === 'object' ? value.name + row : value,
        ]);
        assert.equal(write(row), JSON.stringify(Object.fromEntries(object)));
      }
    }),
  );
});
