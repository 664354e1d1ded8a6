import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { after, beforeEach, describe, test } from 'node:test';
import { CERTIFICATE } from './hangoutchat/test-certificate.ts';
import { KeySet, type KeySetOptions } from './key-set.ts';
import { createOutbound } from './outbound-http.ts';
import { openTestClock } from './test-desk.ts';

const HOUR_MS = 3_600_000;
const { n = '', e = '' } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
const jwk = (kid: string, more: object = {}) => ({ kid, kty: 'RSA', n, e, ...more });

/** What is published, by path; nothing: 500. */
let published: Readonly<Record<string, unknown>> = {};
let asked: string[] = [];
const server = createServer((request, response) => {
  const path = request.url ?? '';
  asked.push(path);
  const document = published[path];
  response.writeHead(document === undefined ? 500 : 200).end(JSON.stringify(document));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = server.address();
const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
const outbound = createOutbound();
after(async () => {
  await outbound.close();
  server.close();
});
beforeEach(() => {
  published = {};
  asked = [];
});

function open(options: Partial<KeySetOptions> = {}) {
  const clock = openTestClock();
  const common = { url: `${base}/keys`, leadsTo: 'keys', takesCertificates: false, allowPrivateNetwork: true } as const;
  const keys = new KeySet({ ...common, ...options }, { outbound, clock });
  const find = async (keyId: string) => {
    const found = await keys.find(keyId);
    return typeof found === 'string' ? found : found?.endorsements;
  };
  return { clock, find };
}

describe('Published keys', () => {
  test('carry their endorsements, and what is no RSA key is none', async () => {
    published = {
      '/keys': {
        keys: [
          jwk('a', { endorsements: ['msteams', 5] }),
          jwk('b', { kty: 'EC' }),
          jwk('c', { n: 5 }),
          { ...jwk('d'), kid: 5 },
          null,
          jwk('__proto__'),
        ],
      },
    };
    const { find } = open();
    const found = await Promise.all(['a', 'b', 'c', '5', '__proto__', 'constructor'].map(find));
    assert.deepEqual(found, [['msteams'], undefined, undefined, undefined, [], undefined]);
    assert.deepEqual(asked, ['/keys']);
  });

  test('are a hundred at most', async () => {
    published = { '/keys': { keys: Array.from({ length: 101 }, (_, index) => jwk(`k${index}`)) } };
    const { find } = open();
    assert.deepEqual([await find('k99'), await find('k100')], [[], undefined]);
  });

  test('are certificates only where those are expected', async () => {
    published = { '/keys': { one: CERTIFICATE } };
    assert.deepEqual(await open({ takesCertificates: true }).find('one'), []);
    assert.equal(await open().find('one'), 'unavailable');
  });

  test('are where the metadata says, on its own host or over TLS', async () => {
    const at = async (jwks_uri: unknown) => {
      published = { '/openid': { jwks_uri }, '/keys': { keys: [jwk('a')] } };
      return open({ url: `${base}/openid`, leadsTo: 'metadata' }).find('a');
    };
    assert.deepEqual(await at(`${base}/keys`), []);
    assert.equal(await at(`${base.replace('127.0.0.1', 'localhost')}/keys`), 'unavailable');
    for (const nonsense of [undefined, 5, '', '/keys', 'file:///etc/passwd']) {
      assert.equal(await at(nonsense), 'unavailable', String(nonsense));
    }
    assert.equal(asked.filter((path) => path === '/keys').length, 1);
  });
});

describe('The age of keys', () => {
  test('a withdrawn key is believed for an hour at most while newer ones can be had', async () => {
    published = { '/keys': { keys: [jwk('old')] } };
    const { clock, find } = open();
    await find('old');
    published = { '/keys': { keys: [jwk('new')] } };
    clock.advance(HOUR_MS - 1);
    assert.deepEqual(await find('old'), []);
    clock.advance(1);
    assert.equal(await find('old'), undefined);
  });

  test('and for a day when none can be had; then they are asked for every five seconds', async () => {
    published = { '/keys': { keys: [jwk('a')] } };
    const { clock, find } = open();
    await find('a');
    published = {};
    clock.advance(24 * HOUR_MS - 1);
    assert.deepEqual(await find('a'), []);
    clock.advance(60_000);
    assert.equal(await find('a'), 'unavailable');
    asked = [];
    clock.advance(4_999);
    await find('a');
    assert.deepEqual(asked, []);
    published = { '/keys': { keys: [jwk('a')] } };
    clock.advance(1);
    assert.deepEqual(await find('a'), []);
  });

  test('an unknown one makes us ask once a minute, whether that succeeds or not', async () => {
    published = { '/keys': { keys: [jwk('a')] } };
    const { clock, find } = open();
    await find('a');
    for (const answers of [published, {}]) {
      published = answers;
      asked = [];
      clock.advance(60_000);
      await Promise.all(Array.from({ length: 20 }, (_, index) => find(`made-up-${index}`)));
      clock.advance(59_999);
      await find('made-up');
      assert.deepEqual(asked, ['/keys']);
    }
  });
});
