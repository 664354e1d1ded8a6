import { setTimeout as pause } from 'node:timers/promises';
import type { RunningServer } from '../../src/serve.ts';
import type { BatchProgress, HeldBatch } from '../../src/store/port/work.ts';
import type { Store } from '../../src/store/port.ts';
import { serveBroken } from './broken-server.ts';
import { LEAPS } from './leap.ts';
import { leapingClock } from './leaping-clock.ts';

/** Just under one: every wait for the next attempt is as long as it may be, so that attempts last for a run of any length. */
const MOST = 1 - Number.EPSILON;

/** What is claimed by then comes to its end, or never does. */
const PATIENCE_MS = 40_000;

/** What waits for its time, such as the end of an outage's hold or the next look at what is due, is walked there. */
const STEP_MS = 1_000;

/**
 * A server whose time leaps ahead when it is told so, but not under anybody's feet: a batch that is held then would lose
 * its lease, and a call its deadline, and either would count as an attempt. So from then on nothing more is claimed, and
 * it leaps when what was claimed has come to its end. Over PostgreSQL nothing is claimed until that has leapt as well and
 * this server has read its clock: what is put off in between, by the old time, would be put off from the new one on. Its
 * own clock is a step ahead then and falls back when it reads that of the database again, as real ones do by a little.
 */
export async function serveTravelling(change: (store: Store) => Store): Promise<void> {
  const clock = leapingClock(clockFile());
  const leased = new Set<string>();
  let [underWay, isLeaping, followsStore] = [0, false, false];
  const during = async <T>(call: Promise<T>): Promise<T> => {
    underWay += 1;
    return call.finally(() => {
      underWay -= 1;
    });
  };
  const watch = (store: Store): Store => {
    followsStore = store.kind === 'postgres';
    return { ...watchCalls(store, during), ...watchLeases(store) };
  };
  const watchLeases = (store: Store): Pick<Store, 'claimDue' | 'checkpoint'> => ({
    claimDue: async (request) => {
      if (isLeaping) return [];
      const batches = await during(store.claimDue(request));
      for (const batch of batches) leased.add(keyOf(batch));
      return batches;
    },
    checkpoint: async (request) => {
      const answer = await during(store.checkpoint(request));
      for (const { batch } of request.batches.filter(isOver)) leased.delete(keyOf(batch));
      return answer;
    },
  });
  const leap = async ({ engine }: RunningServer, which: keyof typeof LEAPS) => {
    isLeaping = true;
    const endsAt = performance.now() + PATIENCE_MS;
    while (underWay > 0 || leased.size > 0) {
      if (performance.now() > endsAt) {
        throw new Error(
          `time cannot pass: ${underWay} calls under way, held ${[...leased]}, ${JSON.stringify(engine.snapshot())}`,
        );
      }
      const { inFlight, unrecorded } = engine.snapshot();
      if (underWay + inFlight + unrecorded === 0) clock.leap(STEP_MS);
      await pause(1);
    }
    clock.leap(LEAPS[which]);
    if (!followsStore) isLeaping = false;
    else if (which === 'SIGWINCH') {
      while (underWay > 0) await pause(1);
      isLeaping = false;
      clock.leap(STEP_MS);
    }
    console.log('time has passed');
  };
  // Heard from the first moment on: the line that says where it listens may be answered with one, which would end it.
  const running = Promise.withResolvers<RunningServer>();
  let turn = Promise.resolve();
  for (const signal of ['SIGUSR2', 'SIGHUP', 'SIGWINCH'] as const) {
    process.on(signal, () => {
      turn = turn.then(async () => leap(await running.promise, signal));
    });
  }
  running.resolve(await serveBroken((store) => watch(change(store)), { clock, random: () => MOST }));
}

/** Time stands still while the store is asked anything: what was claimed is looked up before anybody keeps its lease. */
function watchCalls(store: Store, during: <T>(call: Promise<T>) => Promise<T>): Store {
  const watched = Object.entries(store).map(([name, verb]) => {
    if (typeof verb !== 'function') return [name, verb];
    const ask = (...args: unknown[]) => {
      const answer: unknown = Reflect.apply(verb, store, args);
      return answer instanceof Promise ? during(answer) : answer;
    };
    return [name, ask];
  });
  return Object.fromEntries(watched);
}

const keyOf = ({ notificationId, batchNo }: HeldBatch): string => `${notificationId}/${batchNo}`;
const isOver = ({ remainder }: BatchProgress): boolean => remainder !== null;

function clockFile(): string {
  const [config = '', database = ''] = ['--config', '--database'].map(
    (flag) => process.argv[process.argv.indexOf(flag) + 1],
  );
  return `${config}.${database.replace(/\W/g, '-')}.clock`;
}
