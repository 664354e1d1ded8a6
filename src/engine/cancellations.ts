import type { Clock } from '../model/clock.ts';
import type { HeldBatch, NotificationKey, Store } from '../store/port.ts';
import type { Work } from './work.ts';

export interface CancellationsParts {
  readonly store: Pick<Store, 'listCancelled' | 'endCancelled'>;
  readonly clock: Clock;
  /** Everything this process holds. */
  readonly works: ReadonlySet<Work>;
  /** Concludes whoever waits to be sent something by a work that is cancelled. */
  readonly withdraw: () => void;
  readonly isStopping: () => boolean;
  readonly onError: (error: unknown) => void;
}

/** So late at the latest a node learns what was cancelled on another. */
const EVERY_MS = 500;
/** A thousand recipients in one transaction: whoever sends a notification meanwhile waits for milliseconds. */
const BATCHES_PER_STEP = 10;

/**
 * What was cancelled comes to an end: this process starts nothing more of it, and what nobody works on is ended in
 * small steps. Every node does both; they take different batches, and none twice.
 */
export class Cancellations {
  readonly #parts: CancellationsParts;
  #running: Promise<void> | null = null;
  #again = false;
  #cancelTimer: () => void = () => {};
  /** A process that only answers calls holds nothing, and leaves the rest to those who do. */
  #isOn = false;

  constructor(parts: CancellationsParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#isOn = true;
    this.heed();
  }

  /** At once, where this process itself was asked to cancel. */
  heed(): void {
    if (!this.#isOn) return;
    if (this.#running !== null) {
      this.#again = true;
      return;
    }
    this.#cancelTimer();
    this.#running = this.#look()
      .catch(this.#parts.onError)
      .finally(() => this.#rest());
  }

  /** These are cancelled: of everything this process holds of them nothing more is begun, whoever of it asked. */
  hear(cancelled: readonly NotificationKey[]): void {
    if (cancelled.length === 0) return;
    const { works, withdraw } = this.#parts;
    const ids = new Set(cancelled.map(({ notificationId }) => notificationId));
    for (const work of works) if (ids.has(work.batch.notificationId)) work.isCancelled = true;
    withdraw();
  }

  /** Resolves when nothing of it is under way any more. */
  async stop(): Promise<void> {
    this.#isOn = false;
    this.#cancelTimer();
    await this.#running;
  }

  #rest(): void {
    this.#running = null;
    if (!this.#isOn) return;
    this.#cancelTimer = this.#parts.clock.after(this.#again ? 0 : EVERY_MS, () => this.heed());
    this.#again = false;
  }

  async #look(): Promise<void> {
    await this.#letGo();
    const { store, clock, isStopping } = this.#parts;
    while (!isStopping() && (await store.endCancelled({ at: clock.now(), limit: BATCHES_PER_STEP })) > 0);
  }

  async #letGo(): Promise<void> {
    const { store, works } = this.#parts;
    const unaware = [...works].filter((work) => !work.isCancelled && !work.lost);
    if (unaware.length === 0) return;
    this.hear(await store.listCancelled({ notifications: notificationsOf(unaware.map(({ batch }) => batch)) }));
  }
}

/** Each once. */
export const notificationsOf = (batches: readonly HeldBatch[]): NotificationKey[] => [
  ...new Map(batches.map((batch) => [batch.notificationId, batch] as const)).values(),
];
