import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../model/json.ts';
import type { Message, Parameters } from '../model/message.ts';
import { fillMessage } from './fill.ts';
import { compileTemplate } from './template.ts';

const text = (value: string): Message => ({ type: 'text', text: value });
const native = (payload: JsonObject): Message => ({ type: 'native', payload });

const cases: readonly [name: string, Message, custom: string | null, Parameters | null, expected: Message][] = [
  ['a plain text', text('Hello'), null, null, text('Hello')],
  ['tokens of a text', text('Hi {name}, {ref}!'), null, { name: 'Ann', ref: 'X-1' }, text('Hi Ann, X-1!')],
  ['tokens side by side', text('{a}{b}{a}'), null, { a: '1', b: '2' }, text('121')],
  ['an unknown token stays', text('Hi {nobody}'), null, { name: 'Ann' }, text('Hi {nobody}')],
  ['no parameters, tokens stay', text('Hi {name}'), null, null, text('Hi {name}')],
  ['values are not filled again', text('{a}'), null, { a: '{b}', b: 'no' }, text('{b}')],
  ['values cannot make tokens together', text('{a}b}'), null, { a: '{', b: 'no' }, text('{b}')],
  ['an empty value', text('[{a}]'), null, { a: '' }, text('[]')],
  ['inherited keys are unknown', text('{toString}{__proto__}'), null, { a: '' }, text('{toString}{__proto__}')],
  ['dollar signs are plain', text('{a}'), null, { a: '$& $1' }, text('$& $1')],
  ['lone and empty braces', text('} {} { {{a}} {'), null, { a: '1' }, text('} {} { {1} {')],
  ['own message', text('all'), 'just you', null, text('just you')],
  ['own message with tokens', text('all'), 'Hi {name}', { name: 'Ann' }, text('Hi Ann')],
  ['own JSON for a text stays a text', text('all'), '{"a":1}', null, text('{"a":1}')],
  ['own JSON for a native message', native({ a: 'x' }), ' {"a":"{n}"}', { n: '1' }, native({ a: '1' })],
  ['own text for a native message', native({ a: 'x' }), 'Hi {n}', { n: '1' }, text('Hi 1')],
  ['own array for a native message', native({ a: 'x' }), '[1]', null, text('[1]')],
  [
    'every string value of a payload, no key',
    native({ '{n}': '{n}', list: ['{n}', 1, null, { deep: 'a{n}b' }] }),
    null,
    { n: '7' },
    native({ '{n}': '7', list: ['7', 1, null, { deep: 'a7b' }] }),
  ],
];

for (const [name, message, custom, parameters, expected] of cases) {
  test(`fillMessage: ${name}`, () => {
    assert.deepEqual(fillMessage(message, custom, parameters), expected);
  });
}

test('fillMessage answers the same object when there is nothing to fill', () => {
  for (const message of [text('Hello'), native({ a: ['b', { c: 'd' }] })]) {
    assert.equal(fillMessage(message, null, null), message);
    assert.equal(fillMessage(message, null, { name: 'Ann' }), message);
    assert.equal(
      compileTemplate(message).fill({ name: 'Ann' }, (value) => value),
      message,
    );
  }
});

test('a filled payload shares the parts without tokens and leaves the template as it was', () => {
  const message = native({ fixed: { big: 'part' }, moving: '{n}' });
  const before = structuredClone(message);
  const filled = fillMessage(message, null, { n: '1' });
  assert.deepEqual(message, before);
  assert.ok(filled.type === 'native' && message.type === 'native');
  assert.equal(filled.payload['fixed'], message.payload['fixed']);
});

test('own JSON too deep to walk is passed on without filling its depths', () => {
  const deep = `${'{"a":'.repeat(100_000)}"{n}"${'}'.repeat(100_000)}`;
  const filled = fillMessage(native({ a: 'x' }), deep, { n: '1' });
  assert.equal(filled.type, 'native');
});

test('texts of any shape are filled in time that grows with their length', () => {
  for (const hostile of ['{'.repeat(50_000), '{a'.repeat(25_000), `{${'a'.repeat(50_000)}`, '{}'.repeat(25_000)]) {
    const startedAt = performance.now();
    assert.deepEqual(fillMessage(text(hostile), null, { name: 'x' }), text(hostile));
    assert.ok(performance.now() - startedAt < 500);
  }
});

test('property: filling equals replacing each known token once, from left to right', () => {
  const name = fc.constantFrom('a', 'b', 'toString', 'x y');
  const piece = fc.oneof(
    fc.string(),
    name.map((key) => `{${key}}`),
  );
  fc.assert(
    fc.property(fc.array(piece), fc.dictionary(name, fc.string()), (pieces, parameters) => {
      const source = pieces.join('');
      const expected = source.replace(/\{([^{}]+)\}/g, (token, key: string) =>
        Object.hasOwn(parameters, key) ? (parameters[key] ?? '') : token,
      );
      assert.deepEqual(fillMessage(text(source), null, parameters), text(expected));
    }),
  );
});

test('makes values harmless for where they are put, and nothing else', () => {
  const seen: (string | null)[] = [];
  const escapeValue = (value: string, path: string | null) => {
    seen.push(path);
    return value.replaceAll('<', '&lt;');
  };
  const message = native({ title: '<b>{n}', cards: [{ 'a b': '{n}' }, { rows: ['x', '{n}{m}'] }] });
  assert.deepEqual(
    fillMessage(message, null, { n: '<i>' }, escapeValue),
    native({ title: '<b>&lt;i>', cards: [{ 'a b': '&lt;i>' }, { rows: ['x', '&lt;i>{m}'] }] }),
  );
  assert.deepEqual(seen, ['title', 'cards[0].a b', 'cards[1].rows[1]']);
  assert.deepEqual(fillMessage(text('{n}<'), null, { n: '<' }, escapeValue), text('&lt;<'));
  assert.deepEqual(fillMessage(text('all'), 'own {n}', { n: '<' }, escapeValue), text('own &lt;'));
  assert.equal(seen.at(-1), null);
});
