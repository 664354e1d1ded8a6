import { Client } from 'pg';
import type { BeckonProcess } from './beckon.ts';

const HOUR_MS = 3_600_000;

/** What a signal does to the clock of a travelling server; a leap takes two of them. */
export const LEAPS = { SIGUSR2: 31 * 60_000, SIGHUP: 13 * HOUR_MS } as const;
export type Leap = keyof typeof LEAPS;

/** Takes the time of a PostgreSQL database into the hands of a test; what comes back moves it ahead. */
export async function ownTimeOf(database: string) {
  const client = new Client({ connectionString: database });
  await client.connect();
  await client.query(`
    CREATE TABLE leap (ms BIGINT NOT NULL);
    INSERT INTO leap VALUES (0);
    CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
      'SELECT pg_catalog.clock_timestamp() + (SELECT ms FROM public.leap) * interval ''1 millisecond''';
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$;`);
  return {
    leap: async (ms: number): Promise<void> => void (await client.query('UPDATE leap SET ms = ms + $1', [ms])),
    end: () => client.end(),
  };
}

export type OwnTime = Awaited<ReturnType<typeof ownTimeOf>>;

/** The process goes first, so that nothing is tried that it takes for early; then it looks again. */
export async function leapAhead(server: BeckonProcess, leap: Leap, time: OwnTime | null): Promise<void> {
  await signal(server, leap);
  await time?.leap(2 * LEAPS[leap]);
  await signal(server, leap);
}

async function signal(server: BeckonProcess, leap: Leap): Promise<void> {
  const passed = server.next(/time has passed/);
  server.signal(leap);
  await passed;
}
