import type { Clock } from '../../../model/clock.ts';
import type { NotificationSummary } from '../../../model/notification.ts';
import type { ReasonTally } from '../../../store/port/notifications.ts';
import type { Store } from '../../../store/port.ts';
import { type ReasonTotals, unreachedOf } from '../reason-totals.ts';
import type { EventStream } from './event-stream.ts';
import { MovingRate } from './moving-rate.ts';
import { toProgress } from './progress.ts';

export interface ProgressWatchParts {
  readonly store: Pick<Store, 'findSummaries'>;
  readonly totals: Pick<ReasonTotals, 'of'>;
  readonly clock: Clock;
  readonly isDraining: () => boolean;
  readonly onError: (error: unknown) => void;
}

const TICK_MS = 500;
/** Counting reasons goes through those who were not reached: so many in a millisecond of pause. */
const UNREACHED_PER_PAUSE_MS = 20;

interface Watched {
  readonly streams: Set<EventStream>;
  readonly rate: MovingRate;
  summary: NotificationSummary;
  reasons: ReasonTally['reasons'];
  /** How many were not reached when they were last counted. */
  counted: number;
  nextCountAt: number;
  isCounting: boolean;
}

/**
 * Everything that is watched through this server is read in one statement a tick, however many watch. Reasons are
 * counted of one notification at a time, and the more there are the more seldom.
 */
export class ProgressWatch {
  readonly #parts: ProgressWatchParts;
  readonly #watched = new Map<string, Watched>();
  #counting: Promise<void> = Promise.resolve();
  #isTicking = false;
  /** The database is away, which was told once. */
  #isFailing = false;

  constructor(parts: ProgressWatchParts) {
    this.#parts = parts;
  }

  /** Shows the stream how far it is until what is answered is called. `summary` was read just now, `reasons` with it. */
  follow(summary: NotificationSummary, reasons: ReasonTally['reasons'], stream: EventStream): () => void {
    const { id } = summary;
    const watched = this.#watched.get(id) ?? this.#begin(summary, reasons);
    watched.streams.add(stream);
    this.#renew(watched, summary);
    return () => {
      watched.streams.delete(stream);
      if (watched.streams.size === 0) this.#watched.delete(id);
    };
  }

  /** Ends all streams. */
  close(): void {
    for (const stream of this.#streams()) stream.end();
  }

  #begin(summary: NotificationSummary, reasons: ReasonTally['reasons']): Watched {
    const watched = {
      streams: new Set<EventStream>(),
      rate: new MovingRate(),
      summary,
      reasons,
      counted: unreachedOf(summary),
      nextCountAt: Number.NEGATIVE_INFINITY,
      isCounting: false,
    };
    this.#watched.set(summary.id, watched);
    if (!this.#isTicking) {
      this.#isTicking = true;
      this.#parts.clock.after(TICK_MS, () => void this.#tick());
    }
    return watched;
  }

  async #tick(): Promise<void> {
    const { clock, isDraining, onError } = this.#parts;
    if (isDraining()) this.close();
    else {
      await this.#look().then(
        () => {
          this.#isFailing = false;
        },
        (error: unknown) => {
          if (!this.#isFailing) onError(error);
          this.#isFailing = true;
        },
      );
    }
    for (const stream of this.#streams()) stream.tick();
    this.#isTicking = this.#watched.size > 0;
    if (this.#isTicking) clock.after(TICK_MS, () => void this.#tick());
  }

  async #look(): Promise<void> {
    const all = [...this.#watched.values()];
    const notifications = all.map(({ summary: { botId, id } }) => ({ botId, notificationId: id }));
    const found = await this.#parts.store.findSummaries({ notifications });
    const byId = new Map(found.map((summary) => [summary.id, summary]));
    for (const watched of all) {
      const summary = byId.get(watched.summary.id);
      if (summary !== undefined) this.#renew(watched, summary);
      // It was deleted: whoever comes again is told so.
      else for (const stream of watched.streams) stream.end();
    }
  }

  #renew(watched: Watched, summary: NotificationSummary): void {
    const at = this.#parts.clock.monotonic();
    watched.summary = summary;
    watched.rate.note({ at, done: summary.counts.total - summary.counts.pending });
    const isDue = summary.finishedAt !== null || at >= watched.nextCountAt;
    if (isDue && !watched.isCounting && !isCounted(watched)) this.#count(watched);
    this.#show(watched);
  }

  #count(watched: Watched): void {
    watched.isCounting = true;
    this.#counting = this.#counting
      .then(() => this.#countNow(watched))
      .catch(this.#parts.onError)
      .finally(() => {
        watched.isCounting = false;
      });
  }

  async #countNow(watched: Watched): Promise<void> {
    if (watched.streams.size === 0) return;
    const { summary } = watched;
    const { reasons, counts } = await this.#parts.totals.of(summary);
    const unreached = unreachedOf({ counts });
    watched.nextCountAt = this.#parts.clock.monotonic() + unreached / UNREACHED_PER_PAUSE_MS;
    watched.reasons = reasons;
    watched.counted = unreached;
    this.#show(watched);
  }

  #show(watched: Watched): void {
    const { summary, reasons, rate, streams } = watched;
    // The last word is exact, so it waits until they are counted.
    if (summary.finishedAt !== null && !isCounted(watched)) return;
    const progress = toProgress(summary, reasons, rate.perSecond());
    for (const stream of streams) stream.show(progress);
  }

  *#streams(): Generator<EventStream> {
    for (const { streams } of this.#watched.values()) yield* streams;
  }
}

/** A running notification may have too many to count, one that is over never has. */
const isCounted = ({ summary, reasons, counted }: Watched): boolean =>
  unreachedOf(summary) === counted && (reasons !== null || summary.finishedAt === null);
