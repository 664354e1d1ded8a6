import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { makeOwnKey, ownKeyPath, readOwnKey } from './own-key.ts';

describe('the key of a server that was given none', () => {
  it('is whole or is not there, whatever a start before it left', (test) => {
    const folder = mkdtempSync(join(tmpdir(), 'beckon-own-key-'));
    test.after(() => rmSync(folder, { recursive: true }));
    const path = ownKeyPath(`sqlite:${join(folder, 'beckon.db')}`) ?? '';
    assert.equal(path, join(folder, 'beckon.db.key'));
    writeFileSync(`${path}.new`, 'half a ke', { mode: 0o600 });
    assert.equal(readOwnKey(path), null);
    const made = makeOwnKey(path);
    assert.deepEqual(Buffer.from(readOwnKey(path) ?? []), Buffer.from(made));
    if (process.platform !== 'win32') assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.ok(!existsSync(`${path}.new`));
  });

  it('is of databases that are one file', () => {
    assert.equal(ownKeyPath('sqlite::memory:'), null);
    assert.equal(ownKeyPath('postgres://localhost/beckon'), null);
  });
});
