import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Random } from '../../src/model/clock.ts';
import { delay } from '../support/delay.ts';
import { type Backlog, fillBacklog } from '../support/hook-backlog.ts';
import { type HookStage, openHookStage } from '../support/hook-stage.ts';
import { percentile } from '../support/percentile.ts';
import { startPostgres } from '../support/postgres.ts';
import { between } from '../support/seed.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

/*
 * Through the Kore API as it is: the run is what it makes of many recipients, the message what it makes of one.
 */
const RUN: Backlog = { bot: 'bulk', lane: 'bulk', notifications: 1_000 };
const long = { backlog: RUN, soloMs: 10_000, urgentMs: 40_000 };
const control = { backlog: { ...RUN, notifications: 200 }, soloMs: 1_000, urgentMs: 8_000 };

/** Serves whoever came first. */
const FIFO = fileURLToPath(new URL('../support/fifo-server.ts', import.meta.url));

export const urgentBesideBulk: Fault = {
  id: 'F26',
  title: "a message a second beside another bot's million, SQLite",
  isTimed: true,
  run: (parts) => sendUrgently({ ...long, bot: 'ann' }, parts),
  control: (parts) => sendUrgently({ ...control, bot: 'ann', script: FIFO }, parts),
};

export const urgentOnOneConnection: Fault = {
  id: 'F26',
  title: 'a message a second on the connection of a million, SQLite',
  isTimed: true,
  run: (parts) => sendUrgently({ ...long, bot: 'bulk' }, parts),
  // A million in notifications as small as the message is, and so in one queue with it.
  control: (parts) => {
    const backlog: Backlog = { bot: 'bulk', lane: 'normal', notifications: 2_000, people: 100 };
    return sendUrgently({ ...control, bot: 'bulk', backlog }, parts);
  },
};

export const urgentOnPostgres: Fault = {
  id: 'F26',
  title: "a message a second beside another bot's million, PostgreSQL",
  isTimed: true,
  run: (parts) => sendUrgently({ ...long, bot: 'ann', postgres: true }, parts),
};

export const urgentOnOnePostgresConnection: Fault = {
  id: 'F26',
  title: 'a message a second on the connection of a million, PostgreSQL',
  isTimed: true,
  run: (parts) => sendUrgently({ ...long, bot: 'bulk', postgres: true }, parts),
};

export const bulkBesideUrgent: Fault = {
  id: 'F26',
  title: 'a run on the connection of a flood of urgent messages',
  isTimed: true,
  run: () => floodUrgently({ counted: 100_000 }),
  control: () => floodUrgently({ counted: 10_000, isRuthless: true }),
};

interface UrgentOptions {
  readonly backlog: Backlog;
  /** How long the run is watched alone, before and after. */
  readonly soloMs: number;
  readonly urgentMs: number;
  /** Who sends what is urgent. */
  readonly bot: 'ann' | 'bulk';
  readonly script?: string;
  readonly postgres?: boolean;
}

/** Time from the call until the provider has it, and what that costs the run. */
async function sendUrgently(options: UrgentOptions, { random }: FaultParts): Promise<Finding> {
  const { backlog, postgres: isPostgres = false } = options;
  const { stage, start, close } = await openBacklogStage([backlog], isPostgres);
  try {
    const server = await start(options.script);
    await stage.sandbox.until(() => stage.sandbox.ledger.total() >= 1_000);
    const before = await rateDuring(stage, delay(options.soloMs));
    const sent: Urgent[] = [];
    const beside = await rateDuring(stage, sendEverySecond({ ...options, stage, url: server.url, sent, random }));
    const after = await rateDuring(stage, delay(options.soloMs));
    const arrivals = arrivalsIn(stage);
    const waits = sent.map(({ text, at }) => (arrivals.get(text) ?? Number.POSITIVE_INFINITY) - at);
    const [p50, p99, most] = [percentile(waits, 0.5), percentile(waits, 0.99), Math.max(...waits)];
    const share = beside / ((before + after) / 2);
    const ranDry = stage.sandbox.ledger.total('hooks') >= backlog.notifications * (backlog.people ?? 1_000);
    return {
      figure: `${sent.length} messages: p50 ${Math.round(p50)} ms, p99 ${Math.round(p99)} ms, at most ${Math.round(most)} ms; the run ${Math.round(before)}/s alone, ${Math.round(beside)}/s beside (${Math.round(share * 100)} %), ${Math.round(after)}/s after${ranDry ? '; it was over too soon' : ''}`,
      bar: 'p50 ≤ 100 ms, p99 ≤ 1 s, at most 3 s, the run ≥ 70 %',
      ok: p50 <= 100 && p99 <= 1_000 && most <= 3_000 && share >= 0.7 && !ranDry,
    };
  } finally {
    await close();
  }
}

/** What goes out before the message that comes last: counted, so that a slow machine judges as a fast one does. */
export async function overtakeRun({ isFifo = false } = {}): Promise<Finding> {
  const { stage, start, close } = await openBacklogStage([{ ...RUN, notifications: 5 }]);
  try {
    const server = await start(isFifo ? FIFO : undefined);
    const { ledger } = stage.sandbox;
    await stage.sandbox.until(() => ledger.total() >= 200);
    const { id } = await stage.send(server.url, { bot: 'bulk', text: 'urgent', people: 1 });
    if (id === null) throw new Error('the message was not accepted');
    const before = ledger.total();
    const waited = 5_000 - before;
    let place = 0;
    await stage.sandbox.until(() => {
      const fresh = ledger.entries({ after: place });
      place = fresh.find(({ text }) => text === 'urgent')?.seq ?? place + fresh.length;
      return fresh.some(({ text }) => text === 'urgent');
    });
    return {
      figure: `${Math.max(0, place - before)} of the ${waited} who waited before it were sent theirs first`,
      bar: 'at most half of them',
      ok: place - before <= waited / 2,
    };
  } finally {
    await close();
  }
}

interface FloodOptions {
  /** So many deliveries are looked at. */
  readonly counted: number;
  readonly isRuthless?: boolean;
}

const RUTHLESS = fileURLToPath(new URL('../support/ruthless-server.ts', import.meta.url));

/** What a run still has of a connection whose urgent messages would fill it twice over. */
export async function floodUrgently({ counted, isRuthless = false }: FloodOptions): Promise<Finding> {
  const notifications = (counted * 2) / 1_000;
  const backlogs = [
    { bot: 'bulk', lane: 'bulk', notifications },
    { bot: 'bulk', lane: 'urgent', notifications },
  ] as const;
  const { stage, start, close } = await openBacklogStage(backlogs);
  try {
    await start(isRuthless ? RUTHLESS : undefined);
    await stage.sandbox.until(() => stage.sandbox.ledger.total() >= counted);
    const entries = stage.sandbox.ledger.entries({ limit: counted });
    const share = entries.filter(({ text }) => text?.startsWith('backlog bulk') === true).length / counted;
    return {
      figure: `${(share * 100).toFixed(1)} % of ${counted} deliveries are the run's`,
      bar: '8 to 15 %',
      ok: share >= 0.08 && share <= 0.15,
    };
  } finally {
    await close();
  }
}

async function openBacklogStage(backlogs: readonly Backlog[], isPostgres = false) {
  const stage = await openHookStage({ bots: ['ann', 'bulk'] });
  const postgres = isPostgres ? await startPostgres() : null;
  const database = (await postgres?.createDatabase()) ?? `sqlite:${join(stage.folder, 'beckon.db')}`;
  for (const backlog of backlogs) await fillBacklog(database, backlog);
  return {
    stage,
    start: (script?: string) => stage.start(['--database', database, '--log-level', 'warn'], script),
    close: async () => {
      await stage.close();
      await postgres?.stop();
    },
  };
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

/** When each of the messages came, in one pass: there are a million beside them. */
function arrivalsIn({ sandbox }: HookStage): Map<string, number> {
  const arrivals = new Map<string, number>();
  for (const { text, at } of sandbox.ledger.entries()) if (text?.startsWith('urgent') === true) arrivals.set(text, at);
  return arrivals;
}
