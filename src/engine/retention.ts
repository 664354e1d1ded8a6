import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import { agesOf, isForEver } from '../model/retention.ts';
import type { Tenancy } from '../model/tenancy.ts';
import type { Store } from '../store/port.ts';
import { repeat } from './repeat.ts';

export interface RetentionParts {
  readonly store: Pick<Store, 'enforceRetention'>;
  readonly tenancy: Pick<Tenancy, 'bots' | 'retention'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'error'>;
}

const EVERY_MS = 600_000;
/** A thousand lines of a ledger in one transaction: whoever sends a notification meanwhile waits for milliseconds. */
const ROWS_PER_STEP = 1_000;
/** Of the time, a fifth at the most is given to it: after each step it rests four times as long as that took. */
const REST = 4;

/** Removes what is older than it is to be kept, in small steps with rests between. Answers how to stop it. */
export function keepRetention({ store, tenancy, clock, logger }: RetentionParts): () => void {
  let stopped = false;
  const task = async () => {
    for (const { id: botId } of tenancy.bots()) {
      const ages = agesOf(tenancy.retention(botId));
      if (isForEver(ages)) continue;
      while (!stopped) {
        const startedAt = clock.monotonic();
        if ((await store.enforceRetention({ botId, ages, at: clock.now(), limit: ROWS_PER_STEP })) === 0) break;
        await rest(clock, REST * (clock.monotonic() - startedAt));
      }
    }
  };
  const onError = (error: unknown) => logger.error('removing what is too old failed', { error });
  const stop = repeat({ clock, everyMs: EVERY_MS, task, onError });
  return () => {
    stopped = true;
    stop();
  };
}

const rest = (clock: Clock, ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
