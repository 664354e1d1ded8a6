import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Meter } from '../model/meter.ts';
import { BATCH_SIZE, type Lane } from '../model/notification.ts';
import { StoreUnavailable } from '../store/port/errors.ts';
import type { BatchProgress, HeldBatch } from '../store/port/work.ts';
import type { Store } from '../store/port.ts';
import { Knowledge } from './knowledge.ts';
import type { Moments } from './moments.ts';
import { LANE_SHARES } from './ranks.ts';
import { isTriedSuspect } from './suspects.ts';
import type { Work } from './work.ts';

/**
 * A checkpoint is due after this many outcomes or this long, whichever is first. Not fewer than a batch has: one that comes
 * back whole, as when it is paused, is then one checkpoint.
 */
const FLUSH_COUNT = BATCH_SIZE;
const FLUSH_MS = 50;
/** Where nothing else is about to end: long enough for what ends in the same moment. */
const HURRIED_FLUSH_MS = 5;
/** With this many outcomes not yet durable no send may start. */
const MAX_UNRECORDED = 240;
/**
 * Where a checkpoint takes longer than this, sends fill up all there is long before it is over. Then there is room for
 * more, and the next one waits for all of it: each would carry what came during the one before, half of what it could.
 */
const FAR_MS = 100;
const FAR_MAX_UNRECORDED = 560;
const FAR_FLUSH_COUNT = FAR_MAX_UNRECORDED * LANE_SHARES.bulk;
const FAR_FLUSH_MS = 400;
const RETRY_MS = 250;

export interface RecorderParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly moments: Moments;
  readonly meter: Meter;
  /** The batch is over for this process: recorded whole, or lost. */
  readonly onEnded: (work: Work) => void;
  /** Room again for who had none. */
  readonly onRoom: () => void;
}

/**
 * Makes outcomes durable: one checkpoint at a time, each for everything that finished since the last. While the
 * database is away it keeps what it has, lets nothing new start, and asks again; the fence decides what still counts.
 */
export class Recorder {
  readonly #parts: RecorderParts;
  readonly #dirty = new Set<Work>();
  readonly #knowledge: Knowledge;
  #unrecorded = 0;
  /** How long the last checkpoint took. */
  #tookMs = 0;
  #cancelTimer: (() => void) | null = null;
  #flushing: Promise<void> | null = null;
  #isHurried = false;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    this.#knowledge = new Knowledge(parts);
  }

  /** What was learnt of addresses; saved with the checkpoint it was learnt before. */
  get knowledge(): Knowledge {
    return this.#knowledge;
  }

  isFullFor(lane: Lane): boolean {
    return this.#unrecorded >= (this.#isFar ? FAR_MAX_UNRECORDED : MAX_UNRECORDED) * LANE_SHARES[lane];
  }

  get #isFar(): boolean {
    return this.#tookMs >= FAR_MS;
  }

  get unrecorded(): number {
    return this.#unrecorded;
  }

  /** A recipient of `work` has reached a conclusion. */
  note(work: Work): void {
    this.#dirty.add(work);
    this.#unrecorded += 1;
    if (isTriedSuspect(work)) this.#startFlush();
    else this.#flushWhenDue();
  }

  /** Nothing else is about to end, for which what has ended would wait. */
  hurry(): void {
    if (this.#dirty.size === 0) return;
    this.#isHurried = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#flushing === null) this.#flushWhenDue();
  }

  /** Resolves when everything noted so far is durable or lost. */
  async flush(): Promise<void> {
    while (this.#dirty.size > 0 || this.#flushing !== null) {
      this.#startFlush();
      await this.#flushing;
    }
  }

  #flushWhenDue(): void {
    const isFar = this.#isFar;
    const nearMs = this.#isHurried ? HURRIED_FLUSH_MS : FLUSH_MS;
    const waitMs = isFar ? Math.min(this.#tookMs / 2, FAR_FLUSH_MS) : nearMs;
    if (this.#unrecorded >= (isFar ? FAR_FLUSH_COUNT : FLUSH_COUNT)) this.#startFlush();
    else this.#cancelTimer ??= this.#parts.clock.after(waitMs, () => this.#startFlush());
  }

  #startFlush(): void {
    // Before anything else: a timer that found a flush under way has done its turn, and the end of that flush sets another.
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#flushing !== null || this.#dirty.size === 0) return;
    this.#isHurried = false;
    this.#flushing = this.#flushOnce().finally(() => {
      this.#flushing = null;
      if (this.#dirty.size > 0) this.#flushWhenDue();
    });
  }

  async #flushOnce(): Promise<void> {
    const works = [...this.#dirty];
    this.#dirty.clear();
    const [counted, startedAt] = [this.#unrecorded, this.#parts.clock.monotonic()];
    const now = this.#parts.clock.now();
    const progress = works.map((work) => progressOf(work, now));
    const knowledge = this.#knowledge.save();
    const lost = await this.#checkpoint(progress);
    await knowledge;
    // Before it is known how far the database is: who found no room was told so by what was thought of it until now.
    const wasFull = this.isFullFor('bulk');
    this.#tookMs = this.#parts.clock.monotonic() - startedAt;
    for (const [index, work] of works.entries()) this.#settle(work, progress[index], lost);
    this.#unrecorded -= counted;
    this.#parts.moments.emit('checkpointed', counted);
    if (wasFull) this.#parts.onRoom();
  }

  #settle(work: Work, progress: BatchProgress | undefined, lost: ReadonlySet<object>): void {
    if (progress === undefined) return;
    if (lost.has(progress.batch)) {
      work.lost = true;
      this.#parts.logger.warn('lease lost', {
        botId: work.batch.botId,
        notificationId: work.batch.notificationId,
        batchNo: work.batch.batchNo,
        fence: work.batch.token,
      });
      this.#parts.moments.emit('leaseLost', 1);
      this.#parts.meter.leasesLost(1);
    } else if (progress.logs.length > 0) this.#parts.meter.ended(work.notification, progress.logs);
    if (work.lost || progress.remainder !== null) this.#parts.onEnded(work);
  }

  /** The batches that turned out to be somebody else's. Keeps at it while the database is away. */
  async #checkpoint(batches: readonly BatchProgress[]): Promise<Set<object>> {
    for (let again = false; ; again = true) {
      try {
        return asSet((await this.#parts.store.checkpoint({ batches, again })).lost, batches);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) return this.#checkpointApart(batches, error);
        this.#parts.logger.warn('checkpoint delayed', { error, count: batches.length });
        // The first may have met no more than a connection that broke, and the next is sound.
        if (again) await new Promise<void>((resolve) => this.#parts.clock.after(RETRY_MS, resolve));
      }
    }
  }

  /** One batch's fault must not hold up the others: each alone, and whoever fails is dropped for the next owner. */
  async #checkpointApart(batches: readonly BatchProgress[], cause: unknown): Promise<Set<object>> {
    this.#parts.logger.error('checkpoint refused', { error: cause, count: batches.length });
    if (batches.length === 1) return new Set(batches.map((progress) => progress.batch));
    const lost = await Promise.all(batches.map((progress) => this.#checkpoint([progress])));
    return new Set(lost.flatMap((set) => [...set]));
  }
}

const progressOf = (work: Work, now: number): BatchProgress => ({
  batch: work.batch,
  logs: work.takeLogs(),
  kept: work.takeKept(),
  remainder: work.remainder(now),
});

/** The same objects we asked about, whatever copies the store answered with. */
function asSet(lost: readonly HeldBatch[], batches: readonly BatchProgress[]) {
  const keys = new Set(lost.map(keyOf));
  return new Set<object>(batches.map((progress) => progress.batch).filter((batch) => keys.has(keyOf(batch))));
}

/** With the token: this process may have lost a batch and hold it again. */
const keyOf = (batch: HeldBatch): string => `${batch.notificationId}/${batch.batchNo}/${batch.token}`;
