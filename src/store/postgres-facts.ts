import { Client } from 'pg';
import type { Clock } from '../model/clock.ts';
import { unavailable } from './postgres-errors.ts';
import { POOL_SIZE } from './postgres-pool.ts';

/** What a PostgreSQL server says of itself, as far as Beckon's promises hang on it. */
export interface PostgresFacts {
  /** 150004 is 15.4. */
  readonly version: number;
  readonly fsync: string;
  readonly synchronousCommit: string;
  readonly fullPageWrites: string;
  readonly encoding: string;
  readonly isStandby: boolean;
  readonly mayCreate: boolean;
  readonly isEncrypted: boolean;
  /** For users who are no superusers. */
  readonly maxConnections: number;
  /** Of others, just now. */
  readonly connections: number;
  /** What one Beckon takes: its pool and the one that listens. */
  readonly needed: number;
  /** How far its clock is ahead of this machine's. */
  readonly clockOffsetMs: number;
}

const QUESTION = `SELECT current_setting('server_version_num')::int AS version,
  current_setting('fsync') AS fsync,
  current_setting('synchronous_commit') AS synchronous_commit,
  current_setting('full_page_writes') AS full_page_writes,
  current_setting('server_encoding') AS encoding,
  pg_is_in_recovery() AS is_standby,
  has_schema_privilege(current_user, current_schema(), 'CREATE') AS may_create,
  coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS is_encrypted,
  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS max_connections,
  (SELECT count(*)::int - 1 FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
  (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now`;

interface Answer {
  readonly version: number;
  readonly fsync: string;
  readonly synchronous_commit: string;
  readonly full_page_writes: string;
  readonly encoding: string;
  readonly is_standby: boolean;
  readonly may_create: boolean | null;
  readonly is_encrypted: boolean;
  readonly max_connections: number;
  readonly connections: number;
  readonly now: number;
}

/** Rejects with `StoreUnavailable`, or with what PostgreSQL said. */
export async function readPostgresFacts(url: string, clock: Clock): Promise<PostgresFacts> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3_000, query_timeout: 5_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    // Twice: the first answer pays for planning, and would make the clock look late.
    await client.query(QUESTION);
    const askedAt = clock.now();
    const { rows } = await client.query<Answer>(QUESTION);
    const answeredAt = clock.now();
    const [row] = rows;
    if (row === undefined) throw new Error('PostgreSQL answered nothing');
    return {
      version: row.version,
      fsync: row.fsync,
      synchronousCommit: row.synchronous_commit,
      fullPageWrites: row.full_page_writes,
      encoding: row.encoding,
      isStandby: row.is_standby,
      mayCreate: row.may_create === true,
      isEncrypted: row.is_encrypted,
      maxConnections: row.max_connections,
      connections: row.connections,
      needed: POOL_SIZE + 1,
      clockOffsetMs: Math.round(row.now - (askedAt + answeredAt) / 2),
    };
  } catch (error) {
    throw unavailable(error);
  } finally {
    await client.end().catch(() => {});
  }
}
