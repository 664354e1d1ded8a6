import { setTimeout as pause } from 'node:timers/promises';
import type { BatchProgress, HeldBatch, Store } from '../../src/store/port.ts';
import { serveBroken } from './broken-server.ts';
import { LEAPS } from './leap.ts';
import { leapingClock } from './leaping-clock.ts';

/** Just under one: every wait for the next attempt is as long as it may be, so that attempts last for a run of any length. */
const MOST = 1 - Number.EPSILON;

/** What waits for its time, such as the end of an outage's hold, is walked there. */
const STEP_MS = 1_000;

/**
 * A server whose time leaps ahead when it is told so, but not under anybody's feet: a batch that is held then would lose
 * its lease, and a call its deadline, and either would count as an attempt. So from then on nothing more is claimed, and
 * it leaps when what was claimed has come to its end.
 */
export async function serveTravelling(change: (store: Store) => Store): Promise<void> {
  const clock = leapingClock(clockFile());
  const leased = new Set<string>();
  let [underWay, isLeaping] = [0, false];
  const during = async <T>(call: Promise<T>): Promise<T> => {
    underWay += 1;
    return call.finally(() => {
      underWay -= 1;
    });
  };
  const watch = (store: Store): Store => ({
    ...store,
    now: () => during(store.now()),
    listQueues: (request) => during(store.listQueues(request)),
    extendLeases: (request) => during(store.extendLeases(request)),
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
  const { engine } = await serveBroken((store) => watch(change(store)), { clock, random: () => MOST });
  const leap = async (leapMs: number) => {
    isLeaping = true;
    while (underWay > 0 || leased.size > 0) {
      const { inFlight, unrecorded } = engine.snapshot();
      if (underWay + inFlight + unrecorded === 0) clock.leap(STEP_MS);
      await pause(1);
    }
    isLeaping = false;
    clock.leap(leapMs);
    console.log('time has passed');
  };
  let turn = Promise.resolve();
  for (const [signal, leapMs] of Object.entries(LEAPS)) {
    process.on(signal, () => {
      turn = turn.then(() => leap(leapMs));
    });
  }
}

const keyOf = ({ notificationId, batchNo }: HeldBatch): string => `${notificationId}/${batchNo}`;
const isOver = ({ remainder }: BatchProgress): boolean => remainder !== null;

function clockFile(): string {
  const [config = '', database = ''] = ['--config', '--database'].map(
    (flag) => process.argv[process.argv.indexOf(flag) + 1],
  );
  return `${config}.${database.replace(/\W/g, '-')}.clock`;
}
