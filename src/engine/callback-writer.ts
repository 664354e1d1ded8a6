import { type CallbackOptions, type DueEvent, dueEvents } from '../model/callback.ts';
import type { Clock } from '../model/clock.ts';
import type { NotificationSummary } from '../model/notification.ts';
import type { NewCallback } from '../store/port/callbacks.ts';
import type { NotificationKey, ReasonTally } from '../store/port/notifications.ts';
import type { Store } from '../store/port.ts';

export interface CallbackWriterParts {
  readonly store: Pick<Store, 'listCallbackWatches' | 'addCallbacks' | 'tallyReasons'>;
  readonly clock: Clock;
}

/** However many are told of, a look costs so much; the next goes on where it ended. */
const WATCHES_PER_LOOK = 1_000;

/** Finds out what there is to tell of running notifications. Every node does, and each event is written down once. */
export class CallbackWriter {
  readonly #parts: CallbackWriterParts;
  #after: NotificationKey | null = null;

  constructor(parts: CallbackWriterParts) {
    this.#parts = parts;
  }

  async write(): Promise<void> {
    const { store, clock } = this.#parts;
    const watches = await store.listCallbackWatches({ after: this.#after, limit: WATCHES_PER_LOOK });
    this.#after = watches.length < WATCHES_PER_LOOK ? null : (watches.at(-1) ?? null);
    const now = clock.now();
    const callbacks: NewCallback[] = [];
    const told: (NotificationKey & { readonly told: number })[] = [];
    const over: NotificationKey[] = [];
    for (const watch of watches) {
      const { botId, notificationId } = watch;
      const callback = watch.notification?.options?.callback;
      if (watch.notification === null || callback === undefined) {
        over.push({ botId, notificationId });
        continue;
      }
      const { events, reached } = dueEvents(watch.notification, callback, watch.told, now);
      for (const event of events) callbacks.push(await this.#compose(watch.notification, callback, event, now));
      if (watch.notification.finishedAt !== null) over.push({ botId, notificationId });
      else if (reached > watch.told) told.push({ botId, notificationId, told: reached });
    }
    if (callbacks.length + told.length + over.length > 0) await store.addCallbacks({ callbacks, told, over });
  }

  async #compose(
    notification: NotificationSummary,
    { connectionId }: CallbackOptions,
    { no, event }: DueEvent,
    at: number,
  ): Promise<NewCallback> {
    const { botId, id: notificationId } = notification;
    // What nobody was found for has no row of its own, and no reason was given to anybody.
    const isTallied = event === 'finished' && notification.total > 0;
    const tally = isTallied ? await this.#parts.store.tallyReasons({ botId, notificationId }) : null;
    const body = JSON.stringify(
      bodyOf(notification, event, at, event === 'finished' ? (tally?.reasons ?? {}) : undefined),
    );
    return {
      botId,
      notificationId,
      eventNo: no,
      event,
      connectionId,
      body,
      trace: notification.options?.trace ?? null,
      at,
    };
  }
}

/** As Standard Webhooks have it: type, timestamp, data. */
function bodyOf(
  { botId, id, counts, createdAt, finishedAt, cancelledAt, pausedReason }: NotificationSummary,
  event: DueEvent['event'],
  at: number,
  reasons: ReasonTally['reasons'] | undefined,
) {
  return {
    type: `notification.${event}`,
    timestamp: toIso(at),
    data: {
      botId,
      id,
      counts,
      ...(reasons !== undefined && { reasons }),
      createdAt: toIso(createdAt),
      finishedAt: finishedAt === null ? null : toIso(finishedAt),
      cancelledAt: cancelledAt === null ? null : toIso(cancelledAt),
      pausedReason,
      ...(counts.total === 0 && { reason: 'audience_empty' }),
    },
  };
}

const toIso = (epochMs: number): string => new Date(epochMs).toISOString();
