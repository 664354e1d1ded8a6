import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { type Place, SealBroken, seal, unseal, versionOf } from './seal.ts';

const key = randomBytes(32);
const place: Place = { tenant: 'st-1', table: 'configured', column: 'sealed', row: 'connection/dc-1' };
const open = (sealed: string, at: Place = place, by: Uint8Array = key) => unseal(by, sealed, at).toString();

describe('sealing', () => {
  it('opens what it sealed, whatever that was, and shows none of it', () => {
    for (const plain of ['', 'a-secret', 'Ø\u0000\u{1f511}', 'x'.repeat(1_000_000)]) {
      const sealed = seal(key, plain, place, 7);
      assert.equal(open(sealed), plain);
      assert.equal(versionOf(sealed, place), 7);
      assert.ok(plain === '' || !sealed.includes(plain));
    }
  });

  const elsewhere: Readonly<Record<string, Partial<Place>>> = {
    tenant: { tenant: 'st-2' },
    table: { table: 'data_keys' },
    column: { column: 'document' },
    row: { row: 'connection/dc-2' },
    'row of the same letters': { column: 'sealedconnection', row: '/dc-1' },
  };
  for (const [what, other] of Object.entries(elsewhere)) {
    it(`opens in no other ${what}`, () => {
      assert.throws(() => open(seal(key, 'a-secret', place, 1), { ...place, ...other }), SealBroken);
    });
  }

  it('opens with no other key, and not as sealed by another version of it', () => {
    const sealed = seal(key, 'a-secret', place, 1);
    assert.throws(() => open(sealed, place, randomBytes(32)), SealBroken);
    assert.throws(() => open(sealed.replace('v1.1.', 'v1.2.')), SealBroken);
  });

  it('notices every single bit that is flipped', () => {
    const sealed = seal(key, 'a-secret', place, 1);
    const [format, version, text = ''] = sealed.split('.');
    const bytes = Buffer.from(text, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      assert.throws(() => open([format, version, flipped.toString('base64url')].join('.')), SealBroken, `bit ${bit}`);
    }
  });

  for (const broken of ['', 'v1', 'v1.1', 'v1.1.', 'v2.1.AAAA', 'v1.0.AAAA', 'v1.1.AAAA', 'v1.1.!', 'v1.1.AAAA.x'])
    it(`refuses ${JSON.stringify(broken)}`, () => {
      assert.throws(() => open(broken), SealBroken);
    });

  it('refuses what is written in another way', () => {
    const sealed = seal(key, 'a-secret', place, 1);
    for (const other of [`${sealed}=`, `${sealed} `, sealed.replace('v1.1.', 'v1.01.'), `${sealed}.`])
      assert.throws(() => open(other), SealBroken);
  });

  it('uses no nonce twice in a hundred thousand', () => {
    const nonces = new Set<string>();
    for (let count = 0; count < 100_000; count += 1) nonces.add(seal(key, '', place, 1).slice(5, 21));
    assert.equal(nonces.size, 100_000);
  });
});
