import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import { StoreUnavailable } from '../store/port/errors.ts';
import type { HeldBatch } from '../store/port/work.ts';
import type { Store } from '../store/port.ts';
import { repeat } from './repeat.ts';
import type { Work } from './work.ts';

interface LeaseKeeping {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly leaseMs: number;
  readonly works: ReadonlySet<Work>;
  readonly onRenewed: () => void;
  readonly onLost: (work: Work) => void;
}

/**
 * Renews the lease of every batch in work, four times in its length. A lease counts from before the renewal was asked
 * for, and a batch the store does not confirm is lost: nothing more of it is started. Answers how to stop.
 */
export function keepLeases(keeping: LeaseKeeping): () => void {
  const { clock, leaseMs, logger, works } = keeping;
  return repeat({
    clock,
    everyMs: leaseMs / 4,
    task: () => renew(keeping),
    onError: (error) => logger.warn('leases not renewed', { error, count: works.size }),
  });
}

async function renew({ store, clock, leaseMs, works, onRenewed, onLost }: LeaseKeeping): Promise<void> {
  const asked = [...works].filter((work) => !work.lost);
  if (asked.length === 0) return;
  const leaseEndsAt = clock.monotonic() + leaseMs;
  const held = asked.map((work) => work.batch);
  const kept = new Set((await onceMore(() => store.extendLeases({ held, leaseMs }))).map(keyOf));
  for (const work of asked) {
    if (kept.has(keyOf(work.batch))) work.leaseEndsAt = leaseEndsAt;
    // A batch that ended is gone from the store for the best of reasons, and the answer to its last checkpoint may still
    // be on its way: that one says whether it was lost.
    else if (works.has(work) && work.open > 0) {
      work.lost = true;
      onLost(work);
    }
  }
  onRenewed();
}

/** At once: the first may have met no more than a connection that broke, and to renew twice is to renew once. */
function onceMore<T>(ask: () => Promise<T>): Promise<T> {
  return ask().catch((error: unknown) => {
    if (error instanceof StoreUnavailable) return ask();
    throw error;
  });
}

const keyOf = (batch: HeldBatch): string => `${batch.notificationId}/${batch.batchNo}/${batch.token}`;
