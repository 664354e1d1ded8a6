import { randomUUID } from 'node:crypto';
import type { Channel, ChannelTools } from '../channels/contract.ts';
import type { Clock, Random } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import { type Meter, silentMeter } from '../model/meter.ts';
import type { Lane } from '../model/notification.ts';
import type { Tenancy } from '../model/tenancy.ts';
import { silentTracer, type Tracer } from '../model/tracer.ts';
import type { ScriptRenderer } from '../render/script/renderer.ts';
import type { Queue, QueueState } from '../store/port/work.ts';
import type { Store } from '../store/port.ts';
import { Accounts } from './accounts.ts';
import { Audiences } from './audiences.ts';
import { BatchSizes } from './batch-sizes.ts';
import { Callbacks } from './callbacks.ts';
import type { ConnectionState } from './connection-state.ts';
import { type Claimed, type DeliverParts, deliver } from './deliver.ts';
import { HeldWorks } from './held-works.ts';
import { isOverWithin } from './in-time.ts';
import { Interventions } from './interventions.ts';
import { KnownNotifications } from './known-notifications.ts';
import { keepLeases } from './leases.ts';
import { type Moments, silentMoments } from './moments.ts';
import { Nodes } from './nodes.ts';
import { Outlets } from './outlets.ts';
import { Permits } from './permits.ts';
import { Recorder } from './recorder.ts';
import { Report } from './report.ts';
import { keepRetention } from './retention.ts';
import { keepRules } from './rules.ts';
import { isOneSuspect, isSuspectAlone, takeoversBelow } from './suspects.ts';
import { Timetable } from './timetable.ts';
import { type LaneTurns, laneTurns, orderQueues } from './turns.ts';
import { keepUp } from './upkeep.ts';
import { Urgency } from './urgency.ts';
import type { Work } from './work.ts';

export interface EngineParts {
  readonly store: Store;
  readonly tenancy: Tenancy;
  /** Takes up what was configured meanwhile; absent: nothing ever is. */
  readonly refreshTenancy?: () => Promise<void>;
  readonly findChannel: (id: string) => Channel | null;
  readonly tools: ChannelTools;
  readonly renderer: ScriptRenderer;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly leaseMs: number;
  readonly moments?: Moments;
  readonly meter?: Meter;
  readonly tracer?: Tracer;
}

/** Listings of queues are read this many at a time; the next look goes on where the last ended. */
const QUEUES_PER_LOOK = 1_000;
const URGENT_PER_LOOK = 100;
/** So long a look goes on when something new has come meanwhile: it may be urgent. Longer where listing takes longer. */
const LOOK_MS = 20;
/** So long the other queues wait until what was claimed is on its way. */
const BEGIN_MS = 20;
/** The floor under every wake-up: work is found this late at the latest, whatever notice was lost. */
const POLL_MS = 1_000;
/** One fault may be a connection that broke, and the next is sound; several are a database that is away. */
const AFTER_FAULT_MS = 50;
const AFTER_FAULTS_MS = 1_000;

/**
 * The motion of Beckon: finds due batches, claims them, lets outlets send, records what happened. It holds no truth:
 * everything it knows can be lost and found again in the store.
 */
export class Engine {
  readonly #parts: EngineParts;
  readonly #owner = randomUUID();
  readonly #moments: Moments;
  readonly #meter: Meter;
  readonly #held = new HeldWorks();
  /** In what was claimed. */
  readonly #turns: LaneTurns;
  readonly #outlets: Outlets;
  /** Whoever else works on the same database; null where nobody can. */
  readonly #nodes: Nodes | null;
  readonly #permits: Permits | null;
  readonly #report: Report;
  readonly #recorder: Recorder;
  readonly #interventions: Interventions;
  readonly #callbacks: Callbacks;
  readonly #audiences: Audiences;
  readonly #deliverParts: DeliverParts;
  /** Queues whose claimed batches are still being resolved or written; nothing more of them is claimed meanwhile. */
  readonly #writing = new Map<string, Promise<unknown>>();
  /** Queues that may end the process that sends them. */
  readonly #wary = new Set<string>();
  readonly #batchSizes = new BatchSizes();
  #startedAt = 0;
  #lookFrom: Queue | null = null;
  #tenancyChanged = false;
  #stopping = false;
  #awake = false;
  readonly #urgency = new Urgency();
  #wakeUp: (() => void) | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopKeeping: (() => void)[] = [];

  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { store, tenancy, clock, random, logger } = parts;
    this.#moments = parts.moments ?? silentMoments;
    this.#meter = parts.meter ?? silentMeter;
    this.#report = new Report(logger, clock, this.#moments);
    const onError = (error: unknown) => this.#report.failed('sharing rates failed', error);
    const sharing = { store, clock, node: this.#owner, onError };
    this.#nodes = store.kind === 'sqlite' ? null : new Nodes(sharing);
    this.#permits = store.kind === 'sqlite' ? null : new Permits(sharing);
    const weightOf = (botId: string) => tenancy.bot(botId)?.weight ?? 1;
    this.#turns = laneTurns(weightOf);
    this.#recorder = new Recorder({
      store,
      clock,
      logger,
      moments: this.#moments,
      meter: this.#meter,
      onEnded: (work) => this.#end(work),
      onRoom: () => this.#outlets.pumpAll(),
    });
    const notifications = new KnownNotifications(store);
    this.#interventions = new Interventions({
      store,
      clock,
      works: this.#held.works,
      notifications,
      withdraw: () => this.#outlets.withdrawStopped(),
      onReleased: () => this.wake(),
      isStopping: () => this.#stopping,
      onError: (error) => this.#report.failed('heeding cancels and pauses failed', error),
    });
    this.#callbacks = new Callbacks(parts);
    this.#audiences = new Audiences({
      store,
      clock,
      isStopping: () => this.#stopping,
      onError: (error) => this.#report.failed('gathering recipients failed', error),
    });
    this.#deliverParts = {
      store,
      clock,
      random,
      recorder: this.#recorder,
      findNotification: (batch) => notifications.find(batch),
      hearChanged: (changes) => this.#interventions.hear(changes),
      isStopping: () => this.#stopping,
      report: this.#report,
      renderer: parts.renderer,
      abandon: (work) => this.#abandon(work),
      timetable: new Timetable(),
      tracer: parts.tracer ?? silentTracer,
      botName: (botId) => parts.tenancy.bot(botId)?.name ?? '',
    };
    this.#outlets = new Outlets({
      ...parts,
      moments: this.#moments,
      meter: this.#meter,
      accounts: new Accounts({ tenancy, clock, random, nodes: this.#nodes, permits: this.#permits, weightOf }),
      deliver: this.#deliverParts,
      writing: () => this.#writing.values(),
      onRoom: () => this.wake(),
    });
  }

  async start(): Promise<void> {
    const { store, leaseMs, clock, logger } = this.#parts;
    // Alone on its file, so whoever held a lease before is gone.
    if (store.kind === 'sqlite') await store.voidLeases();
    this.#startedAt = clock.monotonic();
    // A stop may have come meanwhile; what begins after it would never end.
    if (this.#stopping) return;
    store.onWake(() => this.wake());
    this.#nodes?.start();
    this.#permits?.start();
    this.#interventions.start();
    this.#callbacks.start();
    this.#stopKeeping = [
      keepRules({ store, clock, logger, onChanged: () => this.#interventions.heed() }),
      keepLeases({
        store,
        clock,
        logger,
        leaseMs,
        works: this.#held.works,
        onRenewed: () => this.#outlets.pumpAll(),
        onLost: (work) => this.#end(work),
      }),
      keepRetention(this.#parts),
      keepUp({
        store,
        clock,
        isStopping: () => this.#stopping,
        onError: (message, error) => this.#report.failed(message, error),
      }),
      this.#audiences.start(),
    ];
    this.#running = this.#run();
  }

  /** Something may have become due: of this lane, if anybody knows. Cheap; call it as often as you like. */
  wake(lane: Lane = 'bulk'): void {
    this.#awake = true;
    if (lane !== 'bulk') this.#urgency.call();
    this.#wakeUp?.();
  }

  /** Connections may have been changed or taken away. */
  heedTenancy(): void {
    this.#tenancyChanged = true;
    this.wake();
  }

  /** Something was cancelled, paused, resumed, extended or retried. */
  heedCallers(): void {
    this.#interventions.heed();
  }

  /** Recipients are to be gathered. */
  heedAudiences(): void {
    if (!this.#stopping) this.#audiences.heed();
  }

  /** Present figures for people and metrics. */
  snapshot() {
    const outlets = this.#outlets.all;
    return {
      batchesHeld: this.#held.works.size,
      waiting: outlets.reduce((sum, outlet) => sum + outlet.waiting, 0),
      inFlight: outlets.reduce((sum, outlet) => sum + outlet.inFlight, 0),
      unrecorded: this.#recorder.unrecorded,
    };
  }

  /** What goes on over a connection in this process; null: nothing has been sent over it yet. */
  describeConnection(connectionId: string): ConnectionState | null {
    return this.#outlets.describe(connectionId);
  }

  /** Of every connection that something has been sent over. */
  describeConnections() {
    return this.#outlets.describeAll();
  }

  /**
   * Stops claiming, gives back what was not started, lets sends in flight finish (for `graceMs`, then they are cut off
   * and count as unknown), records everything, closes connections.
   */
  async drain(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.wake();
    const callbacksStopped = this.#callbacks.stop(graceMs);
    await this.#running;
    await Promise.all(this.#writing.values());
    await this.#outlets.drain(graceMs);
    await this.#recorder.flush();
    for (const stop of this.#stopKeeping) stop();
    await this.#interventions.stop();
    await callbacksStopped;
    this.#nodes?.stop();
    this.#permits?.stop();
    await this.#outlets.close();
  }

  async #run(): Promise<void> {
    for (let faults = 0; !this.#stopping; ) {
      this.#awake = false;
      const restMs = await this.#look().then(
        (waitMs) => {
          faults = 0;
          return waitMs;
        },
        (error: unknown) => {
          this.#report.failed('looking for work failed', error);
          faults += 1;
          return Math.min(AFTER_FAULT_MS * 4 ** (faults - 1), AFTER_FAULTS_MS);
        },
      );
      if (!this.#stopping && !this.#awake && restMs > 0) await this.#rest(restMs);
    }
  }

  /** One look at the queues: claims what there is room for and answers how long until the next look is worth it. */
  async #look(): Promise<number> {
    const { store, clock } = this.#parts;
    const [startedAt, from] = [clock.monotonic(), this.#lookFrom];
    this.#urgency.begin();
    if (this.#tenancyChanged) {
      this.#tenancyChanged = false;
      this.#outlets.retireChanged();
    }
    const states = await store.listQueues({ after: from, limit: QUEUES_PER_LOOK });
    const urgent = from === null || from.lane === 'urgent' ? [] : await this.#listUrgent();
    // From after the listing: what comes while a database far away is asked must not end every look before its first claim.
    const listedAt = clock.monotonic();
    const lookMs = Math.max(LOOK_MS, listedAt - startedAt);
    const partial = states.length === QUEUES_PER_LOOK || from !== null;
    this.#lookFrom = states.length === QUEUES_PER_LOOK ? (states.at(-1)?.queue ?? null) : null;
    let claimed = 0;
    for (const queue of orderQueues([...urgent, ...states], this.#turns)) {
      if (this.#stopping) return 0;
      if (this.#awake && (this.#urgency.endsLook() || clock.monotonic() - listedAt >= lookMs)) {
        this.#lookFrom = from;
        return 0;
      }
      claimed += await this.#serve(queue);
    }
    if (claimed > 0) return 0;
    const waits = states.map((state) => state.dueInMs).filter((dueInMs) => dueInMs > 0);
    return partial ? 0 : Math.min(POLL_MS, ...waits);
  }

  /** On every page, for they would have to wait until all pages were read. */
  async #listUrgent(): Promise<QueueState[]> {
    const first = await this.#parts.store.listQueues({ after: null, limit: URGENT_PER_LOOK });
    return first.filter(({ queue }) => queue.lane === 'urgent');
  }

  async #serve(queue: Queue): Promise<number> {
    if (this.#writing.has(keyOf(queue))) return 0;
    const outlet = await this.#outlets.find(queue.connectionId);
    const room = outlet === null ? ORPHANS_PER_LOOK : outlet.room(queue);
    const most = this.#wary.has(keyOf(queue)) ? 1 : this.#batchSizes.worthClaiming(queue, room);
    const limit = Math.min(most, this.#held.roomFor(queue));
    if (limit === 0) return 0;
    const { clock, leaseMs, store } = this.#parts;
    if (isSuspectAlone(this.#held.works, clock.monotonic())) return 0;
    const leaseEndsAt = clock.monotonic() + leaseMs;
    const below = takeoversBelow(clock.monotonic() - this.#startedAt);
    const batches = await store.claimDue({ queue, owner: this.#owner, leaseMs, limit, ...below });
    if (isOneSuspect(batches)) this.#wary.add(keyOf(queue));
    else this.#wary.delete(keyOf(queue));
    if (batches.length === 0) return 0;
    const recipients = batches.reduce((sum, batch) => sum + batch.recipients.length, 0);
    this.#turns[queue.lane].count(queue.botId, recipients);
    this.#batchSizes.learn(queue, recipients / batches.length);
    this.#moments.emit('claimed', batches.length);
    await this.#deliver({ queue, batches, outlet, leaseEndsAt });
    return batches.length;
  }

  /** Other queues are served while scripts write messages for this one, or a database far away is asked about it. */
  async #deliver(claimed: Claimed): Promise<void> {
    const { queue, batches } = claimed;
    const begun = this.#begin(claimed);
    // Nothing is claimed beside a suspect, so that one is waited for.
    const isBegun = isOneSuspect(batches)
      ? begun
      : this.#urgency.orElse(isOverWithin(this.#parts.clock, BEGIN_MS, begun));
    if ((await isBegun) === false) {
      const late = begun.then(({ writing }) => writing);
      this.#follow(
        queue,
        late.catch((error) => this.#report.failed('bringing work on its way failed', error)),
      );
    } else {
      const { writing } = await begun;
      if (writing !== null) this.#follow(queue, writing);
    }
  }

  async #begin(claimed: Claimed): Promise<{ readonly writing: Promise<void> | null }> {
    const works: Work[] = [];
    try {
      return await deliver(this.#deliverParts, claimed, (work) => {
        works.push(work);
        this.#held.add(work);
      });
    } catch (error) {
      for (const work of works) this.#abandon(work);
      throw error;
    }
  }

  #follow(queue: Queue, writing: Promise<unknown>): void {
    const key = keyOf(queue);
    const followed = writing.finally(() => {
      this.#writing.delete(key);
      this.wake();
    });
    this.#writing.set(key, followed);
  }

  /** Nobody will conclude this batch here: without renewal its lease lapses and it is taken over. */
  #abandon(work: Work): void {
    work.lost = true;
    this.#end(work);
  }

  #end(work: Work): void {
    if (!this.#held.delete(work)) return;
    this.#report.ended(work);
    this.wake();
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
}

const keyOf = ({ lane, size, botId, connectionId }: Queue): string => `${lane}/${size}/${botId}/${connectionId}`;

/** Recipients of connections that are gone, concluded at one look. */
const ORPHANS_PER_LOOK = 100;
