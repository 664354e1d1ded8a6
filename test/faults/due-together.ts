import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { delay, patience } from '../support/delay.ts';
import { fillBacklog } from '../support/hook-backlog.ts';
import { type HookStage, openHookStage } from '../support/hook-stage.ts';
import { percentile } from '../support/percentile.ts';
import { untilAllOver } from '../support/until-all-over.ts';
import type { Fault, Finding } from './fault.ts';

const DROWSY = fileURLToPath(new URL('../support/drowsy-server.ts', import.meta.url));

/** What the provider, the server and whoever calls beside them have in them on two cores, all told. */
const PER_SECOND = 1_500;

export const dueTogether: Fault = {
  id: 'F33',
  title: '100,000 deliveries that fall due in the same second, SQLite',
  isTimed: true,
  run: () => fallDue({ notifications: 100, perSecond: PER_SECOND, quietMs: 8_000 }),
  control: () =>
    fallDue({ notifications: 5, perSecond: PER_SECOND, quietMs: 3_000, script: DROWSY, patienceMs: 3_000 }),
};

interface DueOptions {
  /** Of 1,000 recipients each. */
  readonly notifications: number;
  readonly perSecond: number;
  /** How long the server is watched before they fall due. */
  readonly quietMs: number;
  readonly script?: string;
  /** Without any progress for so long, nobody is waited for any more. */
  readonly patienceMs?: number;
  /** False: only what can be counted on any machine. */
  readonly judgesTimes?: boolean;
}

/** What starting the server may take, and putting one notification into the database. */
const START_MS = 4_000;
const FILL_MS = 80;

/**
 * They are accepted through the store's own verb with the delay that is left until one moment, as sends that are
 * scheduled would be. Beside them a second bot's calls go on, one after the other.
 */
export async function fallDue(options: DueOptions): Promise<Finding> {
  const { notifications, perSecond, quietMs, script, patienceMs, judgesTimes = true } = options;
  const stage = await openHookStage({ bots: ['ann', 'bulk'], perSecond: { bulk: perSecond } });
  try {
    const database = `sqlite:${join(stage.folder, 'beckon.db')}`;
    const dueAt = Date.now() + (judgesTimes ? START_MS + FILL_MS * notifications : 1_000) + quietMs;
    await fillBacklog(database, { bot: 'bulk', lane: 'normal', notifications, dueAt });
    const server = await stage.start(['--database', database, '--log-level', 'warn'], script);
    await delay(dueAt - quietMs - Date.now());
    const calls: Call[] = [];
    const caller = startCaller(stage, server.url, calls);
    const wanted = notifications * 1_000;
    const isOver = () => stage.sandbox.ledger.total('hooks') >= wanted + calls.length;
    await Promise.race([stage.sandbox.until(isOver), patience((2_000 * wanted) / perSecond + 60_000)]);
    await caller.end();
    const { undelivered, detail } = await untilAllOver(database, patienceMs === undefined ? {} : { patienceMs });
    const { replays } = stage.sandbox.ledger.counts('hooks');
    const times = arrivals(stage);
    const early = times.filter((at) => at < dueAt).length;
    const firstMs = (times[0] ?? Number.POSITIVE_INFINITY) - dueAt;
    const rate = (1_000 * times.length) / ((times.at(-1) ?? 0) - (times[0] ?? 0));
    const [base, beside] = [p99Of(calls, (at) => at < dueAt), p99Of(calls, (at) => at >= dueAt)];
    const lost = wanted - times.length;
    return {
      figure: `the first after ${Math.round(firstMs)} ms, ${Math.round(rate)}/s of ${perSecond}/s; calls' p99 ${Math.round(beside)} ms, ${Math.round(base)} ms before; ${lost} of ${wanted} lost, ${undelivered} not delivered ${detail}, ${replays} doubled, ${early} too early`,
      bar: `${judgesTimes ? "the first ≤ 1 s, ≥ 90 % of the limit, calls' p99 ≤ 2 × (or ≤ 100 ms), " : ''}0 lost, 0 doubled, 0 early`,
      ok:
        lost + undelivered + replays + early === 0 &&
        (!judgesTimes || (firstMs <= 1_000 && rate >= 0.9 * perSecond && beside <= Math.max(2 * base, 100))),
    };
  } finally {
    await stage.close();
  }
}

interface Call {
  readonly at: number;
  readonly durationMs: number;
}

const PAUSE_MS = 20;

function startCaller(stage: HookStage, url: string, calls: Call[]) {
  let over = false;
  const caller = (async () => {
    for (let call = 0; !over; call += 1) {
      const at = Date.now();
      const { id, status, error, durationMs } = await stage.send(url, { bot: 'ann', text: `call ${call}`, people: 1 });
      if (id === null) throw new Error(`a call beside the run was not accepted: ${status ?? error}`);
      calls.push({ at, durationMs });
      await delay(PAUSE_MS);
    }
  })();
  caller.catch(() => {});
  return {
    async end() {
      over = true;
      await caller;
    },
  };
}

/** When each delivery of the run came, in order. */
const arrivals = ({ sandbox }: HookStage): number[] =>
  sandbox.ledger.entries({ provider: 'hooks' }).flatMap((entry) => (entry.conversation === 'bulk' ? [entry.at] : []));

const p99Of = (calls: readonly Call[], isMeant: (at: number) => boolean): number =>
  percentile(
    calls.filter(({ at }) => isMeant(at)).map(({ durationMs }) => durationMs),
    0.99,
  );
