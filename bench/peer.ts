import { Pool } from 'pg';
import { readConversation } from './processes.ts';
import { openSender, type SenderOptions } from './sender.ts';
import { teamsActivity, teamsPath } from './teams-request.ts';

/** What a peer is told: whom it sends to and where it keeps one row of what became of each recipient. */
export interface PeerQuestion extends SenderOptions {
  readonly appId: string;
  readonly text: string;
  /** Where everybody is reached, by e-mail address. */
  readonly people: readonly { readonly email: string; readonly conversationId: string }[];
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
  readonly question: PeerQuestion;
  /** Looks everybody up, in one query: a job for each recipient of a notification. */
  jobsOf(notification: number): Promise<PeerJob[]>;
  send(job: PeerJob): Promise<void>;
  /** Commits that these were delivered, in one statement. */
  keep(jobs: readonly PeerJob[]): Promise<void>;
  /**
   * Asked for so many notifications, accepts one after the other and answers the ms until the last row is durable, until
   * nobody asks any more.
   */
  answer(accept: (notification: number) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export async function openPeer(): Promise<Peer> {
  const { question, requests } = await readConversation<PeerQuestion, number>();
  const { text, appId, people } = question;
  const emails = people.map(({ email }) => email);
  const sender = openSender(question);
  const pool = new Pool({ connectionString: question.database, max: 20 });
  await pool.query(`CREATE TABLE results (
    notification integer, seq integer, state text NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (notification, seq))`);
  await pool.query('CREATE TABLE people (email text PRIMARY KEY, conversation_id text NOT NULL)');
  const columns = [emails, people.map(({ conversationId }) => conversationId)];
  await pool.query('INSERT INTO people SELECT * FROM unnest($1::text[], $2::text[])', columns);
  let accepted = 0;
  let kept = 0;
  let reach = { count: 0, tell: () => {} };
  const untilKept = (count: number) => new Promise<void>((tell) => (reach = { count, tell }));
  return {
    question,
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
    async answer(accept) {
      for await (const notifications of requests) {
        const until = accepted + notifications;
        const all = untilKept(until * emails.length);
        const startedAt = performance.now();
        for (; accepted < until; accepted += 1) await accept(accepted);
        await all;
        const ms = performance.now() - startedAt;
        const { rows } = await pool.query('SELECT count(*)::int AS count FROM results');
        if (rows[0]?.count !== until * emails.length) throw new Error(`${rows[0]?.count} results`);
        console.log(ms);
      }
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
