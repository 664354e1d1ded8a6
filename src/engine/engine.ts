import { randomUUID } from 'node:crypto';
import type { Channel, ChannelTools } from '../channels/contract.ts';
import type { Clock, Random } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Notification } from '../model/notification.ts';
import type { Tenancy } from '../model/tenancy.ts';
import type { ClaimedBatch, Queue, Store } from '../store/port.ts';
import { type Claimed, type DeliverParts, deliver, settle, settleRefused } from './deliver.ts';
import { keepLeases } from './leases.ts';
import { type Moments, silentMoments } from './moments.ts';
import { Outlet } from './outlet.ts';
import { Recorder } from './recorder.ts';
import { orderQueues } from './turns.ts';
import type { Work } from './work.ts';

export interface EngineParts {
  readonly store: Store;
  readonly tenancy: Tenancy;
  readonly findChannel: (id: string) => Channel | null;
  readonly tools: ChannelTools;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly leaseMs: number;
  readonly moments?: Moments;
}

/** Listings of queues are read this many at a time; the next look goes on where the last ended. */
const QUEUES_PER_LOOK = 1_000;
/** The floor under every wake-up: work is found this late at the latest, whatever notice was lost. */
const POLL_MS = 1_000;
const AFTER_FAULT_MS = 1_000;
const PRUNE_EVERY_MS = 60_000;
const PRUNE_LIMIT = 1_000;
const KNOWN_NOTIFICATIONS = 1_000;

/**
 * The motion of Beckon: finds due batches, claims them, lets outlets send, records what happened. It holds no truth:
 * everything it knows can be lost and found again in the store.
 */
export class Engine {
  readonly #parts: EngineParts;
  readonly #owner = randomUUID();
  readonly #moments: Moments;
  readonly #works = new Set<Work>();
  readonly #outlets = new Map<string, Outlet>();
  readonly #notifications = new Map<string, Promise<Notification | null>>();
  readonly #recorder: Recorder;
  readonly #deliverParts: DeliverParts;
  #lastServed: Queue | null = null;
  #lookFrom: Queue | null = null;
  #stopping = false;
  #awake = false;
  #wakeUp: (() => void) | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopKeeping: (() => void)[] = [];

  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { store, clock, random, logger } = parts;
    this.#moments = parts.moments ?? silentMoments;
    this.#recorder = new Recorder({
      store,
      clock,
      logger,
      moments: this.#moments,
      onEnded: (work) => this.#end(work),
      onRoom: () => this.#pumpAll(),
    });
    this.#deliverParts = {
      store,
      clock,
      random,
      recorder: this.#recorder,
      findNotification: (batch) => this.#findNotification(batch),
      isStopping: () => this.#stopping,
      onHeld: (outlet, detail, holdMs) => this.#reportHeld(outlet, detail, holdMs),
      onMended: (outlet) => this.#reportMended(outlet),
      onSlowed: (outlet, detail, pausedMs) => this.#reportSlowed(outlet, detail, pausedMs),
    };
  }

  async start(): Promise<void> {
    const { store, leaseMs, clock, logger } = this.#parts;
    // Alone on its file, so whoever held a lease before is gone.
    if (store.kind === 'sqlite') await store.voidLeases();
    store.onWake(() => this.wake());
    this.#stopKeeping = [
      keepLeases({
        store,
        clock,
        logger,
        leaseMs,
        works: this.#works,
        onRenewed: () => this.#pumpAll(),
        onLost: (work) => this.#end(work),
      }),
      this.#keepPruning(),
    ];
    this.#running = this.#run();
  }

  /** Something may have become due. Cheap; call it as often as you like. */
  wake(): void {
    this.#awake = true;
    this.#wakeUp?.();
  }

  /** Present figures for people and metrics. */
  snapshot() {
    const outlets = [...this.#outlets.values()];
    return {
      batchesHeld: this.#works.size,
      waiting: outlets.reduce((sum, outlet) => sum + outlet.waiting, 0),
      inFlight: outlets.reduce((sum, outlet) => sum + outlet.inFlight, 0),
      unrecorded: this.#recorder.unrecorded,
    };
  }

  /**
   * Stops claiming, gives back what was not started, lets sends in flight finish (for `graceMs`, then they are cut off
   * and count as unknown), records everything, closes connections.
   */
  async drain(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.wake();
    await this.#running;
    const outlets = [...this.#outlets.values()];
    for (const job of outlets.flatMap((outlet) => outlet.stop())) {
      if (job.work.lost) continue;
      job.work.giveBack(job.recipient);
      this.#recorder.note(job.work);
    }
    const cancelCut = this.#parts.clock.after(graceMs, () => {
      for (const outlet of outlets) outlet.abortAll();
    });
    await Promise.all(outlets.map((outlet) => outlet.whenIdle()));
    cancelCut();
    await this.#recorder.flush();
    for (const stop of this.#stopKeeping) stop();
    await Promise.all(outlets.map((outlet) => outlet.close()));
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      this.#awake = false;
      const restMs = await this.#look().catch((error: unknown) => this.#reportFault(error));
      if (!this.#stopping && !this.#awake && restMs > 0) await this.#rest(restMs);
    }
  }

  /** One look at the queues: claims what there is room for and answers how long until the next look is worth it. */
  async #look(): Promise<number> {
    const states = await this.#parts.store.listQueues({ after: this.#lookFrom, limit: QUEUES_PER_LOOK });
    const partial = states.length === QUEUES_PER_LOOK || this.#lookFrom !== null;
    this.#lookFrom = states.length === QUEUES_PER_LOOK ? (states.at(-1)?.queue ?? null) : null;
    let claimed = 0;
    for (const queue of orderQueues(states, this.#lastServed)) {
      if (this.#stopping) return 0;
      claimed += await this.#serve(queue);
    }
    if (claimed > 0) return 0;
    const waits = states.map((state) => state.dueInMs).filter((dueInMs) => dueInMs > 0);
    return partial ? 0 : Math.min(POLL_MS, ...waits);
  }

  async #serve(queue: Queue): Promise<number> {
    const outlet = this.#outletFor(queue.connectionId);
    const room = outlet === null ? ORPHANS_PER_LOOK : outlet.room(queue.lane);
    if (room === 0) return 0;
    const { clock, leaseMs, store } = this.#parts;
    const leaseEndsAt = clock.monotonic() + leaseMs;
    const limit = Math.min(MAX_BATCHES_PER_CLAIM, Math.ceil(room / 100));
    const batches = await store.claimDue({ queue, owner: this.#owner, leaseMs, limit });
    if (batches.length === 0) return 0;
    this.#lastServed = queue;
    this.#moments.emit('claimed', batches.length);
    await this.#deliver({ queue, batches, outlet, leaseEndsAt });
    return batches.length;
  }

  async #deliver(claimed: Claimed): Promise<void> {
    const works: Work[] = [];
    try {
      await deliver(this.#deliverParts, claimed, (work) => {
        works.push(work);
        this.#works.add(work);
      });
    } catch (error) {
      // Nobody will conclude these batches here: without renewal their leases lapse and they are taken over.
      for (const work of works) {
        work.lost = true;
        this.#end(work);
      }
      throw error;
    }
  }

  #outletFor(connectionId: string): Outlet | null {
    const known = this.#outlets.get(connectionId);
    if (known !== undefined) return known;
    const connection = this.#parts.tenancy.connectionById(connectionId);
    const channel = connection === null ? null : this.#parts.findChannel(connection.channel);
    if (connection === null || channel === null) return null;
    const outlet: Outlet = new Outlet({
      connection,
      channel,
      session: channel.open(connection, this.#parts.tools),
      clock: this.#parts.clock,
      sendDeadlineMs: Math.min(MAX_SEND_MS, this.#parts.leaseMs / 2),
      mayStart: () => !this.#recorder.full,
      onSending: () => this.#moments.emit('sending', 1),
      onOutcome: (job, attempt) => {
        this.#moments.emit('sent', 1);
        settle(this.#deliverParts, outlet, job, attempt);
      },
      onRefused: (job, refusal) => settleRefused(this.#deliverParts, job, refusal),
      onRoom: () => this.wake(),
    });
    this.#outlets.set(connectionId, outlet);
    return outlet;
  }

  #findNotification({ botId, notificationId }: ClaimedBatch): Promise<Notification | null> {
    const key = `${botId}/${notificationId}`;
    const known = this.#notifications.get(key);
    if (known !== undefined) return known;
    const asked = this.#parts.store.findNotification({ botId, notificationId });
    this.#notifications.set(key, asked);
    asked.catch(() => this.#notifications.delete(key));
    const [oldest] = this.#notifications.keys();
    if (this.#notifications.size > KNOWN_NOTIFICATIONS && oldest !== undefined) this.#notifications.delete(oldest);
    return asked;
  }

  #end(work: Work): void {
    if (!this.#works.delete(work)) return;
    this.#moments.emit('ended', 1);
    const { batch, notification, counts } = work;
    this.#parts.logger.info(work.lost ? 'batch lost' : 'batch attempted', {
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
      returned: counts.returned,
      durationMs: Math.round(this.#parts.clock.monotonic() - work.startedAt),
    });
    this.wake();
  }

  #pumpAll(): void {
    for (const outlet of this.#outlets.values()) outlet.pump();
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(ms, () => this.#wakeUp?.());
      this.#wakeUp = () => {
        cancel();
        this.#wakeUp = null;
        resolve();
      };
    });
  }

  #keepPruning(): () => void {
    const { store, clock, logger } = this.#parts;
    let cancel = () => {};
    const schedule = () => {
      cancel = clock.after(PRUNE_EVERY_MS, () => {
        store
          .prune({ now: clock.now(), limit: PRUNE_LIMIT })
          .catch((error: unknown) => logger.warn('pruning failed', { error }))
          .finally(schedule);
      });
    };
    schedule();
    return () => cancel();
  }

  #reportHeld({ connection, channel }: Outlet, detail: string, holdMs: number): void {
    this.#moments.emit('held', 1);
    const fields = { botId: connection.botId, connectionId: connection.id, channel: channel.id };
    this.#parts.logger.error('connection held', { ...fields, detail, delayMs: Math.round(holdMs) });
  }

  #reportMended({ connection, channel }: Outlet): void {
    this.#moments.emit('mended', 1);
    this.#parts.logger.info('connection mended', {
      botId: connection.botId,
      connectionId: connection.id,
      channel: channel.id,
    });
  }

  #reportSlowed({ connection, channel, pace }: Outlet, detail: string, pausedMs: number): void {
    const share = Math.round(100 * pace.share(this.#parts.clock.monotonic()));
    const fields = { botId: connection.botId, connectionId: connection.id, channel: channel.id };
    const now = `${detail}; sending goes on at ${share} % of its rate`;
    this.#parts.logger.warn('connection slowed', { ...fields, delayMs: Math.round(pausedMs), detail: now });
  }

  #reportFault(error: unknown): number {
    this.#parts.logger.error('looking for work failed', { error });
    return AFTER_FAULT_MS;
  }
}

const MAX_SEND_MS = 15_000;
const MAX_BATCHES_PER_CLAIM = 10;
/** Recipients of connections that are gone, concluded at one look. */
const ORPHANS_PER_LOOK = 100;
