import { randomUUID } from 'node:crypto';
import type { Clock } from '../model/clock.ts';
import type { Ended } from '../model/meter.ts';
import type { Log } from '../model/notification.ts';
import type { ActivityCell, ActivityReport } from '../store/port/activity.ts';
import type { NotificationKey } from '../store/port/notifications.ts';
import type { Store } from '../store/port.ts';
import { repeat } from './repeat.ts';

export interface ActivityParts {
  readonly store: Pick<Store, 'recordActivity'>;
  readonly clock: Clock;
  /** Those over which something goes on just now. */
  readonly describeConnections: () => ActivityReport['connections'];
  readonly onError: (error: unknown) => void;
}

const TELL_EVERY_MS = 5_000;
const MINUTE_MS = 60_000;
/** Of smaller ones the logs tell the same. */
export const LARGE = 100_000;

type Cell = { -readonly [Key in keyof ActivityCell]: ActivityCell[Key] };

/**
 * What this process did, minute by minute, told to the store every few seconds. Beside the road of a message it is a sum
 * in memory; what a crash takes away is a few seconds of a plot.
 */
export class Activity {
  readonly #parts: ActivityParts;
  readonly #node = randomUUID();
  readonly #cells = new Map<string, Cell>();
  /** Not told yet. */
  #changed = new Set<Cell>();
  #moved = new Map<string, NotificationKey>();
  #stop = () => {};

  constructor(parts: ActivityParts) {
    this.#parts = parts;
  }

  start(): void {
    const { clock, onError } = this.#parts;
    this.#stop = repeat({ clock, everyMs: TELL_EVERY_MS, task: () => this.tell(), onError });
  }

  /** Tells what is left; then nothing more is told. */
  async stop(): Promise<void> {
    this.#stop();
    await this.tell().catch(this.#parts.onError);
  }

  ended({ id, botId, connectionId, total }: Ended, logs: readonly Log[]): void {
    const minute = Math.floor(this.#parts.clock.now() / MINUTE_MS);
    let cell: Cell | null = null;
    for (const { state, reason } of logs) {
      // Most ends of a checkpoint are alike.
      if (cell?.state !== state || cell.reason !== reason)
        cell = this.#cellOf({ botId, connectionId, minute, state, reason });
      cell.count += 1;
    }
    if (total > LARGE) this.#moved.set(`${botId} ${id}`, { botId, notificationId: id });
  }

  #cellOf(kind: Omit<Cell, 'count'>): Cell {
    const key = `${kind.botId} ${kind.connectionId} ${kind.minute} ${kind.state} ${kind.reason ?? ''}`;
    const known = this.#cells.get(key);
    const cell = known ?? { ...kind, count: 0 };
    if (known === undefined) this.#cells.set(key, cell);
    this.#changed.add(cell);
    return cell;
  }

  async tell(): Promise<void> {
    const { store, clock, describeConnections } = this.#parts;
    const connections = describeConnections();
    const [told, moved] = [this.#changed, this.#moved];
    if (told.size + moved.size + connections.length === 0) return;
    this.#changed = new Set();
    this.#moved = new Map();
    const at = clock.now();
    try {
      const cells = [...told].map((cell) => ({ ...cell }));
      await store.recordActivity({ node: this.#node, at, cells, connections, moved: [...moved.values()] });
    } catch (error) {
      // Whole counts: whatever became of it, they may be said again.
      for (const cell of told) this.#changed.add(cell);
      for (const [key, notification] of moved) this.#moved.set(key, notification);
      throw error;
    }
    this.#forgetBefore(Math.floor(at / MINUTE_MS));
  }

  #forgetBefore(minute: number): void {
    for (const [key, cell] of this.#cells)
      if (cell.minute < minute && !this.#changed.has(cell)) this.#cells.delete(key);
  }
}
