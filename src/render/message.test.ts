import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../model/json.ts';
import { findJsonFault } from '../model/json-guard.ts';
import { type MessageType, readMessage } from './message.ts';

const accepted: readonly [MessageType, Json, Json][] = [
  ['text', 'Hello', { type: 'text', text: 'Hello' }],
  ['text', '{"a":1}', { type: 'text', text: '{"a":1}' }],
  ['script', '{"text":"Hi"}', { type: 'native', payload: { text: 'Hi' } }],
  ['script', ' \n{"text":"Hi"} ', { type: 'native', payload: { text: 'Hi' } }],
  ['script', { text: 'Hi' }, { type: 'native', payload: { text: 'Hi' } }],
  ['script', "print('Hi')", { type: 'script', source: "print('Hi')" }],
  ['script', '[1,2]', { type: 'script', source: '[1,2]' }],
  ['script', '{"text":"Hi"', { type: 'script', source: '{"text":"Hi"' }],
  [
    'script',
    `${'['.repeat(200)}1${']'.repeat(200)}`,
    { type: 'script', source: `${'['.repeat(200)}1${']'.repeat(200)}` },
  ],
  ['template', 'Hello {name}', { type: 'text', text: 'Hello {name}' }],
  ['template', '{name}, hello', { type: 'text', text: '{name}, hello' }],
  ['template', '{"text":"Hi"}', { type: 'native', payload: { text: 'Hi' } }],
  ['template', { type: 'message' }, { type: 'native', payload: { type: 'message' } }],
];

for (const [type, value, message] of accepted) {
  test(`readMessage takes ${type} ${JSON.stringify(value).slice(0, 40)}`, () => {
    assert.deepEqual(readMessage(type, value), { ok: true, message });
  });
}

const refused: readonly [MessageType, Json | undefined, RegExp][] = [
  ['text', undefined, /is missing/],
  ['text', '', /must not be empty/],
  ['template', ' \n', /must not be empty/],
  ['text', { a: 1 }, /must be a string/],
  ['text', null, /must be a string/],
  ['script', ['a'], /must be a string or a JSON object/],
  ['script', 7, /must be a string or a JSON object/],
  ['script', `print('${'x'.repeat(65_528)}')`, /at most 64 KiB/],
  ['script', `${'['.repeat(201)}1${']'.repeat(201)}`, /nested more than 200 deep/],
  ['script', 'print("a\0b")', /NUL/],
  ['script', 'print("\ud800")', /half of a surrogate pair/],
  ['script', '{"text":"a\\u0000b"}', /text: NUL/],
  ['template', '{"text":["\\ud800"]}', /text\[0\]: half of a surrogate pair/],
  ['script', `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`, /nested more than 32 levels deep/],
];

for (const [type, value, fault] of refused) {
  test(`readMessage refuses ${type} ${String(JSON.stringify(value)).slice(0, 40)}`, () => {
    const reading = readMessage(type, value);
    assert.ok(!reading.ok);
    assert.match(reading.fault, fault);
  });
}

const guarded: readonly [json: string, fault: string | null][] = [
  ['{"a":[1,"b",{"c":null}]}', null],
  ['{"emoji":"\\ud83d\\ude00"}', null],
  ['{"constructor":"a word"}', null],
  ['{"a":{"__proto__":{"x":1}}}', 'a.__proto__: this key is not allowed'],
  ['{"a":{"__pr\\u006fto__":1}}', 'a.__proto__: this key is not allowed'],
  ['{"constructor":{"prototype":{}}}', 'constructor: this key is not allowed'],
  ['{"a b":"\\u0000"}', '"a b": NUL characters are not allowed'],
  ['{"a\\u0000":1}', '"a\\u0000": NUL characters are not allowed'],
  ['["\\udc00"]', '[0]: half of a surrogate pair is not allowed'],
  ['['.repeat(32) + ']'.repeat(32), null],
];

for (const [json, fault] of guarded) {
  test(`findJsonFault of ${json.slice(0, 50)}`, () => {
    assert.equal(findJsonFault(JSON.parse(json)), fault);
  });
}

test('findJsonFault stops at the depth limit, however deep it goes on', () => {
  assert.match(findJsonFault(JSON.parse('['.repeat(100_000) + ']'.repeat(100_000))) ?? '', /nested more than 32/);
});
