import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Moments } from './moments.ts';
import type { Outlet } from './outlet.ts';
import type { Work } from './work.ts';

/** What the operator reads: one wide line for each batch, and a line whenever a connection changes its state. */
export class Report {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #moments: Moments;

  constructor(logger: Logger, clock: Clock, moments: Moments) {
    this.#logger = logger;
    this.#clock = clock;
    this.#moments = moments;
  }

  ended(work: Work): void {
    this.#moments.emit('ended', 1);
    const { batch, notification, counts } = work;
    const { delivered, failed, retried, returned } = counts;
    const ends = { 'beckon.delivered': delivered, 'beckon.failed': failed, 'beckon.retried': retried + returned };
    work.span?.end(ends, work.lost ? 'lease_lost' : null);
    this.#logger.info(work.lost ? 'batch lost' : 'batch attempted', {
      botId: batch.botId,
      notificationId: batch.notificationId,
      batchNo: batch.batchNo,
      fence: batch.token,
      channel: notification.channel,
      connectionId: notification.connectionId,
      lane: notification.lane,
      delivered: counts.delivered,
      failed: counts.failed,
      retried: counts.retried,
      ...(counts.movedOn > 0 && { movedOn: counts.movedOn }),
      returned: counts.returned,
      durationMs: Math.round(this.#clock.monotonic() - work.startedAt),
    });
  }

  held(outlet: Outlet, detail: string, holdMs: number): void {
    this.#moments.emit('held', 1);
    this.#logger.error('connection held', { ...whichOf(outlet), detail, delayMs: Math.round(holdMs) });
  }

  mended(outlet: Outlet): void {
    this.#moments.emit('mended', 1);
    this.#logger.info('connection mended', whichOf(outlet));
  }

  broken(outlet: Outlet, { detail, heldMs }: { readonly detail: string; readonly heldMs: number }): void {
    this.#moments.emit('held', 1);
    this.#logger.error('provider failing', { ...whichOf(outlet), detail, delayMs: Math.round(heldMs) });
  }

  working(outlet: Outlet): void {
    this.#moments.emit('mended', 1);
    this.#logger.info('provider works again', whichOf(outlet));
  }

  slowed(outlet: Outlet, detail: string, pausedMs: number): void {
    const share = Math.round(100 * outlet.account.pace.share(this.#clock.monotonic()));
    const now = `${detail}; sending goes on at ${share} % of its rate`;
    this.#logger.warn('connection slowed', { ...whichOf(outlet), delayMs: Math.round(pausedMs), detail: now });
  }

  lookUpsHeld(outlet: Outlet, detail: string, holdMs: number): void {
    this.#logger.error('look-ups held', { ...whichOf(outlet), detail, delayMs: Math.round(holdMs) });
  }

  lookUpsMended(outlet: Outlet): void {
    this.#logger.info('look-ups mended', whichOf(outlet));
  }

  failed(what: string, error: unknown): void {
    this.#logger.error(what, { error });
  }
}

const whichOf = ({ connection, channel }: Outlet) => ({
  botId: connection.botId,
  connectionId: connection.id,
  channel: channel.id,
});
