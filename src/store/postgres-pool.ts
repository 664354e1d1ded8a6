import type { PoolConfig } from 'pg';

/** Connections of one process, beside the one that listens. */
export const POOL_SIZE = 10;

/** A connection, or a free one of the pool, is waited for this long. */
export const CONNECT_MS = 1_500;
/** At the start no caller waits, and a machine that starts everything at once is slow. */
export const FIRST_CONNECT_MS = 10_000;
/** The server gives a statement up a little before we do, so that it does not work on for nobody. */
const STATEMENT_MS = 3_000;
export const ANSWER_MS = 3_400;

/** Every wait has an end: a black-holed server turns into an error that a caller sees within five seconds. */
export function poolConfig(url: string): PoolConfig {
  return {
    connectionString: url,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
    pipeline: true,
    application_name: 'beckon',
    types: { getTypeParser: (oid: number) => (oid === INT8 || oid === INT4 ? Number : String) },
  };
}

/**
 * Every statement finds its rows by an index. Left to itself the planner reads a whole table where it takes it for small,
 * and goes on doing so while a queue grows to any size, for what it knows of a queue is always out of date.
 */
export const PLANNING =
  'SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off';

const INT8 = 20;
const INT4 = 23;
