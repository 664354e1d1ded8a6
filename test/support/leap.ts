import { Client } from 'pg';
import type { BeckonProcess } from './beckon.ts';

const MINUTE_MS = 60_000;

/** What a signal does to the clock of a travelling server. */
export const LEAPS = { SIGUSR2: 61 * MINUTE_MS, SIGHUP: 25 * 60 * MINUTE_MS, SIGWINCH: 10_000 } as const;
export type Leap = 'SIGUSR2' | 'SIGHUP';

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

/** The process goes first and claims nothing until, a little later, it has seen that the database has followed. */
export async function leapAhead(server: BeckonProcess, leap: Leap, time: OwnTime | null): Promise<void> {
  await signal(server, leap);
  if (time === null) return;
  await time.leap(LEAPS[leap] + LEAPS.SIGWINCH);
  await signal(server, 'SIGWINCH');
}

async function signal(server: BeckonProcess, name: keyof typeof LEAPS): Promise<void> {
  const passed = server.next(/time has passed/);
  server.signal(name);
  await passed;
}
