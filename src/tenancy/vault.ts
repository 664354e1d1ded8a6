import { hash, randomBytes } from 'node:crypto';
import type { DataKey } from '../store/port/tenancy.ts';
import type { Store } from '../store/port.ts';
import { KEY_BYTES, type Place, seal, unseal, versionOf } from './seal.ts';

export interface VaultParts {
  readonly store: Pick<Store, 'findDataKey' | 'keepDataKey' | 'listDataKeys' | 'rewrapDataKey'>;
  /** Null: nothing can be sealed or opened. */
  readonly masterKey: Uint8Array | null;
  /** What data keys may still be wrapped with. */
  readonly oldMasterKey?: Uint8Array | null;
}

/** Something is sealed, or should be, and the key for it is not there. */
export class MasterKeyMissing extends Error {
  override readonly name = 'MasterKeyMissing';
}

/**
 * Seals with a data key for each tenant, which is kept wrapped by the master key: another master key costs one short row
 * a tenant, and what is sealed stays as it is.
 */
export class Vault {
  readonly #store: VaultParts['store'];
  readonly #current: MasterKey | null;
  readonly #masters: readonly MasterKey[];
  /** Opened, by tenant and version. */
  readonly #dataKeys = new Map<string, Uint8Array>();

  constructor({ store, masterKey, oldMasterKey = null }: VaultParts) {
    this.#store = store;
    this.#current = masterKey === null ? null : named(masterKey);
    this.#masters = [masterKey, oldMasterKey].filter((key) => key !== null).map(named);
  }

  get canSeal(): boolean {
    return this.#current !== null;
  }

  /** Rejects with `MasterKeyMissing`. */
  async seal(plain: string, place: Place): Promise<string> {
    const { version, key } = await this.#latestKey(place.tenant);
    return seal(key, plain, place, version);
  }

  /** Rejects with `SealBroken` or `MasterKeyMissing`. */
  async unseal(sealed: string, place: Place): Promise<string> {
    const version = versionOf(sealed, place);
    const key = this.#dataKeys.get(nameOf(place.tenant, version)) ?? (await this.#readKey(place.tenant, version));
    return unseal(key, sealed, place).toString('utf8');
  }

  /** Wraps anew what another master key wraps, one row at a time: broken off, it goes on where it was. Answers how many. */
  async rewrap(): Promise<number> {
    const master = this.#requireMaster();
    let count = 0;
    for (let after: Pick<DataKey, 'botId' | 'version'> | null = null; ; ) {
      const page: readonly DataKey[] = await this.#store.listDataKeys({ after, limit: PAGE_SIZE });
      for (const row of page) {
        if (row.master === master.name) continue;
        const wrapped = seal(master.key, this.#open(row), placeOf(row), row.version);
        const { botId, version } = row;
        const next = { botId, version, master: master.name, wrapped };
        if (await this.#store.rewrapDataKey({ from: row.master, to: next })) count += 1;
      }
      after = page.at(-1) ?? null;
      if (page.length < PAGE_SIZE) return count;
    }
  }

  /** Rejects with `MasterKeyMissing` when anything is kept that cannot be opened. */
  async assertOpens(): Promise<void> {
    for (let after: Pick<DataKey, 'botId' | 'version'> | null = null; ; ) {
      const page: readonly DataKey[] = await this.#store.listDataKeys({ after, limit: PAGE_SIZE });
      for (const row of page) this.#open(row);
      after = page.at(-1) ?? null;
      if (page.length < PAGE_SIZE) return;
    }
  }

  async #latestKey(tenant: string): Promise<{ readonly version: number; readonly key: Uint8Array }> {
    const master = this.#requireMaster();
    const known = await this.#store.findDataKey({ botId: tenant, version: null });
    if (known !== null) return { version: known.version, key: this.#remember(known) };
    const fresh = { botId: tenant, version: 1, master: master.name };
    const wrapped = seal(master.key, randomBytes(KEY_BYTES), placeOf(fresh), fresh.version);
    // Another node may have been first; then its key is everybody's.
    const kept = await this.#store.keepDataKey({ ...fresh, wrapped });
    return { version: kept.version, key: this.#remember(kept) };
  }

  async #readKey(tenant: string, version: number): Promise<Uint8Array> {
    const row = await this.#store.findDataKey({ botId: tenant, version });
    if (row === null) throw new MasterKeyMissing(`the data key ${version} of ${tenant || 'the server'} is gone`);
    return this.#remember(row);
  }

  #remember(row: DataKey): Uint8Array {
    const name = nameOf(row.botId, row.version);
    const key = this.#dataKeys.get(name) ?? this.#open(row);
    this.#dataKeys.set(name, key);
    return key;
  }

  #open(row: DataKey): Uint8Array {
    const master = this.#masters.find(({ name }) => name === row.master);
    if (master === undefined) throw new MasterKeyMissing(this.#masters.length === 0 ? SEALED : NOT_OURS);
    return unseal(master.key, row.wrapped, placeOf(row));
  }

  #requireMaster(): MasterKey {
    if (this.#current === null) throw new MasterKeyMissing(NONE);
    return this.#current;
  }
}

const PAGE_SIZE = 100;
const NONE =
  'Secrets cannot be kept without a key: start the server with BECKON_SECRET_KEY_FILE (openssl rand -base64 32)';
const SEALED =
  'the database holds sealed secrets: start the server with the BECKON_SECRET_KEY_FILE that they were sealed with; of a SQLite file it may be the one that ends in .key';
const NOT_OURS =
  'the database holds secrets that were sealed with another key: set BECKON_SECRET_KEY_FILE to it, or BECKON_OLD_SECRET_KEY_FILE while keys are changed';

interface MasterKey {
  readonly name: string;
  readonly key: Uint8Array;
}

/** The name tells which key it is and nothing about it. */
const named = (key: Uint8Array): MasterKey => ({ name: hash('sha256', Buffer.concat([LABEL, key])).slice(0, 16), key });
const LABEL = Buffer.from('beckon master key\0');

const placeOf = ({ botId, version }: Pick<DataKey, 'botId' | 'version'>): Place => ({
  tenant: botId,
  table: 'data_keys',
  column: 'wrapped',
  row: String(version),
});

const nameOf = (tenant: string, version: number): string => `${tenant}/${version}`;
