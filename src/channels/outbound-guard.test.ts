import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { refuseAddress } from './addresses.ts';
import type { Resolve } from './connect.ts';
import type { Outbound, OutboundResult } from './outbound.ts';
import { createOutbound } from './outbound-http.ts';
import { answerWith, type ScriptedServer, serveScript } from './scripted-server.ts';

const CANARY = '127.0.0.1';
/** Stands for the public Internet: the only exempt address. */
const PUBLIC = '127.0.0.2';

/** Every way we know to write "the machine itself" or "its metadata service". `PORT` is the canary's. */
const HOSTILE = [
  'http://127.0.0.1:PORT/',
  'http://127.0.0.1.:PORT/',
  'http://127.1:PORT/',
  'http://127.0.1:PORT/',
  'http://2130706433:PORT/',
  'http://0x7f000001:PORT/',
  'http://0x7f.1:PORT/',
  'http://0x7f.0x0.0x0.0x1:PORT/',
  'http://0177.0.0.1:PORT/',
  'http://017700000001:PORT/',
  'http://0:PORT/',
  'http://0.0.0.0:PORT/',
  'http://127.127.127.127:PORT/',
  'http://１２７.０.０.１:PORT/',
  'http://①②⑦.⓪.⓪.①:PORT/',
  'http://127。0。0。1:PORT/',
  'http://%31%32%37.0.0.1:PORT/',
  'http://[::1]:PORT/',
  'http://[::]:PORT/',
  'http://[0:0:0:0:0:0:0:1]:PORT/',
  'http://[::ffff:127.0.0.1]:PORT/',
  'http://[::ffff:7f00:1]:PORT/',
  'http://[::127.0.0.1]:PORT/',
  'http://[64:ff9b::127.0.0.1]:PORT/',
  'http://[2002:7f00:1::]:PORT/',
  'http://[fe80::1%25lo]:PORT/',
  'http://localhost:PORT/',
  'http://LOCALHOST.:PORT/',
  'http://provider.example@127.0.0.1:PORT/',
  'http://provider.example:80@127.0.0.1:PORT/',
  'http://127.0.0.1:PORT#@provider.example/',
  'http://127.0.0.1:PORT\\@provider.example/',
  'http:127.0.0.1:PORT/',
  'http:\t//127.0.0.1:PORT/',
  'http://169.254.169.254/latest/meta-data/',
  'http://100.100.100.200/',
  'http://[fd00:ec2::254]/',
  'http://192.0.0.192/',
  'http://metadata.google.internal/',
  'https://127.0.0.1:PORT/',
  'ftp://127.0.0.1:PORT/',
  'file:///etc/passwd',
  '//127.0.0.1:PORT/',
  '',
] as const;

describe('The guard of outgoing calls', () => {
  let canary: ScriptedServer;
  let provider: ScriptedServer;

  before(async () => {
    canary = await serveScript(answerWith(200, 'the secret of the canary'));
    provider = await serveScript(
      (socket, request) => {
        if (request.includes('/redirect')) {
          const location = `http://${CANARY}:${canary.port}/`;
          socket.write(`HTTP/1.1 302 X\r\nlocation: ${location}\r\ncontent-length: 0\r\n\r\n`);
        } else socket.end('HTTP/1.1 200 X\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok');
      },
      PUBLIC,
      canary.port,
    );
  });
  after(() => Promise.all([canary.close(), provider.close()]));

  for (const url of HOSTILE) {
    test(`refuses ${JSON.stringify(url)}`, async () => {
      const result = await callOnce(url.replace('PORT', String(canary.port)), async () => [
        { address: CANARY, family: 4 },
      ]);
      assert.equal(result.kind, 'refused');
      assert.equal(canary.connections, 0);
    });
  }

  test('reaches a good host', async () => {
    const result = await callOnce(`http://provider.example:${provider.port}/`, toProvider);
    assert.equal(result.kind === 'response' && result.body, 'ok');
  });

  test('does not follow a redirect', async () => {
    const result = await callOnce(`http://provider.example:${provider.port}/redirect`, toProvider);
    assert.equal(result.kind === 'response' && result.status, 302);
    assert.equal(canary.connections, 0);
  });

  test('refuses a name with one private address among public ones', async () => {
    const result = await callOnce(`http://provider.example:${provider.port}/`, async () => [
      { address: PUBLIC, family: 4 },
      { address: CANARY, family: 4 },
    ]);
    assert.equal(result.kind, 'refused');
    assert.equal(canary.connections, 0);
  });

  test('a name that changes its answer never leads to the canary', async () => {
    let turn = 0;
    const outbound = createOutbound({
      exemptNetworks: [`${PUBLIC}/32`],
      resolve: async () => [{ address: turn++ % 2 === 0 ? PUBLIC : CANARY, family: 4 }],
    });
    const kinds: string[] = [];
    for (let round = 0; round < 40; round++) {
      kinds.push((await call(outbound, `http://rebind.example:${provider.port}/`)).kind);
    }
    await outbound.close();
    assert.equal(kinds.filter((kind) => kind === 'response').length, 20);
    assert.equal(kinds.filter((kind) => kind === 'refused').length, 20);
    assert.equal(canary.connections, 0);
  });

  test('the peer of an open socket is judged before a byte is written', async (t) => {
    const listener = await serveScript(answerWith(200, 'the secret of the canary'));
    t.after(() => listener.close());
    let reads = 0;
    const twoFaced = {
      family: 4,
      get address() {
        return reads++ === 0 ? PUBLIC : CANARY;
      },
    };
    const result = await callOnce(`http://rebind.example:${listener.port}/`, async () => [twoFaced]);
    assert.equal(result.kind, 'refused');
    assert.match(result.kind === 'refused' ? result.detail : '', /127\.0\.0\.1/);
    assert.equal(listener.connections, 1, 'the test must get as far as a connection');
    assert.equal(listener.requests.length, 0);
  });

  test('10,000 made-up URLs leave the canary alone', async () => {
    const outbound = createOutbound({ resolve: async () => [{ address: CANARY, family: 4 }] });
    const piece = fc.constantFrom(
      ...['http:', 'https:', '//', '/', '\\', '@', '#', '?', '.', ':', '[', ']', '%', 'x', '０', '1', '127', '0x7f'],
      ...[
        '127.0.0.1',
        '2130706433',
        '::1',
        '::ffff:127.0.0.1',
        'localhost',
        'provider.example',
        '\t',
        `:${canary.port}`,
      ],
    );
    const url = fc.array(piece, { maxLength: 8 }).map((pieces) => `http://${pieces.join('')}:${canary.port}/`);
    await fc.assert(
      fc.asyncProperty(url, async (text) => {
        fc.pre(!isPublicAddress(URL.parse(text)?.hostname ?? '')); // no test calls the Internet
        return (await call(outbound, text)).kind !== 'response';
      }),
      { numRuns: 10_000 },
    );
    await outbound.close();
    assert.equal(canary.connections, 0);
  });

  test('with private networks allowed the machine itself is reached, and its metadata service is not', async () => {
    const outbound = createOutbound();
    const signal = AbortSignal.timeout(5_000);
    const request = { method: 'GET', headers: {}, body: null, signal, allowPrivateNetwork: true } as const;
    const local = await outbound.request({ ...request, url: `${provider.url}/` });
    const metadata = await outbound.request({ ...request, url: 'http://169.254.169.254/latest/meta-data/' });
    await outbound.close();
    assert.equal(local.kind, 'response');
    assert.equal(metadata.kind, 'refused');
  });

  test('a connection opened with private networks allowed does not serve a call without', async () => {
    const outbound = createOutbound();
    const signal = AbortSignal.timeout(5_000);
    const request = { method: 'GET', url: `${provider.url}/`, headers: {}, body: null, signal } as const;
    assert.equal((await outbound.request({ ...request, allowPrivateNetwork: true })).kind, 'response');
    assert.equal((await outbound.request({ ...request, allowPrivateNetwork: false })).kind, 'refused');
    await outbound.close();
  });
});

function isPublicAddress(host: string): boolean {
  return refuseAddress(host, { allowPrivateNetwork: false }) === null;
}

const toProvider: Resolve = async () => [{ address: PUBLIC, family: 4 }];

async function callOnce(url: string, resolve: Resolve): Promise<OutboundResult> {
  const outbound = createOutbound({ exemptNetworks: [`${PUBLIC}/32`], resolve });
  const result = await call(outbound, url);
  await outbound.close();
  return result;
}

function call(outbound: Outbound, url: string): Promise<OutboundResult> {
  const signal = AbortSignal.timeout(5_000);
  return outbound.request({ method: 'GET', url, headers: {}, body: null, signal, allowPrivateNetwork: false });
}
