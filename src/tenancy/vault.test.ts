import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../model/clock.ts';
import { randomId } from '../model/ids.ts';
import { openStore } from '../store/open.ts';
import type { DataKey } from '../store/port/tenancy.ts';
import type { Store } from '../store/port.ts';
import { type Place, SealBroken } from './seal.ts';
import { MasterKeyMissing, Vault } from './vault.ts';

const [old, current] = [randomBytes(32), randomBytes(32)];
const placeOf = (tenant: string): Place => ({ tenant, table: 'configured', column: 'sealed', row: 'connection/dc-1' });

describe('the vault', () => {
  let store: Store;
  before(async () => {
    store = await openStore('sqlite::memory:', { clock: systemClock });
  });
  after(() => store.close());

  const vault = (masterKey: Uint8Array | null, oldMasterKey: Uint8Array | null = null) =>
    new Vault({ store, masterKey, oldMasterKey });
  async function listKeys(): Promise<DataKey[]> {
    return store.listDataKeys({ after: null, limit: 1_000 });
  }

  it('opens on any node with the master key what another has sealed, also at the same moment', async () => {
    const tenant = randomId('st');
    const nodes = [vault(current), vault(current), vault(current)];
    const sealed = await Promise.all(nodes.map((node, index) => node.seal(`secret ${index}`, placeOf(tenant))));
    for (const [index, text] of sealed.entries())
      assert.equal(await vault(current).unseal(text, placeOf(tenant)), `secret ${index}`);
  });

  it('has a key for each tenant, which opens nothing of another', async () => {
    const [one, other] = [randomId('st'), randomId('st')];
    const sealed = await vault(current).seal('a-secret', placeOf(one));
    await vault(current).seal('another', placeOf(other));
    await assert.rejects(vault(current).unseal(sealed, placeOf(other)), SealBroken);
    // Somebody who can write to the database moves the wrapped key as well.
    const rows = new Map((await listKeys()).map((key) => [key.botId, key]));
    const [stolen, target] = [rows.get(one), rows.get(other)];
    assert.ok(stolen && target);
    await store.rewrapDataKey({ from: target.master, to: { ...target, wrapped: stolen.wrapped } });
    await assert.rejects(vault(current).unseal(sealed, placeOf(other)), SealBroken);
  });

  it('says what is missing: the key, or the right one', async () => {
    const tenant = randomId('st');
    const sealed = await vault(current).seal('a-secret', placeOf(tenant));
    await assert.rejects(vault(null).seal('x', placeOf(tenant)), {
      name: 'MasterKeyMissing',
      message: /without a key/,
    });
    const mistaken = vault(randomBytes(32)).unseal(sealed, placeOf(tenant));
    await assert.rejects(mistaken, { name: 'MasterKeyMissing', message: /BECKON_OLD_SECRET_KEY_FILE/ });
  });

  it('goes over to another master key, readable throughout, however often it is broken off', async () => {
    const fresh = await openStore('sqlite::memory:', { clock: systemClock });
    const tenants = Array.from({ length: 25 }, () => randomId('st'));
    const before = new Vault({ store: fresh, masterKey: old });
    const sealed = await Promise.all(tenants.map((tenant) => before.seal(tenant, placeOf(tenant))));
    const readAll = async (masterKey: Uint8Array, oldMasterKey: Uint8Array | null) => {
      const reader = new Vault({ store: fresh, masterKey, oldMasterKey });
      return Promise.all(tenants.map((tenant, index) => reader.unseal(sealed[index] ?? '', placeOf(tenant))));
    };

    for (let writes = 0; writes < 20; writes += 1) {
      let left = 1;
      const dying: Store = {
        ...fresh,
        rewrapDataKey: async (request) => {
          if (left === 0) throw new Error('killed');
          left -= 1;
          return fresh.rewrapDataKey(request);
        },
      };
      await assert.rejects(new Vault({ store: dying, masterKey: current, oldMasterKey: old }).rewrap(), /killed/);
      assert.deepEqual(await readAll(current, old), tenants);
    }
    await assert.rejects(readAll(current, null), MasterKeyMissing);
    assert.equal(await new Vault({ store: fresh, masterKey: current, oldMasterKey: old }).rewrap(), 5);
    assert.equal(await new Vault({ store: fresh, masterKey: current }).rewrap(), 0);
    assert.deepEqual(await readAll(current, null), tenants);
    await fresh.close();
  });
});
