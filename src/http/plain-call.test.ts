import assert from 'node:assert/strict';
import { it } from 'node:test';
import { targetOfPlainCall } from './plain-call.ts';

const targetOf = (text: string) => targetOfPlainCall(Buffer.from(text, 'latin1'));
const HEAD = 'POST /api/public/bot/st-1/notify?a=b HTTP/1.1\r\nhost: a\r\nauth: x.y_z-\r\n';
const TARGET = '/api/public/bot/st-1/notify?a=b';

it('tells the target of one whole plain call', () => {
  assert.equal(targetOf(`${HEAD}Content-Length: 2\r\n\r\n{}`), TARGET);
  assert.equal(targetOf(`${HEAD}content-length:2\r\n\r\n\r\n`), TARGET);
  assert.equal(targetOf(`${HEAD}\r\n`), TARGET);
  assert.equal(targetOf('GET /x HTTP/1.1\r\nhost: a\r\n\r\n'), '/x');
});

const ANYTHING_ELSE: Readonly<Record<string, string>> = {
  'less than a head': HEAD,
  'less than the body': `${HEAD}content-length: 3\r\n\r\n{}`,
  'more than the body': `${HEAD}content-length: 1\r\n\r\n{}`,
  'a body of no length': `${HEAD}\r\n{}`,
  'a second call': `${HEAD}content-length: 2\r\n\r\n{}${HEAD}\r\n`,
  'the end of a call and another': `{}${HEAD}\r\n`,
  'two lengths': `${HEAD}content-length: 2\r\ncontent-length: 2\r\n\r\n{}`,
  'a list of lengths': `${HEAD}content-length: 2, 2\r\n\r\n{}`,
  'a length that is no number': `${HEAD}content-length: +2\r\n\r\n{}`,
  'an empty length': `${HEAD}content-length:\r\n\r\n`,
  'a space before the colon': `${HEAD}content-length : 2\r\n\r\n{}`,
  chunks: `${HEAD}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  'chunks and a length': `${HEAD}Transfer-Encoding: x\r\ncontent-length: 2\r\n\r\n{}`,
  'a folded header': `${HEAD}content-length: 2\r\n x\r\n\r\n{}`,
  'a bare line feed': `${HEAD}a: b\ncontent-length: 2\r\n\r\n{}`,
  'a bare carriage return': `${HEAD}a: b\rcontent-length: 2\r\n\r\n{}`,
  'a NUL': `${HEAD}a: \0\r\n\r\n`,
  'a byte that is no ASCII': `${HEAD}a: \xff\r\n\r\n`,
  'a connection to be closed': `${HEAD}Connection: close\r\n\r\n`,
  'an expectation': `${HEAD}expect: 100-continue\r\ncontent-length: 2\r\n\r\n{}`,
  'an upgrade': `${HEAD}upgrade: h2c\r\n\r\n`,
  'an older version': 'GET /x HTTP/1.0\r\nhost: a\r\n\r\n',
  'another verb': 'HEAD /x HTTP/1.1\r\nhost: a\r\n\r\n',
  'a whole URL': 'GET http://a/x HTTP/1.1\r\nhost: a\r\n\r\n',
  'no headers': 'GET /x HTTP/1.1\r\n\r\n',
  'an empty line first': `\r\n${HEAD}\r\n`,
  'a head that is too long': `${HEAD}a: ${'x'.repeat(16_384)}\r\n\r\n`,
};

for (const [what, text] of Object.entries(ANYTHING_ELSE)) {
  it(`leaves ${what} to the parser`, () => assert.equal(targetOf(text), null));
}

it('costs no more for hostile heads than for others', () => {
  const before = process.cpuUsage();
  for (const filling of ['a: \r\n', ': \r\n', 'a: b\r', '\t', '\r\ncontent-length:']) {
    const text = `${HEAD}${filling.repeat(Math.floor(16_000 / filling.length))}\r\n\r\n`;
    for (let count = 0; count < 20; count += 1) targetOf(text);
  }
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 1_000_000, `${user + system} µs`);
});
