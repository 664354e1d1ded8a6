import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Pool } from 'undici';
import { AnswerReader } from './answer-reader.ts';
import { WireFailure } from './outbound-failure.ts';
import { serveScript } from './scripted-server.ts';

const OK = 'HTTP/1.1 200 OK\r\n';

/** What is read of the bytes when they come in pieces that end there, and then the connection ends. */
function read(text: string, stops: readonly number[] = [], maxBytes = 1_000) {
  const bytes = Buffer.from(text, 'latin1');
  const reader = new AnswerReader();
  reader.begin(maxBytes);
  // Every piece comes by the same buffer, as a socket's reads do.
  const buffer = Buffer.alloc(bytes.length + 8, '\n');
  let used = 0;
  try {
    const edges = [...new Set([0, ...stops, bytes.length])]
      .filter((at) => at <= bytes.length)
      .toSorted((a, b) => a - b);
    for (let index = 1; index < edges.length && !reader.isWhole; index += 1) {
      const [from = 0, to = 0] = edges.slice(index - 1);
      bytes.copy(buffer, 0, from, to);
      used += reader.take(buffer, to - from);
      buffer.fill('\n');
    }
    if (!reader.isWhole) reader.end();
  } catch (error) {
    assert.ok(error instanceof WireFailure, String(error));
    return error.message;
  }
  const { status, headers, body, isLast, idleSeconds } = reader;
  return { status, headers, body, isLast, idleSeconds, rest: text.slice(used) };
}

const whole = { status: 200, headers: {}, isLast: false, idleSeconds: null, rest: '' };

describe('An answer', () => {
  test('ends where its length says', () => {
    const answer = read(`${OK}Content-Length:  2 \r\nX-A: a \t b\r\n\r\nokHTTP`);
    assert.deepEqual(answer, {
      ...whole,
      headers: { 'content-length': '2', 'x-a': 'a \t b' },
      body: 'ok',
      rest: 'HTTP',
    });
  });

  test('ends with its last chunk; extensions and trailers are passed over', () => {
    const text = `${OK}transfer-encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n0A\r\n0123456789\r\n0\r\nx-sum: 1\r\n\r\n`;
    assert.deepEqual(read(text), { ...whole, headers: { 'transfer-encoding': 'Chunked' }, body: 'abc0123456789' });
  });

  test('that says no length ends with the connection', () => {
    assert.deepEqual(read(`${OK}\r\nall there is`), { ...whole, isLast: true, body: 'all there is' });
  });

  for (const status of [204, 304]) {
    test(`${status} has no body, whatever it announces`, () => {
      const answer = read(`HTTP/1.1 ${status} X\r\ncontent-length: 5\r\n\r\n`);
      assert.deepEqual(answer, { ...whole, status, headers: { 'content-length': '5' }, body: '' });
    });
  }

  test('comes after any number of informational ones', () => {
    const text = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nlink: y\r\n\r\n${OK}content-length: 0\r\n\r\n`;
    assert.deepEqual(read(text), { ...whole, headers: { 'content-length': '0' }, body: '' });
  });

  test('may name a header twice, and name what every object has', () => {
    const answer = read(`${OK}a: 1\r\nconstructor: x\r\nA: 2\r\na: 3\r\n__proto__: y\r\n\r\n`);
    assert.ok(typeof answer === 'object');
    assert.deepEqual({ ...answer.headers }, { a: ['1', '2', '3'], constructor: 'x' });
  });

  test('of bytes beyond ASCII is UTF-8, in one piece and in two', () => {
    const text = Buffer.from(`${OK}content-length: 5\r\n\r\nhé€`).toString('latin1').replace('5', '6');
    for (const stops of [[], [text.length - 2]])
      assert.deepEqual(Reflect.get(Object(read(text, stops)), 'body'), 'hé€');
  });

  test('is cut where nobody wants more, and the connection with it', () => {
    const chunked = `${OK}transfer-encoding: chunked\r\n\r\n8\r\n01234567\r\n0\r\n\r\n`;
    for (const text of [`${OK}content-length: 8\r\n\r\n01234567`, chunked, `${OK}\r\n01234567`]) {
      const answer = read(text, [], 5);
      assert.ok(typeof answer === 'object');
      assert.deepEqual([answer.body, answer.isLast], ['01234', true]);
    }
  });
});

/** [what the head says, whether another request may follow, idle seconds] */
const KEPT: readonly (readonly [head: string, isLast: boolean, idleSeconds: number | null])[] = [
  ['HTTP/1.1 200 X\r\n', false, null],
  ['HTTP/1.1 200 X\r\nconnection: keep-alive\r\nkeep-alive: timeout=7, max=3\r\n', false, 7],
  ['HTTP/1.1 200 X\r\nconnection: Close\r\n', true, null],
  ['HTTP/1.1 200 X\r\nconnection: x, close\r\n', true, null],
  ['HTTP/1.1 200 X\r\nconnection: x\r\nconnection: close\r\n', true, null],
  ['HTTP/1.0 200 X\r\n', true, null],
  ['HTTP/1.0 200 X\r\nconnection: Keep-Alive\r\n', false, null],
];

for (const [head, isLast, idleSeconds] of KEPT) {
  test(`whether the connection is kept: ${JSON.stringify(head)}`, () => {
    const answer = read(`${head}content-length: 0\r\n\r\n`);
    assert.ok(typeof answer === 'object');
    assert.deepEqual([answer.isLast, answer.idleSeconds], [isLast, idleSeconds]);
  });
}

const NO_ANSWERS: readonly (readonly [text: string, why: RegExp])[] = [
  ['', /broke/],
  ['HTTP/1.1 200 OK\r\ncontent-le', /broke/],
  ['HTTP/1.1 100 X\r\n\r\n', /broke/],
  ['HTTP/1.1 101 X\r\n\r\n', /another protocol/],
  [`${OK}content-length: 9\r\n\r\nok`, /shorter/],
  [`${OK}transfer-encoding: chunked\r\n\r\n2\r\nok\r\n`, /broke/],
  [`${OK}x-a: ${'x'.repeat(17_000)}\r\n\r\n`, /16 KiB/],
  [`${OK}x-a: ${'x'.repeat(17_000)}`, /16 KiB/],
  [`${OK}transfer-encoding: chunked\r\n\r\n0\r\n${'x: y\r\n'.repeat(4_000)}`, /16 KiB/],
  ...[
    'SSH-2.0-OpenSSH\r\n',
    'HTTP/2 200\r\n\r\n',
    'HTTP/1.1  200 X\r\n\r\n',
    'HTTP/1.1 20 X\r\n\r\n',
    'HTTP/1.1 099 X\r\n\r\n',
    `${OK}no colon\r\n\r\n`,
    `${OK}space : before\r\n\r\n`,
    `${OK}: no name\r\n\r\n`,
    `${OK}x: \x00\r\n\r\n`,
    `${OK}x: in\r\n two lines\r\n\r\n`,
    `${OK}x: a\nb: c\r\n\r\n`,
    `${OK}content-length: -1\r\n\r\n`,
    `${OK}content-length: +1\r\n\r\n`,
    `${OK}content-length: 0x1\r\n\r\n`,
    `${OK}content-length: 1, 1\r\n\r\n`,
    `${OK}content-length: \r\n\r\n`,
    `${OK}content-length: 9999999999999999\r\n\r\n`,
    `${OK}content-length: 1\r\ncontent-length: 1\r\n\r\n`,
    `${OK}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n`,
    `${OK}transfer-encoding: gzip\r\n\r\n`,
    `${OK}transfer-encoding: chunked, chunked\r\n\r\n`,
    `${OK}transfer-encoding: chunked\r\n\r\nxyz\r\n`,
    `${OK}transfer-encoding: chunked\r\n\r\n2\nok`,
    `${OK}transfer-encoding: chunked\r\n\r\n2\r\nok!!\r\n`,
    `${OK}transfer-encoding: chunked\r\n\r\n123456789\r\n`,
    `${OK}transfer-encoding: chunked\r\n\r\n1;${'x'.repeat(2_000)}`,
  ].map((text) => [text, /not HTTP/] as const),
];

for (const [text, why] of NO_ANSWERS) {
  test(`no answer: ${JSON.stringify(text.slice(0, 80))}`, () => {
    const said = read(text);
    assert.match(typeof said === 'string' ? said : JSON.stringify(said), why);
  });
}

const piece = fc.constantFrom(
  ...[
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.0 200 OK\r\n',
    'HTTP/1.1 102 X\r\n\r\n',
    'HTTP/1.1 204\r\n',
    '\r\n',
    '\r',
    '\n',
    ' ',
  ],
  ...['content-length: 4\r\n', 'Content-Length:11\r\n', 'transfer-encoding: chunked\r\n', 'connection: close\r\n'],
  ...[
    'x: y\r\n',
    'X:\t\xe9 \r\n',
    'x y: z\r\n',
    'a',
    '0\r\n\r\n',
    '4\r\nbody\r\n',
    'B;x\r\nhello world\r\n',
    'body',
    '\x00',
  ],
);
const answers = fc.oneof(
  fc.array(piece, { maxLength: 10 }),
  fc.array(piece, { maxLength: 6 }).map((pieces) => [OK, ...pieces]),
  fc.array(piece, { maxLength: 4 }).map((pieces) => [OK, 'content-length: 4\r\n', ...pieces, '\r\nbody']),
  fc.array(piece, { maxLength: 4 }).map((pieces) => [OK, 'transfer-encoding: chunked\r\n\r\n', ...pieces, '0\r\n\r\n']),
);

test('it does not matter where the pieces end', () => {
  fc.assert(
    fc.property(answers, fc.array(fc.nat(200), { maxLength: 6 }), (pieces, stops) => {
      const text = pieces.join('');
      assert.deepEqual(read(text, stops), read(text));
      assert.deepEqual(
        read(
          text,
          [...text].map((_, index) => index),
        ),
        read(text),
      );
    }),
    { numRuns: 3_000 },
  );
});

test('undici reads the same, and refuses the same', async (t) => {
  const texts = fc
    .sample(answers, Number(process.env['N'] ?? 1_500))
    .map((pieces) => pieces.join('').replace(EARLY_LINES, '$1'));
  let text = '';
  const server = await serveScript((socket) => socket.end(text, 'latin1'));
  t.after(() => server.close());
  const pool = new Pool(server.url);
  t.after(() => pool.destroy());
  let agreed = 0;
  for (text of texts) {
    const ours = read(text);
    const theirs = await pool
      .request({ path: '/', method: 'POST', body: '' })
      .then(async ({ statusCode: status, headers, body }) => ({
        status,
        headers: trimmed(headers),
        body: await body.text(),
      }))
      .catch(() => null);
    const answer =
      typeof ours === 'string' ? null : { status: ours.status, headers: { ...ours.headers }, body: ours.body };
    assert.deepEqual(answer, theirs, JSON.stringify(text));
    if (answer !== null) agreed += 1;
  }
  assert.ok(agreed > 200, `only ${agreed} were read by both`);
});

/** Empty lines before an answer: undici passes them over. */
const EARLY_LINES = /(^|102 X\r\n\r\n)[\r\n]+/g;

/** undici leaves the space at the end of a value. */
function trimmed(headers: Readonly<Record<string, string | string[] | undefined>>) {
  const trim = (value: string | string[] | undefined) =>
    Array.isArray(value) ? value.map((one) => one.trimEnd()) : value?.trimEnd();
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, trim(value)]));
}
