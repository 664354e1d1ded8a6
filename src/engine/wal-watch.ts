import type { Clock } from '../model/clock.ts';
import type { JsonObject } from '../model/json.ts';
import type { Logger } from '../model/logger.ts';
import { StoreFull, StoreUnavailable } from '../store/port/errors.ts';
import type { WalState } from '../store/port/upkeep.ts';
import type { Store } from '../store/port.ts';
import { repeat } from './repeat.ts';

interface WatchParts {
  readonly store: Pick<Store, 'kind' | 'tidyWal'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** What the log may grow to, as far as that is in anybody's hands. */
  readonly maxBytes: number;
}

export interface WalWatch {
  /** The store as it is to those who bring new work: it rejects with `StoreFull` while it has no room for any. */
  guard(store: Store): Store;
  /** Null: there is no such log. */
  describe(): JsonObject | null;
  stop(): void;
}

/**
 * A program that reads in a SQLite file and does not end keeps its log from being emptied, and nobody can end a read of
 * another process. What was accepted is promised, and delivering it has to write; so what is refused is new work, whose
 * callers still have it: a disk that fills up instead would stop the deliveries too.
 */
export function watchWal(parts: WatchParts): WalWatch {
  const { store, clock, logger, maxBytes } = parts;
  if (store.kind === 'postgres') return NOTHING_TO_WATCH;
  let wal: WalState | null = null;
  let told: Told | null = null;

  const look = async () => {
    wal = await store.tidyWal({ fromBytes: maxBytes * HELD_FROM });
    if (wal === null) return;
    const isFull = isFullOf(wal);
    if (wal.heldBy === null) {
      if (told !== null) logger.info('write-ahead log freed', { detail: `${toMb(wal.bytes)} MB long` });
      told = null;
    } else if (told === null || told.isFull !== isFull || clock.monotonic() - told.at >= TELL_EVERY_MS) {
      told = { at: clock.monotonic(), isFull };
      logger.warn(isFull ? 'new notifications refused' : 'write-ahead log held', { detail: explain(wal) });
    }
  };
  const isFullOf = ({ bytes, heldBy }: WalState) => heldBy !== null && bytes >= maxBytes * FULL_FROM;

  function refuseWhenFull(): void {
    if (wal !== null && isFullOf(wal)) throw new StoreFull(REFUSAL);
  }

  const stop = repeat({
    clock,
    everyMs: LOOK_EVERY_MS,
    task: look,
    onError: (error) => {
      // Whoever needs it says that it is away.
      if (!(error instanceof StoreUnavailable)) logger.error('looking at the write-ahead log failed', { error });
    },
  });
  return {
    guard: (whole) => ({
      ...whole,
      accept: async (request) => {
        refuseWhenFull();
        return whole.accept(request);
      },
      upsertPeople: async (request) => {
        refuseWhenFull();
        return whole.upsertPeople(request);
      },
    }),
    describe: () => wal && { bytes: wal.bytes, heldBy: wal.heldBy && [...wal.heldBy], isFull: isFullOf(wal) },
    stop,
  };
}

const LOOK_EVERY_MS = 250;
const TELL_EVERY_MS = 60_000;
/** Shares of what it may grow to. The last quarter is left to what was accepted before. */
const HELD_FROM = 1 / 4;
const FULL_FROM = 3 / 4;

interface Told {
  readonly at: number;
  readonly isFull: boolean;
}

/** Callers are not told which program it is: that is the business of whoever looks after the server. */
const REFUSAL =
  'another program reads in the database and keeps its log growing, so nothing new is taken until it ends; ' +
  'what was accepted is delivered';

function explain({ bytes, heldBy }: WalState): string {
  const who = heldBy === null || heldBy.length === 0 ? 'a program that cannot be seen from here' : heldBy.join(', ');
  return `${toMb(bytes)} MB long, because of a read that does not end in ${who}: end that program`;
}

const toMb = (bytes: number): number => Math.round(bytes / (1024 * 1024));

const NOTHING_TO_WATCH: WalWatch = { guard: (store) => store, describe: () => null, stop() {} };
