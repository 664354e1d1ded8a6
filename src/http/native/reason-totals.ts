import type { NotificationSummary } from '../../model/notification.ts';
import type { Reason } from '../../model/reasons.ts';
import type { ReasonTally } from '../../store/port/notifications.ts';
import type { Store } from '../../store/port.ts';
import { Fault } from '../faults.ts';
import { STRETCH } from './walk-ledger.ts';

type Reasons = NonNullable<ReasonTally['reasons']>;

const MAX_KEPT = 1_000;

/** Whoever has a reason: who waits or was reached has none. */
export const unreachedOf = ({ counts }: Pick<NotificationSummary, 'counts'>): number =>
  counts.total - counts.pending - counts.delivered;

/** How often each reason was given, with counters that it adds up to. */
export class ReasonTotals {
  readonly #store: Pick<Store, 'tallyReasons' | 'countReasons'>;
  /** Of finished notifications that were too large to count at once: they do not change any more. */
  readonly #kept = new Map<string, { readonly updatedAt: number; readonly reasons: Promise<Reasons> }>();

  constructor(store: Pick<Store, 'tallyReasons' | 'countReasons'>) {
    this.#store = store;
  }

  /** `reasons` null: more than 100,000 were not reached, and it is not over yet. */
  async of(notification: NotificationSummary): Promise<ReasonTally> {
    if (unreachedOf(notification) === 0) return { counts: notification.counts, reasons: {} };
    const tally = await this.#store.tallyReasons({ botId: notification.botId, notificationId: notification.id });
    if (tally === null) throw new Fault('notification_unknown');
    if (tally.reasons !== null || notification.finishedAt === null) return tally;
    return { ...tally, reasons: await this.#countOnce(notification) };
  }

  /** Whoever asks while it is being counted waits for the same count. */
  #countOnce(notification: NotificationSummary): Promise<Reasons> {
    const { id, updatedAt } = notification;
    const known = this.#kept.get(id);
    if (known?.updatedAt === updatedAt) return known.reasons;
    const reasons = this.#count(notification);
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(id, { updatedAt, reasons });
    reasons.catch(() => this.#kept.delete(id));
    return reasons;
  }

  /** Piece by piece, so that nobody else waits for long. */
  async #count({ botId, id, total }: NotificationSummary): Promise<Reasons> {
    const sums = new Map<Reason, number>();
    for (let afterSeq = -1; afterSeq < total - 1; afterSeq += STRETCH) {
      const stretch = { botId, notificationId: id, afterSeq, untilSeq: afterSeq + STRETCH };
      const counts: Reasons = await this.#store.countReasons(stretch);
      for (const [reason, count] of Object.entries(counts) as [Reason, number][]) {
        sums.set(reason, (sums.get(reason) ?? 0) + count);
      }
    }
    return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
