import { createHash } from 'node:crypto';
import { type Static, Type } from 'typebox';
import type { NotificationSummary } from '../../../model/notification.ts';
import type { ReasonTally } from '../../../store/port/notifications.ts';
import { nullable } from '../../contract/fields.ts';
import { SUMMARY, toIso } from '../notification-documents.ts';

const { id, counts, updatedAt, finishedAt, cancelledAt, pausedAt, pausedReason } = SUMMARY;

/** What an event holds: all there is to know, so that whoever missed some has lost nothing. */
export const PROGRESS = Type.Object({
  id,
  counts,
  reasons: nullable(
    Type.Record(Type.String(), Type.Integer({ minimum: 1 })),
    'How often each reason was given. Exact at the end; before, it may lag behind the counts by five seconds. Null: more than 100,000 were not reached, and it is not over yet.',
  ),
  perSecond: nullable(
    Type.Number({ minimum: 0 }),
    'Recipients that came to their end, on the average of the last ten seconds; null: not known yet.',
  ),
  etaSeconds: nullable(Type.Integer({ minimum: 0 }), 'Until nobody is pending, at this rate; null: nobody can say.'),
  updatedAt,
  finishedAt,
  cancelledAt,
  pausedAt,
  pausedReason,
});

export type ProgressDocument = Static<typeof PROGRESS>;

export interface Progress {
  /** The same for the same state, whichever server shows it. */
  readonly version: string;
  readonly document: ProgressDocument;
}

/** `perSecond` null: not known yet. */
export function toProgress(
  notification: NotificationSummary,
  reasons: ReasonTally['reasons'],
  perSecond: number | null,
): Progress {
  const state = {
    id: notification.id,
    counts: { ...notification.counts },
    reasons: reasons === null ? null : { ...reasons },
    updatedAt: toIso(notification.updatedAt),
    finishedAt: toIsoOrNull(notification.finishedAt),
    cancelledAt: toIsoOrNull(notification.cancelledAt),
    pausedAt: toIsoOrNull(notification.pausedAt),
    pausedReason: notification.pausedReason,
  };
  const version = createHash('sha256').update(JSON.stringify(state)).digest('hex').slice(0, VERSION_CHARS);
  return { version, document: { ...state, perSecond, etaSeconds: etaOf(notification, perSecond) } };
}

const toIsoOrNull = (epochMs: number | null): string | null => (epochMs === null ? null : toIso(epochMs));

const VERSION_CHARS = 24;

function etaOf({ counts: { pending } }: NotificationSummary, perSecond: number | null): number | null {
  if (pending === 0) return 0;
  return perSecond === null || perSecond === 0 ? null : Math.ceil(pending / perSecond);
}
