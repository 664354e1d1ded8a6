import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { networks, refuseAddress } from './addresses.ts';
import { refuseUrl } from './guard.ts';

const toPublic = { allowPrivateNetwork: false };
const toPrivate = { allowPrivateNetwork: true };

/** [address, may be reached, may be reached with allowPrivateNetwork] */
const ADDRESSES: readonly (readonly [string, boolean, boolean])[] = [
  ['8.8.8.8', true, true],
  ['1.1.1.1', true, true],
  ['52.112.0.1', true, true],
  ['172.15.255.255', true, true],
  ['172.32.0.0', true, true],
  ['100.63.255.255', true, true],
  ['100.128.0.0', true, true],
  ['2606:4700:4700::1111', true, true],
  ['2001:4860:4860::8888', true, true],
  ['127.0.0.1', false, true],
  ['127.255.255.254', false, true],
  ['10.0.0.1', false, true],
  ['172.16.0.1', false, true],
  ['172.31.255.255', false, true],
  ['192.168.1.1', false, true],
  ['100.64.0.1', false, true],
  ['100.127.255.255', false, true],
  ['192.0.0.1', false, true],
  ['192.0.2.1', false, true],
  ['192.88.99.1', false, true],
  ['198.18.0.1', false, true],
  ['198.51.100.7', false, true],
  ['203.0.113.7', false, true],
  ['::1', false, true],
  ['::7f00:1', false, true],
  ['::ffff:127.0.0.1', false, true],
  ['::ffff:8.8.8.8', false, true],
  ['64:ff9b::7f00:1', false, true],
  ['64:ff9b:1::1', false, true],
  ['100::1', false, true],
  ['2001::1', false, true],
  ['2001:db8::1', false, true],
  ['2002:7f00:1::', false, true],
  ['3fff::1', false, true],
  ['5f00::1', false, true],
  ['fc00::1', false, true],
  ['fd12:3456::1', false, true],
  ['fec0::1', false, true],
  ['0.0.0.0', false, false],
  ['0.1.2.3', false, false],
  ['169.254.169.254', false, false],
  ['169.254.0.1', false, false],
  ['100.100.100.200', false, false],
  ['168.63.129.16', false, false],
  ['192.0.0.192', false, false],
  ['224.0.0.1', false, false],
  ['240.0.0.1', false, false],
  ['255.255.255.255', false, false],
  ['::', false, false],
  ['::ffff:169.254.169.254', false, false],
  ['fd00:ec2::254', false, false],
  ['fd20:ce::254', false, false],
  ['fe80::1', false, false],
  ['fe80::1%eth0', false, false],
  ['ff02::1', false, false],
  ['not an address', false, false],
];

describe('Addresses', () => {
  for (const [address, isPublic, isPrivate] of ADDRESSES) {
    test(`${address}: ${isPublic ? 'public' : isPrivate ? 'private' : 'never'}`, () => {
      assert.equal(refuseAddress(address, toPublic) === null, isPublic);
      assert.equal(refuseAddress(address, toPrivate) === null, isPrivate);
    });
  }

  test('an exempt network is reachable and its neighbours are not', () => {
    const policy = { allowPrivateNetwork: false, exempt: networks(['10.1.0.0/16']) };
    assert.equal(refuseAddress('10.1.2.3', policy), null);
    assert.notEqual(refuseAddress('10.2.2.3', policy), null);
  });

  test('a network that is none is named', () => {
    for (const cidr of ['10.0.0.0', '10.0.0/8', 'x/8', '10.0.0.0/-1', '']) assert.throws(() => networks([cidr]));
  });
});

/** [URL, part of the refusal; null when it may be called] */
const URLS: readonly (readonly [string, RegExp | null])[] = [
  ['https://slack.com/api/', null],
  ['https://slack.com./api/', null],
  ['https://example.com:8443/hook', null],
  ['http://example.com:80/hook', null],
  ['ftp://example.com/', /Only https and http/],
  ['file:///etc/passwd', /Only https and http/],
  ['gopher://127.0.0.1:25/', /Only https and http/],
  ['data:text/plain,x', /Only https and http/],
  ['https://user@example.com/', /user name/],
  ['https://:secret@example.com/', /user name/],
  ['https://example.com:25/', /Port 25/],
  ['https://example.com:22/', /Port 22/],
  ['http://localhost/', /private network/],
  ['http://LOCALHOST./', /private network/],
  ['http://app.localhost/', /private network/],
  ['http://metadata/', /private network/],
  ['http://metadata.google.internal/', /private network/],
  ['http://printer.local/', /private network/],
  ['http://nas.home.arpa/', /private network/],
];

describe('URLs', () => {
  for (const [text, refusal] of URLS) {
    test(text, () => {
      const said = refuseUrl(new URL(text), toPublic);
      if (refusal === null) assert.equal(said, null);
      else assert.match(said ?? '', refusal);
    });
  }

  test('a refusal names neither path, query nor user', () => {
    const said = refuseUrl(new URL('https://user:hunter2@example.com/hooks/T0PS3CRET?sig=T0PS3CRET'), toPublic) ?? '';
    assert.doesNotMatch(said, /hunter2|T0PS3CRET/);
  });

  test('no spelling of a loopback address passes', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    const spell = fc.constantFrom(
      (n: number) => String(n),
      (n: number) => `0x${n.toString(16)}`,
      (n: number) => `0${n.toString(8)}`,
      (n: number) => `0x000${n.toString(16).toUpperCase()}`,
    );
    const host = fc
      .tuple(octet, octet, octet, fc.tuple(spell, spell, spell, spell), fc.integer({ min: 1, max: 4 }), fc.boolean())
      .map(([b, c, d, [first, second, third, last], parts, rooted]) => {
        const tail = [
          () => [last(((127 * 256 + b) * 256 + c) * 256 + d)],
          () => [first(127), last((b * 256 + c) * 256 + d)],
          () => [first(127), second(b), last(c * 256 + d)],
          () => [first(127), second(b), third(c), last(d)],
        ];
        return (tail[parts - 1]?.() ?? []).join('.') + (rooted ? '.' : '');
      });
    fc.assert(
      fc.property(host, (name) => refuseUrl(new URL(`http://${name}/`), toPublic) !== null),
      { numRuns: 10_000 },
    );
  });
});
