import { delay } from '../support/delay.ts';
import { fillBacklog } from '../support/hook-backlog.ts';
import { type HookStage, openHookStage } from '../support/hook-stage.ts';
import { startPostgres } from '../support/postgres.ts';
import { startTcpProxy, viaProxy } from '../support/tcp-proxy.ts';
import { untilAllOver } from '../support/until-all-over.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

export const slowLink: Fault = {
  id: 'F09',
  title: 'PostgreSQL 200 ms ± 100 away, 5 % of what is asked ends the connection',
  isTimed: true,
  run: (parts) => worsenLink({ backlog: 60, baseMs: 5_000, worseMs: 25_000, leaseMs: 30_000 }, parts),
  // So far away that a renewal is hardly back before its lease is over.
  control: (parts) =>
    worsenLink({ backlog: 30, baseMs: 3_000, worseMs: 8_000, leaseMs: 1_000, delayMs: [500, 1_500] }, parts),
};

interface LinkOptions {
  /** Notifications of 1,000 that wait. */
  readonly backlog: number;
  readonly baseMs: number;
  readonly worseMs: number;
  readonly leaseMs: number;
  /** How long an answer takes, from and to; default: as the catalogue has it. */
  readonly delayMs?: readonly [number, number];
  /** False: only what can be counted on any machine. */
  readonly judgesRates?: boolean;
}

const RESET_SHARE = 0.05;
const PEOPLE = 20;

/** Deliveries go on, calls are answered, and no lease is lost to a database that is far away. */
export async function worsenLink(options: LinkOptions, { random }: FaultParts): Promise<Finding> {
  const { backlog, baseMs, worseMs, leaseMs, delayMs = [100, 300], judgesRates = true } = options;
  const postgres = await startPostgres();
  const stage = await openHookStage({ bots: ['ann', 'bulk'] });
  const database = await postgres.createDatabase();
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(database).port) });
  try {
    await fillBacklog(database, { bot: 'bulk', lane: 'normal', notifications: backlog });
    stage.sandbox.faults.add({ provider: 'hooks', fault: { kind: 'slow', delayMs: 20 } });
    const server = await stage.start(['--database', viaProxy(database, proxy), '--lease-ms', String(leaseMs)]);
    await stage.sandbox.until(() => stage.sandbox.ledger.total() >= 500);
    const base = await rateDuring(stage, delay(baseMs));
    proxy.worsen({ delayMs, resetShare: RESET_SHARE, random });
    const calls = startCalls(stage, server.url);
    const worse = await rateDuring(stage, delay(worseMs));
    const { accepted, refused, wrong } = await calls.end();
    proxy.worsen(null);
    const { undelivered, detail } = await untilAllOver(database, { patienceMs: leaseMs + 12_000 });
    const { total, replays } = stage.sandbox.ledger.counts('hooks');
    // A call that was refused may have been kept all the same, so more may be there than was acknowledged.
    const lost = Math.max(0, backlog * 1_000 + accepted * PEOPLE - total);
    const count = (event: RegExp) => server.lines.filter((line) => event.test(line)).length;
    // Not those whose checkpoint was asked for again and had been kept the first time: they were over, not lost.
    const gone = count(/"batch lost"/) - count(/"lease lost"/);
    const ended = count(/"batch (lost|attempted)"/);
    const [share, kept] = [(100 * worse) / base, (100 * (ended - gone)) / ended];
    return {
      figure: `${Math.round(worse)}/s, ${Math.round(share)} % of ${Math.round(base)}/s; ${accepted} calls accepted, ${refused} × 503, ${wrong} other answers; ${lost} lost, ${undelivered} not delivered ${detail}, ${replays} doubled; ${kept.toFixed(1)} % of ${ended} leases kept`,
      bar: `${judgesRates ? '≥ 25 % of the rate, ≥ 99 % of leases kept, ' : ''}503 only, 0 lost`,
      ok: wrong + lost + undelivered === 0 && (!judgesRates || (share >= 25 && kept >= 99 && accepted > 0)),
    };
  } finally {
    await stage.close();
    await proxy.close();
    await postgres.stop();
  }
}

/** Deliveries a second while something lasts. */
async function rateDuring({ sandbox }: HookStage, something: Promise<unknown>): Promise<number> {
  const [before, startedAt] = [sandbox.ledger.total('hooks'), performance.now()];
  await something;
  return (1_000 * (sandbox.ledger.total('hooks') - before)) / (performance.now() - startedAt);
}

function startCalls(stage: HookStage, url: string) {
  const seen = { accepted: 0, refused: 0, wrong: 0 };
  let over = false;
  const client = async () => {
    for (let call = 0; !over; call += 1) {
      const { id, status, retryAfter } = await stage.send(url, { bot: 'ann', text: `call ${call}`, people: PEOPLE });
      if (id !== null) seen.accepted += 1;
      else seen[status === 503 && retryAfter !== null ? 'refused' : 'wrong'] += 1;
      await delay(50);
    }
  };
  const clients = Promise.all([client(), client()]);
  return {
    async end() {
      over = true;
      await clients;
      return seen;
    },
  };
}
