import { Client, Pool, type PoolClient } from 'pg';
import type { Database } from './database.ts';
import { postgresDialect, translate } from './dialect.ts';
import {
  COMPATIBLE_SINCE_QUERY,
  MIGRATIONS,
  noteVersion,
  SCHEMA_VERSION,
  SchemaTooNew,
  servesUs,
} from './migrations.ts';
import { StoreUnavailable } from './port/errors.ts';
import { codeOf, unavailable } from './postgres-errors.ts';
import { ANSWER_MS, CONNECT_MS, FIRST_CONNECT_MS, PLANNING, POOL_SIZE, poolConfig } from './postgres-pool.ts';
import type { InsertMany, InsertShape, Param, Query, Row, Statement, Step, Steps, Value } from './steps.ts';

const WAKE_CHANNEL = 'beckon_wake';
/** Any number, as long as every Beckon uses the same: who migrates holds this advisory lock. */
const MIGRATION_LOCK = 0x6265636b;
/** A deadlock or serialisation failure changed nothing, so the same steps may run again. */
const RETRYABLE = new Set(['40001', '40P01']);
const RETRIES = 3;
/** A step before this one failed. */
const REFUSED = '25P02';

/** PostgreSQL 14 or newer, shared by any number of processes. */
export function openPostgres(url: string): Database {
  return new PostgresDatabase(url);
}

async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries > RETRIES || !RETRYABLE.has(codeOf(error))) throw error;
    }
  }
}

/** Older servers go on meanwhile and lock the same tables in an order of their own, so it may meet a deadlock. */
async function applyOne(client: Client, version: number, statements: readonly string[]): Promise<void> {
  await client.query('BEGIN');
  try {
    for (const statement of statements) await client.query(translate(statement, postgresDialect));
    await client.query(noteVersion(version));
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

class PostgresDatabase implements Database {
  readonly kind = 'postgres';
  readonly acceptsAtOnce = POOL_SIZE - 3;
  readonly #url: string;
  readonly #pool: Pool;
  readonly #statements = new Map<string | InsertShape, { readonly name: string; readonly text: string }>();
  #listener: Client | null = null;
  #wake: (() => void) | null = null;
  #announcing = false;
  #announceAgain = false;
  #closed = false;

  constructor(url: string) {
    this.#url = url;
    this.#pool = new Pool(poolConfig(url));
    // An idle connection that breaks is replaced by the pool; unheard, the event would end the process.
    this.#pool.on('error', () => {});
    // Nor may it go unheard on its way between the pool and us: the server's goodbye can come with its greeting.
    this.#pool.on('connect', (client) => {
      client.on('error', () => {});
      client.query(PLANNING).catch(() => {});
    });
  }

  /** On a connection without time limits: a change of a big table takes its time, and the others wait for it. */
  async migrate(): Promise<void> {
    const client = new Client({
      connectionString: this.#url,
      connectionTimeoutMillis: FIRST_CONNECT_MS,
      application_name: 'beckon-migration',
    });
    // Unheard, a connection lost between two statements would end the process; the next statement reports it.
    client.on('error', () => {});
    try {
      await client.connect();
      // Given back with the connection, whatever happens.
      await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
      await this.#applyMissing(client);
    } catch (error) {
      throw unavailable(error);
    } finally {
      await client.end().catch(() => {});
    }
  }

  async #applyMissing(client: Client): Promise<void> {
    await client.query('CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY)');
    const current = await readVersion(client);
    if (!(await serves(client, current))) throw new SchemaTooNew(current);
    for (const [index, statements] of MIGRATIONS.slice(current).entries()) {
      await retrying(() => applyOne(client, current + index + 1, statements));
    }
  }

  /** Its log is its own business. */
  async tidyWal(): Promise<null> {
    return null;
  }

  schemaVersion(): Promise<number> {
    return this.#withClient(readVersion);
  }

  serves(): Promise<boolean> {
    return this.#withClient(async (client) => serves(client, await readVersion(client)));
  }

  write<T>(steps: () => Steps<T>): Promise<T> {
    return this.#again((client) => this.#transact(client, steps));
  }

  /** Each statement outside of a transaction is one by itself, and answered after its commit. */
  writeAlone<T>(steps: () => Steps<T>): Promise<T> {
    return this.#again((client) => this.#drive(client, steps(), []));
  }

  #again<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    return retrying(() => this.#withClient(work));
  }

  read<T>(steps: () => Steps<T>): Promise<T> {
    return this.#withClient((client) => this.#drive(client, steps(), []));
  }

  /**
   * The connection is pipelined: BEGIN, COMMIT and every step whose rows nobody reads are sent without waiting, so a
   * checkpoint costs two turns of the network instead of seven. A step that fails makes the server refuse all that
   * follows, COMMIT included: what is reported is the error of that step, not one of the refusals.
   */
  async #transact<T>(client: PoolClient, steps: () => Steps<T>): Promise<T> {
    const sent: Promise<unknown>[] = [];
    try {
      send(sent, client.query('BEGIN'));
      const result = await this.#drive(client, steps(), sent);
      send(sent, client.query('COMMIT'));
      await Promise.all(sent);
      return result;
    } catch (thrown) {
      const error = codeOf(thrown) === REFUSED ? await firstFault(sent, thrown) : thrown;
      // A connection that is gone or silent is thrown away, and its transaction with it; asking it again only takes time.
      if (unavailable(error) instanceof StoreUnavailable) throw error;
      await Promise.allSettled(sent);
      await client.query('ROLLBACK').catch(() => {});
      throw error;
    }
  }

  async #drive<T>(client: PoolClient, steps: Steps<T>, sent: Promise<unknown>[]): Promise<T> {
    let next = steps.next([]);
    while (!next.done) next = steps.next(await this.#perform(client, next.value, sent));
    return next.value;
  }

  async #perform(client: PoolClient, step: Step, sent: Promise<unknown>[]): Promise<readonly Row[]> {
    if (step.kind === 'ended') return [];
    const values = step.kind === 'insertMany' ? columns(step) : binds(step);
    const answer = client.query<Row>({ ...this.#statement(step), values });
    if (step.kind === 'query') return (await answer).rows;
    send(sent, answer);
    return [];
  }

  /** Named, so that each connection prepares a text once. */
  #statement(step: Statement): { readonly name: string; readonly text: string } {
    const key = step.kind === 'insertMany' ? step.into : step.sql;
    const known = this.#statements.get(key);
    if (known !== undefined) return known;
    const text =
      step.kind === 'insertMany' ? postgresDialect.insertMany(step.into) : translate(step.sql, postgresDialect);
    const statement = { name: `beckon_${this.#statements.size + 1}`, text };
    this.#statements.set(key, statement);
    return statement;
  }

  /** At most one notice on its way; whatever is announced meanwhile is covered by one more. */
  announce(): void {
    if (this.#announcing) {
      this.#announceAgain = true;
      return;
    }
    this.#announcing = true;
    this.#pool
      .query(`NOTIFY ${WAKE_CHANNEL}`)
      .catch(() => {})
      .finally(() => {
        this.#announcing = false;
        if (this.#announceAgain && !this.#closed) {
          this.#announceAgain = false;
          this.announce();
        }
      });
  }

  onWake(listener: () => void): void {
    this.#wake = listener;
    void this.#listen();
  }

  /** A broken listener only costs promptness: polling goes on, and each poll's success brings it back. */
  async #listen(): Promise<void> {
    if (this.#listener !== null || this.#wake === null || this.#closed) return;
    const client = new Client({
      connectionString: this.#url,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: ANSWER_MS,
      keepAlive: true,
      application_name: 'beckon-listener',
    });
    this.#listener = client;
    const drop = () => {
      if (this.#listener === client) this.#listener = null;
      client.end().catch(() => {});
    };
    client.on('error', drop);
    client.on('end', drop);
    client.on('notification', () => this.#wake?.());
    await client
      .connect()
      .then(() => client.query(`LISTEN ${WAKE_CHANNEL}`))
      .catch(drop);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#listener?.end().catch(() => {});
    await this.#pool.end();
  }

  async #withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw unavailable(error);
    });
    let broken = false;
    // A connection lost between two statements is reported here; the statement after it fails by itself.
    const onError = () => {
      broken = true;
    };
    client.on('error', onError);
    try {
      const result = await work(client);
      void this.#listen();
      return result;
    } catch (error) {
      const mapped = unavailable(error);
      broken ||= mapped instanceof StoreUnavailable;
      throw mapped;
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  }
}

/** What made the server refuse the rest: the earliest of what was sent that failed. */
async function firstFault(sent: readonly Promise<unknown>[], refusal: unknown): Promise<unknown> {
  const settled = await Promise.allSettled(sent);
  return settled.find((answer) => answer.status === 'rejected')?.reason ?? refusal;
}

/** Awaited with the others at the end; until then its failure is nobody's surprise. */
function send(sent: Promise<unknown>[], answer: Promise<unknown>): void {
  answer.catch(() => {});
  sent.push(answer);
}

async function readVersion(client: Client | PoolClient): Promise<number> {
  const result = await client.query<{ version: number }>(
    'SELECT coalesce(max(version), 0) AS version FROM schema_versions',
  );
  return result.rows[0]?.version ?? 0;
}

async function serves(client: Client | PoolClient, version: number): Promise<boolean> {
  if (version <= SCHEMA_VERSION) return true;
  const { rows } = await client.query<{ compatible_since: unknown }>(COMPATIBLE_SINCE_QUERY);
  return servesUs(rows[0]?.compatible_since);
}

const binds = (step: Query): unknown[] => step.params.map(bind);

function bind(param: Param): unknown {
  if (!Array.isArray(param)) return param;
  return isRows(param) ? JSON.stringify(param) : param;
}

const isRows = (param: readonly unknown[]): boolean => typeof param[0] === 'object' && param[0] !== null;

function columns(step: InsertMany): Value[][] {
  return Object.keys(step.into.columns).map((_name, index) => step.rows.map((row) => row[index] ?? null));
}
