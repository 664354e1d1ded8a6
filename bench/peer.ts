import { Pool } from 'pg';
import { readQuestion } from './processes.ts';
import { openSender, type SenderOptions } from './sender.ts';
import { teamsActivity, teamsPath } from './teams-request.ts';

/** What a peer is asked: to send everybody so many notifications, and keep one row of what became of each recipient. */
export interface PeerRun extends SenderOptions {
  readonly appId: string;
  readonly text: string;
  /** Where everybody is reached, by e-mail address. */
  readonly people: readonly { readonly email: string; readonly conversationId: string }[];
  readonly notifications: number;
  /** A PostgreSQL that nobody else uses. */
  readonly database: string;
  /** Of a Redis that nobody else uses; null where none is needed. */
  readonly redisPort: number | null;
}

export interface PeerJob {
  readonly notification: number;
  readonly seq: number;
  readonly conversationId: string;
  readonly text: string;
}

export interface Peer {
  readonly run: PeerRun;
  /** Looks everybody up, in one query: a job for each recipient of a notification. */
  jobsOf(notification: number): Promise<PeerJob[]>;
  send(job: PeerJob): Promise<void>;
  /** Commits that these were delivered, in one statement. */
  keep(jobs: readonly PeerJob[]): Promise<void>;
  /** From the first notification until the last row is durable, in ms; a notification before that warms it up. */
  measure(accept: (notification: number) => Promise<void>): Promise<number>;
  close(): Promise<void>;
}

export async function openPeer(): Promise<Peer> {
  const run = await readQuestion<PeerRun>();
  const { text, appId } = run;
  const emails = run.people.map(({ email }) => email);
  const sender = openSender(run);
  const pool = new Pool({ connectionString: run.database, max: 20 });
  await pool.query(`CREATE TABLE results (
    notification integer, seq integer, state text NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (notification, seq))`);
  await pool.query('CREATE TABLE people (email text PRIMARY KEY, conversation_id text NOT NULL)');
  const columns = [emails, run.people.map(({ conversationId }) => conversationId)];
  await pool.query('INSERT INTO people SELECT * FROM unnest($1::text[], $2::text[])', columns);
  const people = emails.length;
  let kept = 0;
  let reach = { count: 0, tell: () => {} };
  const untilKept = (count: number) => new Promise<void>((tell) => (reach = { count, tell }));
  return {
    run,
    async jobsOf(notification) {
      const { rows } = await pool.query<{ seq: number; conversationId: string }>(RESOLVE, [emails]);
      return rows.map((row) => ({ notification, ...row, text }));
    },
    send: ({ conversationId, text }) =>
      sender.send(teamsPath(conversationId), teamsActivity(appId, conversationId, text)),
    async keep(jobs) {
      const columns = [jobs.map(({ notification }) => notification), jobs.map(({ seq }) => seq)];
      await pool.query({ name: 'keep', text: KEEP, values: columns });
      kept += jobs.length;
      if (kept >= reach.count) reach.tell();
    },
    async measure(accept) {
      const warm = untilKept(people);
      await accept(0);
      await warm;
      const all = untilKept((1 + run.notifications) * people);
      const startedAt = performance.now();
      for (let notification = 1; notification <= run.notifications; notification += 1) await accept(notification);
      await all;
      const ms = performance.now() - startedAt;
      const { rows } = await pool.query('SELECT count(*)::int AS count FROM results');
      if (rows[0]?.count !== (1 + run.notifications) * people) throw new Error(`${rows[0]?.count} results`);
      return ms;
    },
    async close() {
      await sender.close();
      await pool.end();
    },
  };
}

const RESOLVE = `SELECT r.seq::int - 1 AS seq, p.conversation_id AS "conversationId"
  FROM unnest($1::text[]) WITH ORDINALITY AS r (email, seq) JOIN people p USING (email)`;

const KEEP = `INSERT INTO results (notification, seq, state, at)
  SELECT notification, seq, 'delivered', now() FROM unnest($1::integer[], $2::integer[]) AS r (notification, seq)`;
