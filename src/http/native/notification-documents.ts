import { type Static, Type } from 'typebox';
import { CALLBACK_EVENTS } from '../../model/callback.ts';
import { FALL_BACK_CAUSES } from '../../model/fall-back.ts';
import type { Hours } from '../../model/hours.ts';
import type { ReceiptCounts } from '../../model/news.ts';
import { LANES, type NotificationSummary, PAUSE_REASONS } from '../../model/notification.ts';
import type { Options } from '../../model/options.ts';
import type { Ages } from '../../model/retention.ts';
import { defaultExpiry } from '../../model/timing.ts';
import type { Audience } from '../../store/port/audiences.ts';
import type { ReasonTally } from '../../store/port/notifications.ts';
import { writeDuration } from '../contract/duration.ts';
import { COUNT, NEXT_CURSOR, nullable, oneOf, TIME } from '../contract/fields.ts';
import { FILTER, showFilter } from './audience/filter-body.ts';
import { HOURS, type HoursBody } from './timing-body.ts';

/** Of a notification as a whole. */
const STATES = [
  'receiving',
  'collecting',
  'planned',
  'scheduled',
  'sending',
  'paused',
  'finished',
  'cancelled',
] as const;

const PAUSED_REASON = nullable(
  oneOf(PAUSE_REASONS),
  'caller: somebody asked. failure_ceiling, canary: a rule that it was sent by. Null: it is not paused.',
);

export const SUMMARY = {
  id: Type.String({ description: 'ds-…' }),
  channel: Type.String(),
  connectionId: Type.String(),
  priority: oneOf(LANES),
  api: oneOf(['kore-v1', 'kore-v2', 'native'], { description: 'Which interface it came through.' }),
  counts: Type.Object(
    {
      total: COUNT,
      pending: COUNT,
      delivered: COUNT,
      failed: COUNT,
      suppressed: COUNT,
      expired: COUNT,
      cancelled: COUNT,
      unknown: COUNT,
    },
    { description: 'What Beckon did. Total is always the sum of the others.' },
  ),
  state: oneOf(STATES, {
    description:
      'receiving: its recipients are uploaded; collecting: it is being looked up who they are, or who is left out, and counts are of those found so far; planned: a preflight found them, and nobody has launched it; scheduled: its sendAt is still to come; cancelled: whoever is pending will not be sent it.',
  }),
  category: nullable(Type.String(), 'What kind of message it is.'),
  preferencesOverride: nullable(Type.Object({ reason: Type.String() }), 'Why it goes to those who declined it.'),
  template: nullable(
    Type.Object({ name: Type.String(), version: Type.Integer({ minimum: 1 }) }),
    'What its message was made of; null: its sender wrote it.',
  ),
  createdAt: TIME,
  sendAt: nullable(TIME, 'Nothing is sent before it; null: it could be sent at once.'),
  window: nullable(HOURS, 'Nobody is sent it outside these hours.'),
  quietHours: Type.Array(HOURS, {
    description: "Nobody is sent it within any of these hours, the bot's own included.",
  }),
  quietHoursOverride: nullable(Type.Object({ reason: Type.String() }), "Why the bot's own are not kept."),
  canary: nullable(
    Type.Object({
      recipients: Type.Integer({ minimum: 1 }),
      maxFailureShare: Type.Number({ minimum: 0, maximum: 1 }),
      next: oneOf(['continue', 'pause']),
    }),
    'How many go ahead, and what follows.',
  ),
  pauseWhen: nullable(
    Type.Object({ failureShare: Type.Number({ minimum: 0, maximum: 1 }), after: COUNT }),
    'When it pauses by itself.',
  ),
  callback: nullable(
    Type.Object({
      connectionId: Type.String(),
      on: Type.Array(oneOf(CALLBACK_EVENTS)),
      steps: Type.Integer({ minimum: 1, maximum: 100 }),
    }),
    'Who is told how far it is.',
  ),
  updatedAt: TIME,
  expiresAt: TIME,
  finishedAt: nullable(TIME, 'Null: some are pending.'),
  cancelledAt: nullable(TIME),
  pausedAt: nullable(TIME, 'Null: it is not paused.'),
  pausedReason: PAUSED_REASON,
  recipientsKeptUntil: nullable(
    TIME,
    'What became of each recipient is removed then, or a little later. Null: it is kept for ever, or there is no end yet.',
  ),
  recipientsRemovedAt: nullable(TIME, 'Null: what became of each recipient can be asked for.'),
};

export const NOTIFICATION_SUMMARY = Type.Object(SUMMARY, {
  $id: 'NotificationSummary',
  description: 'A notification and how far it is.',
});

export const NOTIFICATION = Type.Object(
  {
    ...SUMMARY,
    channels: Type.Array(
      Type.Object({
        channel: Type.String(),
        connectionId: Type.String(),
        on: nullable(Type.Array(oneOf(FALL_BACK_CAUSES)), 'Null: the first.'),
        onUnknown: Type.Boolean(),
        receiptWithin: nullable(Type.String(), 'How long a receipt of the channel before is waited for.'),
      }),
      { description: 'In order; whoever is not reached on one is sent it on the next.' },
    ),
    audience: nullable(
      Type.Object({
        filter: nullable(FILTER, 'Whoever of the directory fitted it. Null: they were named.'),
        exclude: nullable(
          Type.Object({
            identities: Type.Integer({ minimum: 0, description: 'How many were left out by name.' }),
            tags: Type.Array(Type.String()),
            notifications: Type.Array(Type.String()),
          }),
          'Who was left out. Null: nobody was.',
        ),
      }),
      'How its recipients were chosen. Null: all were named.',
    ),
    reasons: nullable(
      Type.Record(Type.String(), COUNT),
      'How often each reason of the catalogue was given: adds up to those who ended without being delivered. Null: more than 100,000 did, and it is not over yet.',
    ),
    receipts: Type.Object(
      { sent: COUNT, failed: COUNT, delivered: COUNT, read: COUNT },
      { description: 'What the provider said later; each recipient is in one of either at most.' },
    ),
  },
  { $id: 'Notification', description: 'A notification, how far it is, and what providers have said of it since.' },
);

export const NOTIFICATION_PAGE = Type.Object({
  notifications: Type.Array(Type.Ref('NotificationSummary#')),
  nextCursor: NEXT_CURSOR,
});

export const CANCELLATION = Type.Object(
  {
    id: Type.String(),
    cancelledAt: nullable(TIME, 'Null: it had finished before.'),
    cancelled: Type.Integer({ minimum: 0, description: 'Are not sent it any more.' }),
    inFlight: Type.Integer({ minimum: 0, description: 'Being sent it just now: they may get it.' }),
    alreadyFinal: Type.Integer({ minimum: 0, description: 'Had ended before.' }),
  },
  { $id: 'Cancellation', description: 'What a cancel did, each recipient counted once.' },
);

export const PAUSE_STATE = Type.Object(
  {
    id: Type.String(),
    pausedAt: nullable(TIME, 'Null: it is not paused.'),
    pausedReason: PAUSED_REASON,
    waiting: Type.Integer({ minimum: 0, description: 'Are not being sent it; not at all while it is paused.' }),
    inFlight: Type.Integer({
      minimum: 0,
      description: 'Being sent it just now, or in one batch with somebody who is: they may get it.',
    }),
    alreadyFinal: Type.Integer({ minimum: 0, description: 'Had ended before.' }),
  },
  { $id: 'PauseState', description: 'Where everybody is of a notification, each recipient counted once.' },
);

/** `now`: epoch ms. `ages`: how long the bot keeps what has ended; absent: for ever. */
export function toSummary(
  notification: NotificationSummary,
  now: number,
  ages?: Pick<Ages, 'recipientsMs'>,
): Static<typeof NOTIFICATION_SUMMARY> {
  const { id, channel, connectionId, lane, api, counts, createdAt, updatedAt, expiresAt } = notification;
  const { finishedAt, cancelledAt, pausedAt, pausedReason, options, ledgerRemovedAt } = notification;
  const keptMs = ages?.recipientsMs ?? null;
  return {
    id,
    channel,
    connectionId,
    priority: lane,
    api,
    counts: { ...counts },
    state: stateOf(notification, now),
    category: options?.category ?? null,
    preferencesOverride: options?.preferencesOverride === undefined ? null : { ...options.preferencesOverride },
    template: options?.template === undefined ? null : { ...options.template },
    createdAt: toIso(createdAt),
    sendAt: options?.sendAt === undefined ? null : toIso(options.sendAt),
    window: options?.window === undefined ? null : toHours(options.window),
    quietHours: (options?.quietHours ?? []).map(toHours),
    quietHoursOverride: options?.quietHoursOverride ? { ...options.quietHoursOverride } : null,
    ...rulesOf(options),
    updatedAt: toIso(updatedAt),
    expiresAt: toIso(expiresAt),
    finishedAt: finishedAt === null ? null : toIso(finishedAt),
    cancelledAt: cancelledAt === null ? null : toIso(cancelledAt),
    pausedAt: pausedAt === null ? null : toIso(pausedAt),
    pausedReason,
    recipientsKeptUntil: finishedAt === null || keptMs === null ? null : toIso(finishedAt + keptMs),
    recipientsRemovedAt: ledgerRemovedAt === undefined ? null : toIso(ledgerRemovedAt),
  };
}

function rulesOf({ canary, pauseWhen, callback }: Options = {}) {
  return {
    canary: canary
      ? { recipients: canary.recipients, maxFailureShare: canary.maxFailureShare, next: canary.next }
      : null,
    pauseWhen: pauseWhen ? { ...pauseWhen } : null,
    callback: callback ? { ...callback, on: [...callback.on] } : null,
  };
}

function stateOf(notification: NotificationSummary, now: number): (typeof STATES)[number] {
  if (notification.cancelledAt !== null) return 'cancelled';
  if (notification.finishedAt !== null) return 'finished';
  if (notification.pausedAt !== null) return 'paused';
  // Who gave no time asked for now, though our clock may have been set back since.
  return now < (notification.options?.sendAt ?? now) ? 'scheduled' : 'sending';
}

const toHours = ({ days, ...hours }: Hours): HoursBody => ({ ...hours, ...(days && { days: [...days] }) });

/**
 * `counts` is what Beckon did, `reasons` why those who were not reached were not, `receipts` what the provider said
 * later: each recipient is in one of each at most.
 */
export function toDocument(
  notification: NotificationSummary,
  reasons: ReasonTally['reasons'],
  receipts: ReceiptCounts,
  now: number,
  ages?: Pick<Ages, 'recipientsMs'>,
): Static<typeof NOTIFICATION> {
  return {
    ...toSummary(notification, now, ages),
    channels: channelsOf(notification),
    audience: audienceOf(notification),
    reasons: reasons === null ? null : { ...reasons },
    receipts: { ...receipts },
  };
}

function channelsOf({ channel, connectionId, options }: NotificationSummary) {
  const others = (options?.fallBacks ?? []).map((fallBack) => ({
    channel: fallBack.channel,
    connectionId: fallBack.connectionId,
    on: [...fallBack.on],
    onUnknown: fallBack.onUnknown,
    receiptWithin: fallBack.receiptWithinMs === undefined ? null : writeDuration(fallBack.receiptWithinMs),
  }));
  return [{ channel, connectionId, on: null, onUnknown: false, receiptWithin: null }, ...others];
}

function audienceOf({ options }: NotificationSummary): Static<typeof NOTIFICATION>['audience'] {
  const { filter, exclude } = options?.choice ?? {};
  if (filter === undefined && exclude === undefined) return null;
  const { identities = 0, tags = [], notifications = [] } = exclude ?? {};
  return {
    filter: filter === undefined ? null : showFilter(filter),
    exclude: exclude === undefined ? null : { identities, tags: [...tags], notifications: [...notifications] },
  };
}

/** One whose recipients are still being gathered. Where they are uploaded and nobody seals it, it is gone at `expiresAt`. */
export function toReceivingDocument(
  { state, asked, plan, recipients, suppressed, excluded, endsAt, finishedAt }: Audience,
  now: number,
): Static<typeof NOTIFICATION> {
  const { createdAt } = asked;
  const counts = { ...NONE_YET, total: recipients, pending: recipients - suppressed, suppressed };
  const expiresAt = asked.expiresAt ?? (plan.from === undefined ? endsAt : defaultExpiry(asked));
  const times = { ...UNTOUCHED, updatedAt: finishedAt ?? createdAt, expiresAt, finishedAt };
  const summary = { ...asked, ...times, total: recipients, counts };
  const reasons = Object.entries({ duplicate: suppressed - excluded, excluded }).filter(([, count]) => count > 0);
  const document = toDocument(summary, Object.fromEntries(reasons), NO_RECEIPTS, now);
  if (state === 'empty') return document;
  return { ...document, state: state === 'excluding' ? 'collecting' : state };
}

export const UNTOUCHED = { finishedAt: null, cancelledAt: null, pausedAt: null, pausedReason: null };
export const NONE_YET = { delivered: 0, failed: 0, suppressed: 0, expired: 0, cancelled: 0, unknown: 0 };
export const NO_RECEIPTS = { sent: 0, failed: 0, delivered: 0, read: 0 };

export const toIso = (epochMs: number): string => new Date(epochMs).toISOString();
