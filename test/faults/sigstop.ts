import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import type { BeckonProcess } from '../support/beckon.ts';
import { delay } from '../support/delay.ts';
import { openHookStage } from '../support/hook-stage.ts';
import { startPostgres } from '../support/postgres.ts';
import { between } from '../support/seed.ts';
import { untilAllOver } from '../support/until-all-over.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

export const stoppedPastLease: Fault = {
  id: 'F04',
  title: 'SIGSTOP past the lease, 2 nodes on PostgreSQL',
  run: (parts) => stopPastLease({ stops: 30 }, parts),
  control: (parts) => stopPastLease({ stops: 4, slowMs: 150, script: UNFENCED }, parts),
};

const UNFENCED = fileURLToPath(new URL('../support/unfenced-server.ts', import.meta.url));
const LEASE_MS = 1_000;
const CONCURRENCY = 16;
/** Outcomes that may wait for their checkpoint beside a database that is near (the engine's own bound). */
const UNRECORDED = 240;
const PEOPLE = 1_000;

interface StopOptions {
  readonly stops: number;
  /** Of the provider; the slower, the more of a batch is still open when its former owner wakes up. */
  readonly slowMs?: number;
  readonly script?: string;
}

/** A node sleeps for 1.6 leases and wakes up in the belief that its batches are its own. */
export async function stopPastLease(
  { stops, slowMs = 30, script }: StopOptions,
  { random }: FaultParts,
): Promise<Finding> {
  const postgres = await startPostgres();
  const stage = await openHookStage({ bots: ['ann'], concurrency: CONCURRENCY });
  const database = await postgres.createDatabase();
  const logs = new Client({ connectionString: database });
  try {
    const args = ['--database', database, '--lease-ms', String(LEASE_MS)];
    const nodes = [await stage.start(args, script), await stage.start(args, script)];
    await logs.connect();
    stage.sandbox.faults.add({ provider: 'hooks', fault: { kind: 'slow', delayMs: slowMs } });
    let accepted = 0;
    const before = new Map<string, string>();
    let rewritten = 0;
    for (let stop = 0; stop < stops; stop += 1) {
      const node = nodes[stop % 2];
      const other = nodes[1 - (stop % 2)];
      if (node === undefined || other === undefined) throw new Error('there are two nodes');
      const { id } = await stage.send(other.url, { bot: 'ann', text: `stop ${stop}`, people: PEOPLE });
      if (id !== null) accepted += PEOPLE;
      await delay(between(random, 100, 400));
      node.signal('SIGSTOP');
      await delay(1.6 * LEASE_MS);
      await readVersions(logs, before);
      node.signal('SIGCONT');
      await delay(between(random, 100, 400));
      rewritten += await readVersions(logs, before);
    }
    const { undelivered, detail } = await untilAllOver(database);
    rewritten += await readVersions(logs, before);
    const { total, replays } = stage.sandbox.ledger.counts('hooks');
    const [lost, stale] = [accepted - total, nodes.reduce((sum, node) => sum + countLost(node), 0)];
    const bound = stops * (CONCURRENCY + UNRECORDED);
    return {
      figure: `${stops} stops, ${accepted} recipients: ${rewritten} terminal rows rewritten, ${lost} lost, ${undelivered} not delivered ${detail}, ${replays} repeats (${Math.round(replays / stops)} a stop), ${stale} batches logged as lost`,
      bar: `0 rewritten, 0 lost, repeats ≤ ${CONCURRENCY} + ${UNRECORDED} a stop, ≥ 1 logged as lost`,
      ok: rewritten + lost + undelivered === 0 && replays <= bound && stale > 0 && accepted > 0,
    };
  } finally {
    await logs.end().catch(() => {});
    await stage.close();
    await postgres.stop();
  }
}

/** The version of each final row as PostgreSQL counts them; answers how many known ones have changed. */
async function readVersions(client: Client, known: Map<string, string>): Promise<number> {
  const result = await client.query<{ key: string; version: string }>(
    `SELECT notification_id || '/' || seq AS key, xmin::text || '/' || at AS version FROM logs`,
  );
  const changed = result.rows.filter(({ key, version }) => (known.get(key) ?? version) !== version).length;
  for (const { key, version } of result.rows) known.set(key, version);
  return changed;
}

const countLost = (node: BeckonProcess): number => node.lines.filter((line) => /"batch lost"/.test(line)).length;
