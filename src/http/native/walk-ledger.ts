import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../model/clock.ts';
import type { NotificationStatus } from '../../model/notification.ts';
import type { LedgerFilter, LedgerLine } from '../../store/port/notifications.ts';
import type { Store } from '../../store/port.ts';

export interface Walk {
  readonly store: Pick<Store, 'listLedger'>;
  readonly notification: Pick<NotificationStatus, 'botId' | 'id' | 'total'>;
  readonly filter: LedgerFilter;
  readonly afterSeq: number;
  /** So many lines at once. */
  readonly limit: number;
  /** How many recipients the next statement looks at; left out: as many as one may. */
  readonly widthOf?: () => number;
}

export interface Stretch {
  readonly lines: readonly LedgerLine[];
  /** Everybody up to here was looked at. */
  readonly untilSeq: number;
}

/** So many recipients are looked at by one statement at the most, however few of them the filter leaves. */
export const STRETCH = 5_000;

/**
 * Those who have ended, by seq, stretch by stretch and only as fast as somebody reads. Nothing is held between two
 * stretches, so a reader may stop at any time. Who ends meanwhile may or may not be among them.
 */
export async function* walkLedger(walk: Walk): AsyncGenerator<Stretch> {
  const { store, notification, filter, afterSeq, limit, widthOf = () => STRETCH } = walk;
  const lastSeq = notification.total - 1;
  const key = { botId: notification.botId, notificationId: notification.id };
  for (let seen = afterSeq; seen < lastSeq; ) {
    const untilSeq = Math.min(seen + widthOf(), lastSeq);
    const lines = await store.listLedger({ ...key, filter, limit, afterSeq: seen, untilSeq });
    seen = lines.length === limit ? (lines.at(-1)?.log.seq ?? untilSeq) : untilSeq;
    yield { lines, untilSeq: seen };
    // A near reader takes all it gets, so without this nobody else would have a turn.
    await nextTurn();
  }
}

export interface LedgerPage {
  readonly lines: readonly LedgerLine[];
  /** Null: nobody comes after these. */
  readonly nextSeq: number | null;
}

/** One call looks at so many recipients at the most, and no longer than this: the rest is for the next. */
const MAX_LOOKED = 100_000;
const MAX_LOOK_MS = 50;
/** How fast they go by depends on the database and on who else asks it, so a call finds out with a few. */
const FIRST_STRETCH = 1_000;
/** Fewer are not worth a statement. */
const LEAST_STRETCH = 500;

/** A page may hold less than `limit`, or nobody, and not be the last: those who fit are far apart. */
export async function readLedgerPage(walk: Walk & { readonly clock: Pick<Clock, 'monotonic'> }): Promise<LedgerPage> {
  const { limit, notification, clock } = walk;
  const startedAt = clock.monotonic();
  const lines: LedgerLine[] = [];
  let seen = walk.afterSeq;
  /** What there is time for, as far as those who were looked at tell. */
  const leftToLook = (): number => {
    const looked = seen - walk.afterSeq;
    if (looked === 0) return FIRST_STRETCH;
    const tookMs = clock.monotonic() - startedAt;
    return Math.min((looked * (MAX_LOOK_MS - tookMs)) / tookMs, MAX_LOOKED - looked, STRETCH);
  };
  const widthOf = () => Math.floor(leftToLook());
  for await (const stretch of walkLedger({ ...walk, limit: limit + 1, widthOf })) {
    lines.push(...stretch.lines);
    seen = stretch.untilSeq;
    if (lines.length > limit || leftToLook() < LEAST_STRETCH) break;
  }
  const page = lines.slice(0, limit);
  if (lines.length > limit) return { lines: page, nextSeq: page.at(-1)?.log.seq ?? seen };
  return { lines: page, nextSeq: seen < notification.total - 1 ? seen : null };
}
