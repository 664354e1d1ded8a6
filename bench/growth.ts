import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../src/model/clock.ts';
import { connectionId } from '../src/model/ids.ts';
import { sizeOf } from '../src/model/lane.ts';
import { allDelivered } from '../src/store/exam-samples.ts';
import { openStore } from '../src/store/open.ts';
import type { Queue } from '../src/store/port/work.ts';
import type { Store } from '../src/store/port.ts';
import type { BeckonProcess } from '../test/support/beckon.ts';
import { residentMb } from '../test/support/resident-memory.ts';
import { type Figure, median, type Suite, type SuiteOptions } from './figures.ts';
import { cpuMs, peakMb } from './processes.ts';
import { BOTS, fillBacklog, openStage, PEOPLE, type Stage } from './stage.ts';

/**
 * S6: what a delivery costs the server's processor while ever more recipients wait, and beside ever more old logs.
 * S7: its memory meanwhile and at rest, and how soon it is ready with a full queue. SQLite.
 */
export const growth: Suite = { ids: ['S6', 'S7'], run };

/** Deliveries measured, while as many new ones are accepted as are made. */
const MEASURED = 20;
const SIZES = { quick: [1, 10, 100], normal: [1, 10, 100, 1_000], full: [1, 10, 100, 1_000] } as const;
const OLD = { quick: 50, normal: 1_000, full: 10_000 } as const;

interface Look {
  readonly cpuMicros: number;
  readonly peakMb: number;
  readonly readyMs: number;
}

async function run({ rounds, size, say }: SuiteOptions): Promise<Figure[]> {
  const stage = await openStage();
  try {
    const idle: number[] = [];
    const looks = new Map<string, Look[]>();
    // Filling a queue takes longer than emptying a part of it; beyond three rounds the sizes say the same again.
    for (let round = 1; round <= Math.min(rounds, 3); round += 1) {
      idle.push(await lookIdle(stage, join(stage.folder, `idle-${round}.db`)));
      for (const waiting of SIZES[size]) {
        const look = await lookAt(stage, join(stage.folder, 'waiting.db'), (url) => fillBacklog(url, waiting));
        keep(looks, nameOf(waiting), look, say);
      }
      const old = await lookAt(stage, join(stage.folder, 'old.db'), async (url) => {
        await fillHistory(url, OLD[size]);
        await fillBacklog(url, 1, OLD[size]);
      });
      keep(looks, OLD_LOGS, old, say);
    }
    return figuresOf(looks, idle, nameOf(Math.max(...SIZES[size])));
  } finally {
    await stage.close();
  }
}

const OLD_LOGS = 'beside old logs';
const nameOf = (waiting: number): string => `${(waiting * PEOPLE).toLocaleString('en')} waiting`;

function keep(looks: Map<string, Look[]>, name: string, look: Look, say: SuiteOptions['say']): void {
  looks.set(name, [...(looks.get(name) ?? []), look]);
  say(
    `S6 ${name}: ${look.cpuMicros.toFixed(0)} µs a delivery, peak ${look.peakMb.toFixed(0)} MB, ready in ${look.readyMs.toFixed(0)} ms`,
  );
}

function figuresOf(looks: ReadonlyMap<string, readonly Look[]>, idle: readonly number[], largest: string): Figure[] {
  const base = median([...looks.values()][0]?.map((look) => look.cpuMicros) ?? []);
  const costs = [...looks].flatMap(([name, of]): Figure[] => {
    const micros = of.map((look) => look.cpuMicros);
    const bar = { most: 1.15 };
    return [
      { id: 'S6', what: `processor a delivery, ${name}`, unit: 'µs', values: micros, bar: null },
      { id: 'S6', what: `to the least waiting, ${name}`, unit: '×', values: micros.map((each) => each / base), bar },
    ];
  });
  const most = looks.get(largest) ?? [];
  return [
    ...costs,
    {
      id: 'S7',
      what: `peak memory, ${largest}`,
      unit: 'MB',
      values: most.map((look) => look.peakMb),
      bar: { most: 300 },
    },
    { id: 'S7', what: 'memory at rest', unit: 'MB', values: idle, bar: { most: 110 } },
    {
      id: 'S7',
      what: `start to ready, ${largest}`,
      unit: 'ms',
      values: most.map((look) => look.readyMs),
      bar: { most: 1_000 },
    },
  ];
}

/** Delivers from a filled database while accepting as much as it delivers, so that as many go on waiting. */
async function lookAt(stage: Stage, file: string, fill: (url: string) => Promise<void>): Promise<Look> {
  const url = `sqlite:${file}`;
  await stage.prepare(url);
  await fill(url);
  const startedAt = performance.now();
  const server = await stage.start(url, { isPrepared: true });
  const answer = await fetch(`${server.url}/readyz`);
  if (!answer.ok) throw new Error(`/readyz answered ${answer.status}`);
  const readyMs = performance.now() - startedAt;
  try {
    // The first thousand warm it up.
    let delivered = await stage.delivered();
    delivered = await replenish(stage, server, delivered + PEOPLE);
    const before = cpuMs(server.pid);
    const target = delivered + MEASURED * PEOPLE;
    const made = (await replenishUntil(stage, server, delivered, target)) - delivered;
    const cpuMicros = ((cpuMs(server.pid) - before) * 1_000) / made;
    return { cpuMicros, peakMb: peakMb(server.pid), readyMs };
  } finally {
    await server.kill();
    for (const ending of ['', '-wal', '-shm']) await rm(`${file}${ending}`, { force: true });
  }
}

async function replenishUntil(stage: Stage, server: BeckonProcess, from: number, target: number): Promise<number> {
  let delivered = from;
  while (delivered < target) delivered = await replenish(stage, server, delivered + PEOPLE);
  return delivered;
}

async function replenish(stage: Stage, server: BeckonProcess, target: number): Promise<number> {
  await stage.notify(server);
  return stage.delivered(target);
}

/** What starting needed is given back after half a second of rest, here by a wide margin. */
const AT_REST_MS = 4_000;

async function lookIdle(stage: Stage, file: string): Promise<number> {
  const server = await stage.start(`sqlite:${file}`);
  try {
    await new Promise((resolve) => setTimeout(resolve, AT_REST_MS));
    return residentMb(server.pid);
  } finally {
    await server.stop();
  }
}

/** Notifications that were delivered before anybody looked. */
async function fillHistory(url: string, notifications: number): Promise<void> {
  const queue: Queue = {
    lane: 'normal',
    size: sizeOf(PEOPLE),
    botId: BOTS.bulk,
    connectionId: connectionId(BOTS.bulk, 'msteams', null),
  };
  for (let done = 0; done < notifications; done += HISTORY_STEP) {
    await fillBacklog(url, Math.min(HISTORY_STEP, notifications - done), done);
    const store = await openStore(url, { clock: systemClock });
    await emptyQueue(store, queue);
    await store.close();
  }
}

const HISTORY_STEP = 50;

async function emptyQueue(store: Store, queue: Queue): Promise<void> {
  for (;;) {
    const batches = await store.claimDue({ queue, owner: 'history', leaseMs: 60_000, limit: 50 });
    if (batches.length === 0) return;
    await store.checkpoint({ batches: batches.map(allDelivered), again: false });
  }
}
