import type { Channel, ChannelTools } from '../channels/contract.ts';
import type { Clock } from '../model/clock.ts';
import type { Meter } from '../model/meter.ts';
import type { Connection, Tenancy } from '../model/tenancy.ts';
import type { Accounts } from './accounts.ts';
import { type ConnectionState, describeOutlet } from './connection-state.ts';
import type { DeliverParts } from './deliver.ts';
import type { Job } from './job.ts';
import type { Moments } from './moments.ts';
import { Outlet } from './outlet.ts';
import {
  learnFound,
  settle,
  settleCancelled,
  settleClosed,
  settleExpired,
  settleLater,
  settleNotFound,
  settlePaused,
  settleRefused,
} from './settle.ts';

export interface OutletsParts {
  readonly tenancy: Tenancy;
  /** Takes up what was configured meanwhile; absent: nothing ever is. */
  readonly refreshTenancy?: () => Promise<void>;
  readonly findChannel: (id: string) => Channel | null;
  readonly tools: ChannelTools;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly moments: Moments;
  readonly meter: Meter;
  readonly accounts: Accounts;
  readonly deliver: DeliverParts;
  /** What is written or resolved at present, and will be given to an outlet. */
  readonly writing: () => Iterable<Promise<unknown>>;
  readonly onRoom: () => void;
}

export interface DescribedConnection {
  readonly id: string;
  readonly botId: string;
  readonly channel: string;
  readonly state: ConnectionState;
}

const MAX_SEND_MS = 15_000;

/** The outlets of all connections that anything was sent over, opened when they are first asked for. */
export class Outlets {
  readonly #parts: OutletsParts;
  readonly #open = new Map<string, Outlet>();
  /** Those of connections that are others now, until what is in flight over them has ended. */
  readonly #retiring = new Map<Outlet, Promise<void>>();

  constructor(parts: OutletsParts) {
    this.#parts = parts;
  }

  get all(): readonly Outlet[] {
    return [...this.#open.values()];
  }

  /** Null: there is no such connection. */
  async find(connectionId: string): Promise<Outlet | null> {
    const known = this.#outletFor(connectionId);
    if (known !== null || this.#parts.refreshTenancy === undefined) return known;
    // Another server may have been told of the connection a moment ago: nobody is told that it is gone before we asked.
    await this.#parts.refreshTenancy();
    return this.#outletFor(connectionId);
  }

  /** What goes on over a connection in this process; null: nothing has been sent over it yet. */
  describe(connectionId: string): ConnectionState | null {
    const outlet = this.#open.get(connectionId);
    return outlet === undefined ? null : describeOutlet(outlet, this.#parts.clock.monotonic());
  }

  describeAll(): DescribedConnection[] {
    const now = this.#parts.clock.monotonic();
    return this.all.map((outlet) => ({
      id: outlet.connection.id,
      botId: outlet.connection.botId,
      channel: outlet.channel.id,
      state: describeOutlet(outlet, now),
    }));
  }

  pumpAll(): void {
    for (const outlet of this.#open.values()) outlet.pump();
  }

  /** Settles what waits of notifications that were cancelled or paused. */
  withdrawStopped(): void {
    const { deliver } = this.#parts;
    for (const outlet of this.#open.values()) {
      for (const job of outlet.withdraw(({ work }) => work.isCancelled)) settleCancelled(deliver, job);
      for (const job of outlet.withdraw(({ work }) => work.isPaused)) settlePaused(deliver, job);
    }
  }

  /**
   * What waits for a connection that is another now is given back, to be sent over what it has become; what is in flight
   * ends as it ends. Between two claims, so that nothing but what is being written still comes to the old one.
   */
  retireChanged(): void {
    const { tenancy, deliver } = this.#parts;
    for (const [id, outlet] of this.#open) {
      if (tenancy.connectionById(id) === outlet.connection) continue;
      this.#open.delete(id);
      this.#retiring.set(
        outlet,
        this.#retire(outlet)
          .catch((error) => deliver.report.failed('closing a changed connection failed', error))
          .finally(() => this.#retiring.delete(outlet)),
      );
    }
  }

  /** Gives back what was not started and waits for what is in flight: for `graceMs`, then it is cut off. */
  async drain(graceMs: number): Promise<void> {
    this.#giveBack(this.all.flatMap((outlet) => outlet.stop()));
    const cancelCut = this.#parts.clock.after(graceMs, () => {
      for (const outlet of [...this.#open.values(), ...this.#retiring.keys()]) outlet.abortAll();
    });
    await Promise.all([...this.#retiring.values(), ...this.all.map((outlet) => outlet.whenIdle())]);
    cancelCut();
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((outlet) => outlet.close()));
  }

  async #retire(outlet: Outlet): Promise<void> {
    await Promise.allSettled(this.#parts.writing());
    this.#giveBack(outlet.stop());
    await outlet.whenIdle();
    await outlet.close();
  }

  #giveBack(jobs: readonly Job[]): void {
    for (const job of jobs) {
      if (job.work.lost) continue;
      job.work.giveBack(job.recipient);
      this.#parts.deliver.recorder.note(job.work);
    }
  }

  #outletFor(connectionId: string): Outlet | null {
    const known = this.#open.get(connectionId);
    if (known !== undefined) return known;
    const connection = this.#parts.tenancy.connectionById(connectionId);
    const channel = connection === null ? null : this.#parts.findChannel(connection.channel);
    if (connection === null || channel === null) return null;
    const outlet = this.#openOutlet(connection, channel);
    this.#open.set(connectionId, outlet);
    return outlet;
  }

  #openOutlet(connection: Connection, channel: Channel): Outlet {
    const { accounts, clock, deliver, leaseMs, meter, moments, tools } = this.#parts;
    const outlet: Outlet = new Outlet({
      connection,
      channel,
      session: channel.open(connection, tools),
      account: accounts.accountOf(connection, channel),
      hold: accounts.holdOf(connection, channel),
      clock,
      sendDeadlineMs: Math.min(MAX_SEND_MS, leaseMs / 2),
      mayStart: (lane) => !deliver.recorder.isFullFor(lane),
      onSending: () => moments.emit('sending', 1),
      onOutcome: (send, outcome, tookMs) => {
        moments.emit('sent', 1);
        meter.attempted(channel.id, outcome.kind, tookMs / 1_000);
        settle(deliver, outlet, send, outcome);
      },
      onRefused: (job, refusal) => settleRefused(deliver, job, refusal),
      onExpired: (job) => settleExpired(deliver, job),
      onClosed: (job) => settleClosed(deliver, job),
      onCancelled: (job) => settleCancelled(deliver, job),
      onPaused: (job) => settlePaused(deliver, job),
      onLater: (job, waitMs, detail) => settleLater(deliver, outlet, job, { waitMs, detail }),
      onFound: (job, address) => learnFound(deliver, outlet, job, address),
      lookUps: {
        onNotFound: (job, outcome, holdMs) => settleNotFound(deliver, outlet, job, { outcome, holdMs }),
        onHeld: (detail, holdMs) => deliver.report.lookUpsHeld(outlet, detail, holdMs),
        onMended: () => deliver.report.lookUpsMended(outlet),
      },
      onRoom: this.#parts.onRoom,
      onIdle: () => deliver.recorder.hurry(),
    });
    return outlet;
  }
}
