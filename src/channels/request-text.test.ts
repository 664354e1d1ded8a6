import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import fc from 'fast-check';
import type { OutboundCall } from './outbound.ts';
import { MalformedRequest, writeRequest } from './request-text.ts';

function write(call: Partial<OutboundCall>): string | Uint8Array {
  const { signal } = new AbortController();
  const whole = {
    method: 'POST',
    url: '',
    headers: {},
    body: null,
    signal,
    allowPrivateNetwork: false,
    ...call,
  } as const;
  return writeRequest(whole, 'provider.example:8443', '/a?b=c');
}

test('a request is one piece of text, framed by its length in bytes', () => {
  assert.equal(
    write({ headers: { 'x-a': 'b' }, body: 'hé' }),
    'POST /a?b=c HTTP/1.1\r\nhost: provider.example:8443\r\nconnection: keep-alive\r\nx-a: b\r\ncontent-length: 3\r\n\r\nhé',
  );
});

test('without a body it announces one only where a server expects to be told', () => {
  assert.match(String(write({ method: 'POST' })), /\r\ncontent-length: 0\r\n\r\n$/);
  for (const method of ['GET', 'DELETE'] as const) assert.doesNotMatch(String(write({ method })), /content-length/);
});

const REFUSED: readonly (readonly [headers: Record<string, string>, why: RegExp])[] = [
  [{ 'a b': 'T0PS3CRET' }, /a name that HTTP does not allow/],
  [{ '': 'T0PS3CRET' }, /a name that HTTP does not allow/],
  [{ 'x:': 'T0PS3CRET' }, /a name that HTTP does not allow/],
  [{ 'x-a': 'T0PS3CRET\r\nx-b: c' }, /x-a holds a character/],
  [{ 'x-a': 'T0PS3CRET\n' }, /x-a holds a character/],
  [{ 'x-a': 'T0PS3CRET\x00' }, /x-a holds a character/],
  [{ 'x-a': 'T0PS3CRET\u0100' }, /x-a holds a character/],
  [{ Host: 'T0PS3CRET' }, /Host is not for a call to set/],
  [{ 'Content-Length': '0' }, /Content-Length is not/],
  [{ 'transfer-encoding': 'chunked' }, /transfer-encoding is not/],
  [{ connection: 'close' }, /connection is not/],
  [{ expect: '100-continue' }, /expect is not/],
  [{ upgrade: 'h2c' }, /upgrade is not/],
];

for (const [headers, why] of REFUSED) {
  test(`refused: ${JSON.stringify(headers)}`, () => {
    assert.throws(
      () => write({ headers }),
      (error: Error) =>
        error instanceof MalformedRequest && why.test(error.message) && !error.message.includes('T0PS3CRET'),
    );
  });
}

const latin1 = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) });
const sensible = latin1.map((text) => text.replace(/[\x7f]/g, '').trim());
const calls = fc.record({
  headers: fc.dictionary(fc.stringMatching(/^x-[\w!#$%&'*+.^`|~-]{1,8}$/), sensible, { maxKeys: 4 }),
  body: fc.oneof(fc.constant(null), fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 200 })),
});

test("Node's own server reads what was meant, and not a byte more", async (t) => {
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    response.end(JSON.stringify({ headers: request.rawHeaders, body: body.toString('base64') }));
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await fc.assert(
    fc.asyncProperty(calls, async (call) => {
      const socket = connect(port, '127.0.0.1');
      // A second request tells where the server takes the first to end.
      socket.write(
        Buffer.concat([
          Buffer.from(write(call)),
          Buffer.from('GET /next HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'),
        ]),
      );
      const answers = (await buffer(socket)).toString();
      assert.equal(answers.split('HTTP/1.1 200 OK').length, 3, answers);
      const { headers, body } = JSON.parse(/\{.*\}/.exec(answers)?.[0] ?? '');
      assert.equal(body, Buffer.from(call.body ?? '').toString('base64'));
      for (const [name, value] of Object.entries(call.headers)) assert.equal(headers[headers.indexOf(name) + 1], value);
    }),
    { numRuns: 300 },
  );
});
