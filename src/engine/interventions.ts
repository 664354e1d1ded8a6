import type { Clock } from '../model/clock.ts';
import type { Change } from '../store/port/interventions.ts';
import type { NotificationKey } from '../store/port/notifications.ts';
import type { HeldBatch } from '../store/port/work.ts';
import type { Store } from '../store/port.ts';
import type { KnownNotifications } from './known-notifications.ts';
import type { Work } from './work.ts';

export interface InterventionsParts {
  readonly store: Pick<Store, 'listChanged' | 'endCancelled' | 'settlePauses' | 'goOnRetrying' | 'goOnErasing'>;
  readonly clock: Clock;
  /** Everything this process holds. */
  readonly works: ReadonlySet<Work>;
  readonly notifications: Pick<KnownNotifications, 'extend'>;
  /** Lets go of whoever waits to be sent something by a work that is cancelled or paused. */
  readonly withdraw: () => void;
  /** There may be something to claim that was parked. */
  readonly onReleased: () => void;
  readonly isStopping: () => boolean;
  readonly onError: (error: unknown) => void;
}

/** So late at the latest a node learns what was asked of another. */
const EVERY_MS = 500;
/** A thousand recipients in one transaction: whoever sends a notification meanwhile waits for milliseconds. */
const BATCHES_PER_STEP = 10;
/** Nothing is read or written of who is in them. */
const PARKED_PER_STEP = 250;

/**
 * What callers ask of notifications under way. What was cancelled comes to an end and what was paused stands still: this
 * process starts nothing more of it, and what nobody works on is ended, parked, let go or brought back in small steps.
 * Every node does all of it; they take different batches, and none twice.
 */
export class Interventions {
  readonly #parts: InterventionsParts;
  #running: Promise<void> | null = null;
  #again = false;
  #cancelTimer: () => void = () => {};
  /** A process that only answers calls holds nothing, and leaves the rest to those who do. */
  #isOn = false;

  constructor(parts: InterventionsParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#isOn = true;
    this.heed();
  }

  /** At once, where this process itself was asked. */
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

  /** All that this process holds of these heeds it, whoever of it asked. */
  hear(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    const { works, notifications, withdraw } = this.#parts;
    const byId = new Map(changes.map((change) => [change.notificationId, change]));
    for (const change of changes) if (change.expiresAt !== null) notifications.extend(change, change.expiresAt);
    let isAnyStopped = false;
    for (const work of works) {
      const change = byId.get(work.batch.notificationId);
      if (change !== undefined && heed(work, change)) isAnyStopped = true;
    }
    if (isAnyStopped) withdraw();
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
    const { store, clock, isStopping, onReleased } = this.#parts;
    while (!isStopping() && (await store.endCancelled({ at: clock.now(), limit: BATCHES_PER_STEP })) > 0);
    while (!isStopping() && (await store.settlePauses({ at: clock.now(), limit: PARKED_PER_STEP })) > 0) onReleased();
    while (!isStopping() && (await store.goOnRetrying({ at: clock.now() })) > 0) onReleased();
    while (!isStopping() && (await store.goOnErasing({ at: clock.now() })) > 0);
  }

  async #letGo(): Promise<void> {
    const { store, works } = this.#parts;
    const unaware = [...works].filter((work) => !work.isCancelled && !work.lost);
    if (unaware.length === 0) return;
    this.hear(await store.listChanged({ notifications: notificationsOf(unaware.map(({ batch }) => batch)) }));
  }
}

/** True: it stops by this. A resume is none of it, for what was held comes back and is claimed anew. */
function heed(work: Work, { isCancelled, isPaused, expiresAt }: Change): boolean {
  const isNews = (isCancelled && !work.isCancelled) || (isPaused && !work.isPaused);
  work.isCancelled ||= isCancelled;
  work.isPaused ||= isPaused;
  if (expiresAt !== null) work.notification = { ...work.notification, expiresAt, isExtended: true };
  return isNews;
}

/** Each once. */
export const notificationsOf = (batches: readonly HeldBatch[]): NotificationKey[] => [
  ...new Map(batches.map((batch) => [batch.notificationId, batch] as const)).values(),
];
