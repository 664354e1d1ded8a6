import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from '../../src/client/client.ts';
import type { Cancellation } from '../../src/client/steering-documents.ts';
import { messageId } from '../../src/model/ids.ts';
import type { LedgerEntry } from '../../src/sandbox/ledger.ts';
import { botIdOf, type HookStage, openHookStage } from '../support/hook-stage.ts';
import { startPostgres } from '../support/postgres.ts';
import { between } from '../support/seed.ts';
import { untilAllOver } from '../support/until-all-over.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

/** Its workers never ask whether what they hold was cancelled. */
const DEAF = fileURLToPath(new URL('../support/deaf-server.ts', import.meta.url));
const ROWS = 10_000;

export const cancelOnSqlite: Fault = {
  id: 'F41',
  title: 'cancel 10,000 recipients at full rate, SQLite',
  run: (parts) => cancelAtFullRate({ rounds: 10, rows: ROWS }, parts),
  control: (parts) => cancelAtFullRate({ rounds: 1, rows: ROWS, script: DEAF }, parts),
};

export const cancelOnPostgres: Fault = {
  id: 'F41',
  title: 'cancel 10,000 recipients at full rate, 2 nodes on PostgreSQL',
  run: (parts) => cancelAtFullRate({ rounds: 10, rows: ROWS, postgres: true }, parts),
  control: (parts) => cancelAtFullRate({ rounds: 1, rows: ROWS, postgres: true, script: DEAF }, parts),
};

export interface CancelOptions {
  readonly rounds: number;
  /** In notifications of 1,000, the most that a Kore call may have; all of them are cancelled at once. */
  readonly rows: number;
  readonly postgres?: boolean;
  readonly script?: string;
}

/** Two cancels of each notification: one in the middle of it, and one when it is over. */
export async function cancelAtFullRate(options: CancelOptions, { random }: FaultParts): Promise<Finding> {
  const { rounds, rows, script } = options;
  const stage = await openHookStage({ bots: ['ann'] });
  const postgres = options.postgres ? await startPostgres() : null;
  try {
    const database = (await postgres?.createDatabase()) ?? `sqlite:${join(stage.folder, 'beckon.db')}`;
    const places = postgres === null ? [0] : [0, 1];
    const args = ['--database', database, '--log-level', 'warn'];
    const urls = await Promise.all(places.map(async () => (await stage.start(args, script)).url));
    // Some are told to come again and wait, of some nobody learns whether they were sent it.
    stage.sandbox.faults.add({ provider: 'hooks', rate: 0.05, fault: { kind: 'status', status: 503 } });
    stage.sandbox.faults.add({ provider: 'hooks', rate: 0.01, fault: { kind: 'reset', processed: true } });
    // These are in flight when the answer is given, and arrive after it.
    stage.sandbox.faults.add({ provider: 'hooks', rate: 0.002, fault: { kind: 'slow', delayMs: 1_200 } });
    const sums = { ...NOTHING };
    for (let round = 0; round < rounds; round += 1) {
      const url = urls[round % urls.length] ?? '';
      const client = createClient({ url, token: stage.token });
      const texts = Array.from({ length: rows / PER_CALL }, (_, index) => `round ${round}, ${index}`);
      const ids = await Promise.all(texts.map((text, index) => accept(stage, urls[index % urls.length] ?? '', text)));
      const enough = between(random, 0, rows / 2);
      await stage.sandbox.until(() => stage.sandbox.ledger.total('hooks') >= enough);
      const told = await Promise.all(ids.map((id) => cancel(stage, client, id)));
      await untilAllOver(database);
      const calls = stage.sandbox.ledger.entries();
      for (const each of told) add(sums, await judge(each, { stage, client, url, calls }));
      stage.sandbox.ledger.clear();
    }
    return findingOf(sums, rounds, rows);
  } finally {
    await stage.close();
    await postgres?.stop();
  }
}

const PER_CALL = 1_000;
const BOT = botIdOf('ann');

async function accept(stage: HookStage, url: string, text: string): Promise<string> {
  const { id, status, error } = await stage.send(url, { bot: 'ann', text, people: PER_CALL });
  if (id === null) throw new Error(`a notification was not accepted: ${status ?? error}`);
  return id;
}

interface Told {
  readonly answer: Cancellation;
  /** Entries of the ledger with a higher number came after the answer. */
  readonly ledgerAt: number;
}

async function cancel({ sandbox }: HookStage, client: Client, notificationId: string): Promise<Told> {
  const answer = await client.cancel({ botId: BOT, notificationId });
  const { total, replays } = sandbox.ledger.counts('hooks');
  return { answer, ledgerAt: total + replays };
}

const NOTHING = {
  cancelled: 0,
  reached: 0,
  inFlight: 0,
  /** Calls that came after the answer. */
  after: 0,
  /** Calls for somebody who reads as cancelled, and not as maybe sent. */
  betrayed: 0,
  /** More calls after an answer than it said were in flight. */
  excess: 0,
  /** Notifications whose numbers do not fit each other. */
  untrue: 0,
};
type Sums = typeof NOTHING;

interface Evidence {
  readonly stage: HookStage;
  readonly client: Client;
  readonly url: string;
  readonly calls: readonly LedgerEntry[];
}

async function judge({ answer, ledgerAt }: Told, evidence: Evidence): Promise<Sums> {
  const { id: notificationId } = answer;
  const recipients = await recipientsOf(evidence, notificationId);
  const again = await evidence.client.cancel({ botId: BOT, notificationId });
  const ours = new Set(recipients.map(({ seq }) => messageId(notificationId, seq)));
  const calls = evidence.calls.filter(({ key }) => ours.has(key ?? ''));
  const clean = recipients.filter(({ state, maybeDoubled }) => state === 'cancelled' && !maybeDoubled);
  const untouchable = new Set(clean.map(({ seq }) => messageId(notificationId, seq)));
  const after = calls.filter(({ seq }) => seq > ledgerAt).length;
  return {
    cancelled: count(recipients, 'cancelled'),
    reached: count(recipients, 'delivered'),
    inFlight: answer.inFlight,
    after,
    betrayed: calls.filter(({ key }) => untouchable.has(key ?? '')).length,
    excess: Math.max(0, after - answer.inFlight),
    untrue: isTrue(answer, again, recipients) ? 0 : 1,
  };
}

/** Nobody is missing or told twice, those in flight ended one way or the other, and nothing that was said was taken back. */
function isTrue(answer: Cancellation, again: Cancellation, recipients: readonly RecipientLine[]): boolean {
  const cancelled = count(recipients, 'cancelled');
  const sum = answer.cancelled + answer.inFlight + answer.alreadyFinal;
  return (
    sum === PER_CALL &&
    new Set(recipients.map(({ seq }) => seq)).size === PER_CALL &&
    recipients.length === PER_CALL &&
    cancelled >= answer.cancelled &&
    cancelled <= answer.cancelled + answer.inFlight &&
    again.cancelledAt === answer.cancelledAt &&
    again.cancelled === cancelled &&
    again.inFlight === 0 &&
    again.alreadyFinal === PER_CALL - cancelled
  );
}

interface RecipientLine {
  readonly seq: number;
  readonly state: string;
  readonly maybeDoubled: boolean;
}

async function recipientsOf({ stage, url }: Evidence, notificationId: string): Promise<RecipientLine[]> {
  const recipients: RecipientLine[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const path = `/api/v1/bots/${BOT}/notifications/${notificationId}/recipients?limit=500&cursor=${cursor}`;
    const response = await fetch(url + path, { headers: { auth: stage.token } });
    const page: RecipientPage = JSON.parse(await response.text());
    recipients.push(...page.recipients);
    cursor = page.nextCursor;
  }
  return recipients;
}

interface RecipientPage {
  readonly recipients: readonly RecipientLine[];
  readonly nextCursor: string | null;
}

const count = (recipients: readonly RecipientLine[], state: string): number =>
  recipients.filter((recipient) => recipient.state === state).length;

function add(sums: Sums, more: Sums): void {
  for (const key of Object.keys(NOTHING)) {
    if (isSum(key)) sums[key] += more[key];
  }
}

const isSum = (key: string): key is keyof Sums => key in NOTHING;

function findingOf(sums: Sums, rounds: number, rows: number): Finding {
  const { cancelled, reached, inFlight, after, betrayed, excess, untrue } = sums;
  const wasExercised = cancelled > 0 && reached > 0;
  return {
    figure: `${rounds} × ${rows}: ${cancelled} cancelled, ${reached} delivered, ${inFlight} in flight at the answer, ${after} calls after it; ${betrayed} calls for cancelled ones, ${excess} more than in flight, ${untrue} answers untrue`,
    bar: '0 calls for those told as cancelled, 0 calls after the answer beyond those in flight, 0 answers untrue',
    ok: betrayed === 0 && excess === 0 && untrue === 0 && wasExercised,
  };
}
