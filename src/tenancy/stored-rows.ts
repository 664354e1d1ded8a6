import { isJsonObject, type JsonObject, parseJsonObject } from '../model/json.ts';
import type { App, Bot, Connection } from '../model/tenancy.ts';
import type { Configured, ConfiguredKey } from '../store/port/tenancy.ts';
import type { Store } from '../store/port.ts';
import type { Stored } from './live-tenancy.ts';
import { type AppKeys, type ReadParts, readStoredApp, readStoredBot, readStoredConnection } from './read-stored.ts';
import type { Place } from './seal.ts';
import type { Vault } from './vault.ts';

export interface StoredRowsParts extends ReadParts {
  readonly store: Pick<Store, 'listConfigured'>;
  readonly vault: Vault;
  /** A row that cannot be used: it is left out, and the others go on. */
  readonly onUnusable: (key: ConfiguredKey, error: unknown) => void;
}

/** What was read, and what it was read from. */
interface Read<T> {
  readonly row: Configured;
  readonly value: T;
}

/** Rows of the store as what they configure. Whatever has not changed since the last time is the same object again. */
export class StoredRows {
  readonly #parts: StoredRowsParts;
  #known = new Map<string, Read<Bot | App | Connection>>();

  constructor(parts: StoredRowsParts) {
    this.#parts = parts;
  }

  async read(): Promise<Stored> {
    const rows = await this.#listAll();
    const known = new Map<string, Read<Bot | App | Connection>>();
    const readAll = async <T extends Bot | App | Connection>(
      kind: Configured['kind'],
      read: (row: Configured) => T | Promise<T>,
    ): Promise<T[]> => {
      const values: T[] = [];
      for (const row of rows.filter((each) => each.kind === kind)) {
        const before = this.#known.get(nameOf(row));
        const isSame = before?.row.document === row.document && before.row.sealed === row.sealed;
        try {
          const value = isSame ? (before.value as T) : await read(row);
          known.set(nameOf(row), { row, value });
          values.push(value);
        } catch (error) {
          this.#parts.onUnusable(row, error);
        }
      }
      return values;
    };
    const bots = await readAll('bot', ({ document }) => readStoredBot(parse(document), this.#parts));
    const connections = await readAll('connection', async (row) => {
      return readStoredConnection(await this.openConnection(row), row.botId, this.#parts).connection;
    });
    const apps = await readAll('app', async (row) => {
      const raw = parse(row.document);
      // A bot that was taken away meanwhile is found by nobody, and may come back.
      const botIds = new Set(Array.isArray(raw['bots']) ? raw['bots'].map(String) : []);
      return readStoredApp(raw, await this.openKeys(row), { ...this.#parts, botIds });
    });
    this.#known = known;
    return { bots, apps, connections };
  }

  /** With its secrets, as a caller gave it. */
  async openConnection(row: Configured): Promise<JsonObject> {
    return parse(await this.#open(row));
  }

  async openKeys(row: Configured): Promise<AppKeys> {
    const { key, former } = parse(await this.#open(row));
    return {
      key: String(key),
      former: isJsonObject(former) ? { key: String(former['key']), until: Number(former['until']) } : null,
    };
  }

  async #open(row: Configured): Promise<string> {
    return this.#parts.vault.unseal(row.sealed ?? '', placeOf(row));
  }

  async #listAll(): Promise<Configured[]> {
    const rows: Configured[] = [];
    for (let after: ConfiguredKey | null = null; ; ) {
      const page: readonly Configured[] = await this.#parts.store.listConfigured({ after, limit: PAGE_SIZE });
      rows.push(...page);
      after = page.at(-1) ?? null;
      if (page.length < PAGE_SIZE) return rows;
    }
  }
}

const PAGE_SIZE = 500;

export const placeOf = ({ botId, kind, id }: ConfiguredKey): Place => ({
  tenant: botId,
  table: 'configured',
  column: 'sealed',
  row: `${kind}/${id}`,
});

const nameOf = ({ botId, kind, id }: ConfiguredKey): string => `${botId}/${kind}/${id}`;

function parse(text: string): JsonObject {
  const value = parseJsonObject(text);
  if (value === null) throw new TypeError('what is kept is no JSON object');
  return value;
}
