import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import { StoreUnavailable } from '../store/port/errors.ts';
import type { Store } from '../store/port.ts';
import { repeat } from './repeat.ts';

interface TimeParts {
  readonly store: Pick<Store, 'kind' | 'now'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Timekeeping {
  /** What is written into the store, and judged by what is written there, is dated by this one. */
  readonly clock: Clock;
  stop(): void;
}

/**
 * Several servers on one database go by its clock: a server whose own is wrong would date what it accepts so that the
 * others find it expired, or find expired what the others accepted. Where there is one server, its own will do.
 */
export async function keepTime(parts: TimeParts): Promise<Timekeeping> {
  const stopWatching = watchSteps(parts);
  if (parts.store.kind === 'sqlite') return { clock: parts.clock, stop: stopWatching };
  const followed = await followStore(parts).catch((error: unknown) => {
    stopWatching();
    throw error;
  });
  return {
    clock: followed.clock,
    stop() {
      stopWatching();
      followed.stop();
    },
  };
}

/** Leases do not go by it, but tokens, signatures and what people read may: somebody may be looking for the reason. */
function watchSteps({ clock, logger }: TimeParts): () => void {
  let before = aheadOf(clock);
  const look = async () => {
    const now = aheadOf(clock);
    const stepMs = now - before;
    before = now;
    if (Math.abs(stepMs) <= TOLERATED_MS) return;
    const by = `by ${Math.round(Math.abs(stepMs) / 1_000)} s`;
    const detail = stepMs < 0 ? `set back ${by}` : `set forward ${by}, or the machine was asleep for so long`;
    logger.warn('clock stepped', { detail });
  };
  return repeat({ clock, everyMs: LOOK_EVERY_MS, task: look, onError: () => {} });
}

/** How far wall time is ahead of the time that nobody can set. */
const aheadOf = (clock: Clock): number => clock.now() - clock.monotonic();

async function followStore({ store, clock, logger }: TimeParts): Promise<Timekeeping> {
  let told = 0;
  const measure = async () => {
    const askedAt = clock.monotonic();
    const now = await store.now();
    const answeredAt = clock.monotonic();
    const skewMs = clock.now() - now;
    if (Math.abs(skewMs - told) > TOLERATED_MS) {
      told = skewMs;
      const by = `${Math.round(Math.abs(skewMs) / 1_000)} s ${skewMs < 0 ? 'behind' : 'ahead'}`;
      logger.warn('clock differs from the database', { detail: `${by}: the clock of the database is used` });
    }
    return now - (askedAt + answeredAt) / 2;
  };
  let ahead = await measure();
  const stop = repeat({
    clock,
    everyMs: MEASURE_EVERY_MS,
    task: async () => {
      ahead = await measure();
    },
    onError: (error) => {
      // Whoever needs it says that it is away; time goes on as it did.
      if (!(error instanceof StoreUnavailable)) logger.error('reading the clock of the database failed', { error });
    },
  });
  const followed: Clock = {
    now: () => Math.round(clock.monotonic() + ahead),
    monotonic: () => clock.monotonic(),
    after: (delayMs, task) => clock.after(delayMs, task),
  };
  return { clock: followed, stop };
}

/** Differences up to this are nobody's business. */
const TOLERATED_MS = 5_000;
const LOOK_EVERY_MS = 1_000;
const MEASURE_EVERY_MS = 5_000;
