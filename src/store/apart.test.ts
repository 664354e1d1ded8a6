import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openStoreApart } from './apart.ts';
import { flatten, revive } from './apart-messages.ts';
import { StoreDamaged, StoreUnavailable } from './port/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'beckon-apart-'));
after(() => rmSync(folder, { recursive: true }));

describe('a store in a thread of its own', () => {
  it('refuses as the store does: a file that another holds', async () => {
    const url = `sqlite:${join(folder, 'held.db')}`;
    const store = await openStoreApart(url);
    await assert.rejects(openStoreApart(url), { name: 'StoreHeld' });
    await store.close();
    await (await openStoreApart(url)).close();
  });

  it('refuses as the store does: a file that is no database', async () => {
    const path = join(folder, 'text.db');
    writeFileSync(path, 'this is no database, and long enough to be read as the head of one: '.repeat(20));
    await assert.rejects(openStoreApart(`sqlite:${path}`), StoreDamaged);
  });

  it('answers everything that was asked before it closes', async () => {
    const store = await openStoreApart(`sqlite:${join(folder, 'busy.db')}`);
    const asked = Array.from({ length: 50 }, () => store.schemaVersion());
    const closed = store.close();
    assert.equal(new Set(await Promise.all(asked)).size, 1);
    await closed;
  });

  it('rejects with the fault of the verb, and goes on', async () => {
    const store = await openStoreApart(`sqlite:${join(folder, 'faults.db')}`);
    const nobody = { notification: {}, recipients: [], delayMs: 0, idempotency: null };
    await assert.rejects(Reflect.apply(store.accept, store, [nobody]), /./);
    assert.ok((await store.now()) > 0);
    await store.close();
  });
});

describe('an error that crosses threads', () => {
  it('keeps its class, its words and its cause', () => {
    const cause = Object.assign(new Error('ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const copy = revive(structuredClone(flatten(new StoreUnavailable('the store is away', { cause }))));
    assert.ok(copy instanceof StoreUnavailable);
    assert.equal(copy.message, 'the store is away');
    assert.ok(copy.cause instanceof Error && 'code' in copy.cause);
    assert.equal(copy.cause.code, 'ECONNREFUSED');
  });

  it('is an error even if no error was thrown', () => {
    assert.equal(revive(structuredClone(flatten('odd'))).message, 'odd');
  });
});
