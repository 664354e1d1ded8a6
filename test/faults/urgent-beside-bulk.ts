import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Random } from '../../src/model/clock.ts';
import { delay } from '../support/delay.ts';
import { fillBacklog } from '../support/hook-backlog.ts';
import { type HookStage, openHookStage } from '../support/hook-stage.ts';
import { percentile } from '../support/percentile.ts';
import { startPostgres } from '../support/postgres.ts';
import { between } from '../support/seed.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

/** Through a server that reads the lane off the text, since Kore's API knows none. */
const LANED = fileURLToPath(new URL('../support/laned-server.ts', import.meta.url));

const long = { backlog: 1_000, soloMs: 15_000, urgentMs: 60_000 };
const shorter = { backlog: 300, soloMs: 5_000, urgentMs: 25_000 };

export const urgentBesideBulk: Fault = {
  id: 'F26',
  title: "an urgent message a second beside another bot's million, SQLite",
  run: (parts) => sendUrgently({ ...long, bot: 'ann', script: LANED }, parts),
  control: (parts) => sendUrgently({ backlog: 100, soloMs: 2_000, urgentMs: 10_000, bot: 'bulk' }, parts),
};

export const urgentOnPostgres: Fault = {
  id: 'F26',
  title: "an urgent message a second beside another bot's run, PostgreSQL",
  run: (parts) => sendUrgently({ ...shorter, bot: 'ann', script: LANED, postgres: true }, parts),
};

export const urgentOnOneConnection: Fault = {
  id: 'F26',
  title: 'an urgent message a second on the connection of a big run',
  run: (parts) => sendUrgently({ ...shorter, bot: 'bulk', script: LANED }, parts),
};

export const neighbourInOneLane: Fault = {
  id: 'F26',
  title: 'a message a second in the lane of the big run (Kore API of today)',
  run: (parts) => sendUrgently({ ...shorter, bot: 'ann' }, parts),
};

interface UrgentOptions {
  /** Notifications of 1,000 that the bot `bulk` has waiting. */
  readonly backlog: number;
  /** How long the bulk run is watched alone, before and after. */
  readonly soloMs: number;
  readonly urgentMs: number;
  /** Who sends what is urgent. */
  readonly bot: 'ann' | 'bulk';
  readonly script?: string;
  readonly postgres?: boolean;
}

/** Time from the call until the provider has it, and what that costs the big run. */
export async function sendUrgently(options: UrgentOptions, { random }: FaultParts): Promise<Finding> {
  const stage = await openHookStage({ bots: ['ann', 'bulk'] });
  const postgres = options.postgres ? await startPostgres() : null;
  try {
    const database = (await postgres?.createDatabase()) ?? `sqlite:${join(stage.folder, 'beckon.db')}`;
    const lane = options.script === undefined ? 'normal' : 'bulk';
    await fillBacklog(database, { bot: 'bulk', lane, notifications: options.backlog });
    const server = await stage.start(['--database', database, '--log-level', 'warn'], options.script);
    await stage.sandbox.until(() => stage.sandbox.ledger.total() >= 1_000);
    const before = await rateDuring(stage, delay(options.soloMs));
    const sent: Urgent[] = [];
    const beside = await rateDuring(stage, sendEverySecond({ ...options, stage, url: server.url, sent, random }));
    const after = await rateDuring(stage, delay(options.soloMs));
    const waits = sent.map(({ text, at }) => arrivalOf(stage, text) - at);
    const [p50, p99] = [percentile(waits, 0.5), percentile(waits, 0.99)];
    const share = beside / ((before + after) / 2);
    const ranDry = stage.sandbox.ledger.total('hooks') >= options.backlog * 1_000;
    return {
      figure: `${sent.length} urgent: p50 ${Math.round(p50)} ms, p99 ${Math.round(p99)} ms; bulk ${Math.round(before)}/s alone, ${Math.round(beside)}/s beside (${Math.round(share * 100)} %), ${Math.round(after)}/s after${ranDry ? '; the run was over too soon' : ''}`,
      bar: 'p50 ≤ 100 ms, p99 ≤ 1 s, bulk ≥ 70 %',
      ok: p50 <= 100 && p99 <= 1_000 && share >= 0.7 && !ranDry,
    };
  } finally {
    await stage.close();
    await postgres?.stop();
  }
}

interface Urgent {
  readonly text: string;
  /** When the call was made, epoch ms as the ledger's. */
  readonly at: number;
}

interface SendParts extends Pick<UrgentOptions, 'urgentMs' | 'bot'> {
  readonly stage: HookStage;
  readonly url: string;
  readonly sent: Urgent[];
  readonly random: Random;
}

async function sendEverySecond({ stage, url, sent, random, bot, urgentMs }: SendParts): Promise<void> {
  for (let second = 0; second * 1_000 < urgentMs; second += 1) {
    const startedAt = performance.now();
    await delay(between(random, 0, 200));
    const text = `urgent ${second}`;
    const at = Date.now();
    const { id, status, error } = await stage.send(url, { bot, text, people: 1 });
    if (id === null) throw new Error(`an urgent message was not accepted: ${status ?? error}`);
    sent.push({ text, at });
    await delay(Math.max(0, 1_000 - (performance.now() - startedAt)));
  }
}

/** Deliveries a second while something lasts. */
async function rateDuring({ sandbox }: HookStage, something: Promise<unknown>): Promise<number> {
  const [before, startedAt] = [sandbox.ledger.total('hooks'), performance.now()];
  await something;
  return (1_000 * (sandbox.ledger.total('hooks') - before)) / (performance.now() - startedAt);
}

/** What has not come yet comes at the end of all time. */
function arrivalOf({ sandbox }: HookStage, text: string): number {
  return (
    sandbox.ledger.entries({ limit: Number.MAX_SAFE_INTEGER }).find((entry) => entry.text === text)?.at ??
    Number.POSITIVE_INFINITY
  );
}
