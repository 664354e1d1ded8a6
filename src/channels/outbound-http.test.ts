import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { createServer as createTlsServer, setDefaultCACertificates } from 'node:tls';
import fc from 'fast-check';
import { lookBeforeWriting } from './last-look.ts';
import type { OutboundCall, OutboundResult } from './outbound.ts';
import { createOutbound, type OutboundOptions } from './outbound-http.ts';
import { answerWith, rawAnswer, type Script, type ScriptedServer, serveScript } from './scripted-server.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const resource of open.splice(0)) await resource.close();
});

describe('What counts as an answer', () => {
  test('a whole one, with its status, headers and body', async () => {
    const server = await serve(answerWith(201, '{"id":"1"}', { 'retry-after': '7', 'x-a': 'b' }));
    const result = await post(server, '{"say":"hé"}');
    assert.ok(result.kind === 'response');
    assert.equal(result.status, 201);
    assert.equal(result.headers['retry-after'], '7');
    assert.equal(result.body, '{"id":"1"}');
    assert.match(server.requests[0] ?? '', /^POST \/a\/b\?c=d HTTP\/1\.1\r\n/);
    assert.match(server.requests[0] ?? '', /content-length: 13\r\n/);
  });

  test('an informational answer is not one', async () => {
    const server = await serve((socket) => socket.write(`HTTP/1.1 103 X\r\nlink: x\r\n\r\n${rawAnswer(200, 'ok')}`));
    const result = await post(server);
    assert.equal(result.kind === 'response' && result.body, 'ok');
  });

  test('an endless one is cut at 64 KiB and the connection with it', async () => {
    const server = await serve((socket) => {
      socket.write('HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n');
      const block = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
      const pour = () => {
        while (!socket.destroyed && socket.write(block));
      };
      socket.on('drain', pour);
      pour();
    });
    const result = await post(server);
    assert.equal(result.kind === 'response' && result.body.length, 64 * 1024);
    await server.idle();
  });

  test('a long one is read as far as the call wants', async () => {
    const server = await serve(answerWith(200, 'x'.repeat(200_000)));
    const lengthOf = async (maxBodyBytes: number) => {
      const result = await request({ url: server.url, maxBodyBytes });
      return result.kind === 'response' && result.body.length;
    };
    assert.deepEqual([await lengthOf(1_000_000), await lengthOf(100_000)], [200_000, 100_000]);
  });

  test('a compressed one is not unpacked', async () => {
    const server = await serve(answerWith(200, 'not really gzip', { 'content-encoding': 'gzip' }));
    const result = await post(server);
    assert.equal(result.kind === 'response' && result.body, 'not really gzip');
  });
});

/** [what the server does after it got the request, what is said about it] */
const BROKEN_ANSWERS: readonly (readonly [string, Script, RegExp])[] = [
  ['reset', (socket) => socket.resetAndDestroy(), /broke/],
  ['close without a word', (socket) => socket.end(), /broke/],
  [
    'less than content-length',
    (socket) => socket.end('HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\nok'),
    /broke|shorter/,
  ],
  ['cut chunks', (socket) => socket.end('HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n5\r\nok'), /broke|HTTP/],
  ['garbage', (socket) => socket.end('\x00\x01\x02 hello there\r\n\r\n'), /not HTTP/],
  ['another protocol', (socket) => socket.end('220 mail.example ESMTP\r\n'), /not HTTP/],
  ['headers without end', (socket) => socket.write(`HTTP/1.1 200 X\r\na: ${'x'.repeat(20_000)}\r\n`), /16 KiB/],
  [
    'an unasked upgrade',
    (socket) => socket.write('HTTP/1.1 101 X\r\nupgrade: y\r\nconnection: upgrade\r\n\r\n'),
    /another protocol/,
  ],
];

describe('Once the request has left, anything but a whole answer is ambiguous', () => {
  for (const [name, script, detail] of BROKEN_ANSWERS) {
    test(name, async () => {
      const server = await serve(script);
      const result = await post(server);
      assert.equal(result.kind, 'ambiguous');
      assert.match(result.kind === 'ambiguous' ? result.detail : '', detail);
      assert.equal(server.requests.length, 1, 'nothing below us may try again');
    });
  }

  test('no headers in time', async () => {
    const server = await serve(() => {});
    const result = await post(server, '{}', { headersTimeoutMs: 50 });
    assert.deepEqual(outline(result), { kind: 'ambiguous', timedOut: true });
    await server.idle();
  });

  test('a body that stalls', async () => {
    const server = await serve((socket) => socket.write('HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\nok'));
    const result = await post(server, '{}', { bodyIdleTimeoutMs: 50 });
    assert.deepEqual(outline(result), { kind: 'ambiguous', timedOut: true });
    await server.idle();
  });

  test('a body that trickles past the deadline', async () => {
    const deadline = new AbortController();
    const server = await serve((socket) => {
      socket.write('HTTP/1.1 200 X\r\ncontent-length: 99999\r\n\r\n');
      const drip = setInterval(() => socket.write('x'), 5);
      socket.on('close', () => clearInterval(drip));
      setTimeout(() => deadline.abort(new DOMException('', 'TimeoutError')), 50);
    });
    const result = await post(server, '{}', { bodyIdleTimeoutMs: 1_000 }, deadline.signal);
    assert.deepEqual(outline(result), { kind: 'ambiguous', timedOut: true });
    await server.idle();
  });

  test('a caller that stops waiting', async () => {
    const stop = new AbortController();
    const server = await serve(() => stop.abort());
    const result = await post(server, '{}', {}, stop.signal);
    assert.deepEqual(outline(result), { kind: 'ambiguous', timedOut: false });
    await server.idle();
  });
});

describe('Before a byte has left, a failure is certain', () => {
  test('nothing listens', async () => {
    const server = await serveScript(() => {});
    await server.close();
    const result = await request({ url: `${server.url}/` });
    assert.deepEqual(outline(result), { kind: 'not_sent', timedOut: false });
    assert.match(result.kind === 'not_sent' ? result.detail : '', /^127\.0\.0\.1:\d+ could not be reached: nothing/);
  });

  test('the name does not resolve', async () => {
    const resolve = () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }));
    const result = await request({ url: 'http://gone.example/' }, { resolve });
    assert.deepEqual(outline(result), { kind: 'not_sent', timedOut: false });
  });

  test('the name has no address', async () => {
    const result = await request({ url: 'http://empty.example/' }, { resolve: async () => [] });
    assert.equal(result.kind, 'not_sent');
  });

  test('the look-up of the name hangs', async () => {
    const resolve = () => new Promise<never>(() => {});
    const result = await request({ url: 'http://slow.example/' }, { resolve, connectTimeoutMs: 50 });
    assert.deepEqual(outline(result), { kind: 'not_sent', timedOut: true });
  });

  test('the deadline passes while the call waits for a connection', async () => {
    const resolve = () => new Promise<never>(() => {});
    const signal = AbortSignal.timeout(30);
    const result = await request({ url: 'http://slow.example/', signal }, { resolve, connectTimeoutMs: 60_000 });
    assert.deepEqual(outline(result), { kind: 'not_sent', timedOut: true });
  });

  test('the signal was aborted beforehand', async () => {
    const server = await serve(answerWith(200, 'ok'));
    const result = await post(server, '{}', {}, AbortSignal.abort());
    assert.deepEqual(outline(result), { kind: 'not_sent', timedOut: false });
    assert.equal(server.connections, 0);
  });

  test('who looks once more right before it is written ends it', async () => {
    const server = await serve(answerWith(200, 'ok'));
    const stop = new AbortController();
    let looks = 0;
    lookBeforeWriting(stop.signal, () => {
      looks += 1;
      if (looks === 2) stop.abort();
    });
    const results = [await post(server, '1', {}, stop.signal), await post(server, '2', {}, stop.signal)];
    assert.deepEqual(
      results.map(({ kind }) => kind),
      ['response', 'not_sent'],
    );
    assert.deepEqual([looks, server.requests.length], [2, 1]);
  });

  test('a malformed header is refused, and its value is not repeated', async () => {
    const server = await serve(answerWith(200, 'ok'));
    const result = await request({ url: `${server.url}/`, headers: { 'x-a': 'T0PS3CRET\r\nx-b: c' } });
    assert.equal(result.kind, 'refused');
    assert.doesNotMatch(JSON.stringify(result), /T0PS3CRET/);
    assert.equal(server.requests.length, 0);
  });
});

describe('TLS', () => {
  const overTls = (port: number, options: OutboundOptions = {}) =>
    request(
      { url: `https://provider.example:${port}/` },
      { resolve: async () => [{ address: '127.0.0.1', family: 4 }], ...options },
    );

  test('a handshake that hangs is not sent', async () => {
    const server = await serve(() => {});
    const result = await overTls(server.port, { connectTimeoutMs: 50 });
    assert.deepEqual(outline(result), { kind: 'not_sent', timedOut: true });
    await server.idle();
  });

  test('a server that speaks no TLS is not sent to', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.end(rawAnswer(400, 'plain HTTP only'))));
    const result = await overTls(await listen(server));
    assert.deepEqual(outline(result), { kind: 'not_sent', timedOut: false });
  });

  test('a certificate nobody vouches for is not sent to', async () => {
    const result = await overTls(await listen(tlsServer()));
    assert.deepEqual(outline(result), { kind: 'not_sent', timedOut: false });
  });

  test('a trusted certificate of another name is not sent to', async () => {
    trustTestCertificate();
    const port = await listen(tlsServer());
    const result = await request({ url: `https://127.0.0.1:${port}/` });
    assert.deepEqual(outline(result), { kind: 'not_sent', timedOut: false });
  });

  test('a good certificate gets the request', async () => {
    trustTestCertificate();
    const result = await overTls(await listen(tlsServer()));
    assert.equal(result.kind === 'response' && result.body, 'over TLS');
  });
});

describe('Connections', () => {
  test('are kept and used again', async () => {
    const server = await serve(answerWith(200, 'ok'));
    const outbound = createOutbound();
    open.push(outbound);
    for (let round = 0; round < 20; round++) await outbound.request(aCall({ url: `${server.url}/` }));
    // Not one, because a connection rests after each answer.
    assert.ok(server.connections <= 3, `${server.connections} connections`);
  });

  test('grow to the cap and no further; more calls wait in line', async () => {
    const waiting: (() => void)[] = [];
    const all = Promise.withResolvers<void>();
    const server = await serve((socket, _request, count) => {
      waiting.push(() => socket.write(rawAnswer(200, 'ok')));
      if (count === 3) all.resolve();
      if (count > 3) socket.write(rawAnswer(200, 'ok'));
    });
    const outbound = createOutbound({ connectionsPerOrigin: 3 });
    open.push(outbound);
    const calls = Array.from({ length: 9 }, () => outbound.request(aCall({ url: `${server.url}/` })));
    await all.promise;
    assert.equal(server.requests.length, 3);
    for (const answer of waiting.slice(0, 3)) answer();
    const results = await Promise.all(calls);
    assert.ok(results.every((result) => result.kind === 'response'));
    assert.equal(server.connections, 3);
  });

  test('are as many as the sends that are configured to be in flight, unless told otherwise', async () => {
    const many = 300;
    const all = Promise.withResolvers<void>();
    const waiting: (() => void)[] = [];
    const server = await serve((socket, _request, count) => {
      waiting.push(() => socket.write(rawAnswer(200, 'ok')));
      if (count === many) all.resolve();
    });
    const outbound = createOutbound();
    open.push(outbound);
    const calls = Array.from({ length: many }, () => outbound.request(aCall({ url: `${server.url}/` })));
    await Promise.race([all.promise, Promise.all(calls)]);
    assert.equal(server.requests.length, many);
    for (const answer of waiting) answer();
    await Promise.all(calls);
  });

  test('a call that gives up in line costs no connection and reaches nobody', async () => {
    const server = await serve((socket, _request, count) => {
      if (count === 1) stop.abort();
      setImmediate(() => socket.write(rawAnswer(200, 'ok')));
    });
    const stop = new AbortController();
    const outbound = createOutbound({ connectionsPerOrigin: 1 });
    open.push(outbound);
    const [first, second, third] = await Promise.all([
      outbound.request(aCall({ url: `${server.url}/1` })),
      outbound.request(aCall({ url: `${server.url}/2`, signal: stop.signal })),
      outbound.request(aCall({ url: `${server.url}/3` })),
    ]);
    assert.deepEqual([first?.kind, second?.kind, third?.kind], ['response', 'not_sent', 'response']);
    assert.equal(server.connections, 1);
    assert.equal(server.requests.length, 2);
  });

  test('the origin unused for longest is closed when there are too many', async () => {
    const servers = await Promise.all([1, 2, 3].map(() => serve(answerWith(200, 'ok'))));
    const outbound = createOutbound({ maxOrigins: 2 });
    open.push(outbound);
    const [first, second, third] = servers.map((server) => `${server.url}/`);
    for (const url of [first, second, first, third]) await outbound.request(aCall({ url: url ?? '' }));
    await servers[1]?.idle();
    for (const url of [first, third, second]) await outbound.request(aCall({ url: url ?? '' }));
    assert.deepEqual(
      servers.map((server) => server.connections),
      [1, 2, 1],
    );
  });

  test('close ends what is under way and refuses what comes', async () => {
    const arrived = Promise.withResolvers<void>();
    const server = await serve(() => arrived.resolve());
    const outbound = createOutbound();
    const pending = outbound.request(aCall({ url: `${server.url}/` }));
    await arrived.promise;
    await outbound.close();
    assert.equal((await pending).kind, 'ambiguous');
    assert.equal((await outbound.request(aCall({ url: `${server.url}/` }))).kind, 'not_sent');
    await server.idle();
  });
});

test('the path on the wire is the one the URL parser makes of it, also on known origins', async () => {
  const server = await serve(answerWith(200, 'ok'));
  const outbound = createOutbound();
  open.push(outbound);
  await outbound.request(aCall({ url: `${server.url}/` }));
  const piece = fc.constantFrom(
    '/',
    '.',
    '..',
    '%2e',
    '%2E',
    '?',
    '#',
    '\\',
    ' ',
    '"',
    '{',
    'é',
    '%',
    'a',
    ':',
    '@',
    "'",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
      const url = `${server.url}/${pieces.join('')}`;
      const { pathname, search } = new URL(url);
      assert.equal((await outbound.request(aCall({ url }))).kind, 'response');
      assert.ok(server.requests.at(-1)?.startsWith(`POST ${pathname}${search} HTTP/1.1\r\n`));
    }),
    { numRuns: 300 },
  );
});

async function serve(script: Script): Promise<ScriptedServer> {
  const server = await serveScript(script);
  open.push(server);
  return server;
}

function post(
  server: ScriptedServer,
  body = '{}',
  options: OutboundOptions = {},
  signal = AbortSignal.timeout(5_000),
): Promise<OutboundResult> {
  return request({ url: `${server.url}/a/b?c=d`, body, signal }, options);
}

async function request(call: Partial<OutboundCall>, options: OutboundOptions = {}): Promise<OutboundResult> {
  const outbound = createOutbound(options);
  const result = await outbound.request(aCall(call));
  await outbound.close();
  return result;
}

function aCall(call: Partial<OutboundCall>): OutboundCall {
  const signal = AbortSignal.timeout(5_000);
  return { method: 'POST', url: '', headers: {}, body: '{}', signal, allowPrivateNetwork: true, ...call };
}

function outline(result: OutboundResult): object {
  return result.kind === 'response' ? result : { kind: result.kind, timedOut: result.timedOut };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({
    async close() {
      server.close();
      await once(server, 'close');
    },
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function tlsServer(): Server {
  return createTlsServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(rawAnswer(200, 'over TLS')));
  });
}

function trustTestCertificate(): void {
  setDefaultCACertificates([TEST_CERTIFICATE]);
}

/** Self-signed, for provider.example, good until 2126; used by nothing but this file. */
const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgonEwlhlV+iT/z5ab
mm3MbzvYFAU1RTnF9EL0EkwpOaahRANCAATl9XujYFwuTQBXzIkJ4ZEYzrLE2ysD
aflpruOm7RgSho5tySM88bk/ABPzCI3VUG636NV9nawS0/+faDgSjXT3
-----END PRIVATE KEY-----`;

const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBqjCCAVCgAwIBAgIUDOncdemdVN0LW+QsF8T44UuSK/AwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQcHJvdmlkZXIuZXhhbXBsZTAgFw0yNjExMjIxNTQ2MjZaGA8y
MTI2MTAyOTE1NDYyNlowGzEZMBcGA1UEAwwQcHJvdmlkZXIuZXhhbXBsZTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABOX1e6NgXC5NAFfMiQnhkRjOssTbKwNp+Wmu
46btGBKGjm3JIzzxuT8AE/MIjdVQbrfo1X2drBLT/59oOBKNdPejcDBuMB0GA1Ud
DgQWBBQT8cVuXtlcgHi2kp3s/q8avS9lXzAfBgNVHSMEGDAWgBQT8cVuXtlcgHi2
kp3s/q8avS9lXzAPBgNVHRMBAf8EBTADAQH/MBsGA1UdEQQUMBKCEHByb3ZpZGVy
LmV4YW1wbGUwCgYIKoZIzj0EAwIDSAAwRQIgDomUyJl1EELEFEaHcc73Hjj2DzxC
3YyEE27ew2tNKHECIQDXBX7dr2d15z1XDBs7PRC+QumXPYSuA3LokGcmxX+YFA==
-----END CERTIFICATE-----`;
