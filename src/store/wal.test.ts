import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { holdSnapshot } from '../../test/support/outside-reader.ts';
import { systemClock } from '../model/clock.ts';
import { openStore } from './open.ts';
import type { Store } from './port.ts';

const ALWAYS = { fromBytes: 0 };

describe('the write-ahead log of SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'beckon-wal-'));
  const path = join(folder, 'beckon.db');
  let store: Store;
  before(async () => {
    store = await openStore(`sqlite:${path}`, { clock: systemClock });
  });
  after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const write = () => store.useJti({ appId: 'cs', jti: String(Math.random()), expiresAt: 1 });

  it('is emptied, but not before it is long enough', async () => {
    await write();
    const left = await store.tidyWal({ fromBytes: 1024 * 1024 });
    assert.ok(left !== null && left.bytes > 0 && left.bytes < 1024 * 1024, JSON.stringify(left));
    assert.deepEqual(await store.tidyWal(ALWAYS), { bytes: 0, heldBy: null });
  });

  it('cannot be emptied under a snapshot of another process, which is named', async () => {
    const reader = await holdSnapshot(path);
    try {
      await write();
      const held = await store.tidyWal(ALWAYS);
      assert.ok(held !== null && held.bytes > 0);
      assert.deepEqual(held.heldBy, process.platform === 'linux' ? [`process ${reader.pid} (node)`] : []);
      await write();
    } finally {
      await reader.end();
    }
    assert.deepEqual(await store.tidyWal(ALWAYS), { bytes: 0, heldBy: null });
  });

  it('is nobody’s business where there is no file', async () => {
    const memory = await openStore('sqlite::memory:', { clock: systemClock });
    assert.equal(await memory.tidyWal(ALWAYS), null);
    await memory.close();
  });
});
