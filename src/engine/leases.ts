import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { HeldBatch, Store } from '../store/port.ts';
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
  const kept = new Set((await store.extendLeases({ held: asked.map((work) => work.batch), leaseMs })).map(keyOf));
  for (const work of asked) {
    if (kept.has(keyOf(work.batch))) work.leaseEndsAt = leaseEndsAt;
    // A batch that ended while we asked is gone from the store for the best of reasons.
    else if (works.has(work)) {
      work.lost = true;
      onLost(work);
    }
  }
  onRenewed();
}

const keyOf = (batch: HeldBatch): string => `${batch.notificationId}/${batch.batchNo}/${batch.token}`;
