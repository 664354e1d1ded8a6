import { setImmediate } from 'node:timers/promises';
import type { Store } from '../../src/store/port.ts';
import { seededRandom } from '../support/seed.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';
import type { Node } from './node.ts';
import type { Oracle } from './oracle.ts';
import type { Product } from './product.ts';
import { type Draw, drawFrom, type Scenario } from './scenario.ts';

/**
 * What may happen to a call of the store. `before`: it never got there. `after`: it took effect and the answer was
 * lost. `late`: it was given up, and takes effect all the same a little later.
 */
type Fate = 'well' | 'slow' | 'before' | 'after' | 'late';

/** The way from the processes to the one store, with everything that can go wrong on it. */
export class StoreLink {
  /** Calls under way in the real store, which settle without time moving. */
  calls = 0;
  readonly #scenario: Scenario;
  readonly #store: Store;
  readonly #product: Product;
  readonly #clock: VirtualClock;
  readonly #oracle: Oracle;
  readonly #draw: Draw;
  readonly #startsAt: number;
  readonly #listeners: (() => void)[] = [];
  /** What shares a commit takes effect in the order it was asked for, but its answers come in any: the oracle is told in that order. */
  #told: Promise<unknown> = Promise.resolve();

  constructor(parts: {
    readonly scenario: Scenario;
    readonly store: Store;
    readonly product: Product;
    readonly clock: VirtualClock;
    readonly oracle: Oracle;
  }) {
    this.#scenario = parts.scenario;
    this.#store = parts.store;
    this.#product = parts.product;
    this.#clock = parts.clock;
    this.#oracle = parts.oracle;
    this.#startsAt = parts.clock.now();
    this.#draw = drawFrom(seededRandom(parts.scenario.seed ^ 0x570e));
  }

  /** Resolves when nothing is left to happen at this moment. */
  async whenSettled(): Promise<void> {
    await allReactions();
    // The store commits a group in the event loop's next turn.
    while (this.calls > 0) await setImmediate();
  }

  /** Hints to look for work; some are lost. */
  announce(): void {
    for (const listener of this.#listeners) if (this.#draw.chance(0.7)) listener();
  }

  /** The store as one process has it. */
  storeOf(node: Node): Store {
    const [store, oracle] = [this.#store, this.#oracle];
    const call = <T>(verb: string, run: () => Promise<T>, onEffect?: (result: T) => void) =>
      node.hear(this.#carry(`${node.name} ${verb}`, run, onEffect));
    return {
      ...store,
      kind: this.#scenario.kind,
      accept: (request) => call('accept', () => store.accept(request)),
      listQueues: (request) => call('listQueues', () => store.listQueues(request)),
      claimDue: (request) =>
        call(
          'claimDue',
          () => store.claimDue(request),
          (batches) => oracle.claimed(node, batches),
        ).then((batches) => this.#tellLate(node, batches)),
      extendLeases: (request) => call('extendLeases', () => store.extendLeases(request)),
      listLoggedSeqs: (request) => call('listLoggedSeqs', () => store.listLoggedSeqs(request)),
      checkpoint: (request) =>
        call(
          'checkpoint',
          () => store.checkpoint(request),
          ({ lost }) => oracle.checkpointed(node, request, lost),
        ).then((result) => {
          oracle.acknowledged(request, result.lost);
          return result;
        }),
      cancel: (request) => call('cancel', () => store.cancel(request)),
      tallyCancelled: (key) =>
        call(
          'tallyCancelled',
          () => store.tallyCancelled(key),
          (tally) => oracle.tallied(key, tally),
        ),
      listChanged: (request) =>
        call('listChanged', () => store.listChanged(request)).then((changes) => {
          oracle.heardOfCancel(
            node,
            changes.filter(({ isCancelled }) => isCancelled),
          );
          return changes;
        }),
      endCancelled: (request) => call('endCancelled', () => this.#endCancelled(request)),
      pause: (request) => call('pause', () => store.pause(request)),
      resume: (request) => call('resume', () => store.resume(request)),
      tallyPaused: (key) =>
        call(
          'tallyPaused',
          () => store.tallyPaused(key),
          (tally) => oracle.tallyPaused(key, tally),
        ),
      settlePauses: (request) => call('settlePauses', () => store.settlePauses(request)),
      goOnRetrying: (request) => call('goOnRetrying', () => store.goOnRetrying(request)),
      goOnErasing: (request) => call('goOnErasing', () => store.goOnErasing(request)),
      voidLeases: () => call('voidLeases', () => store.voidLeases()),
      findNotifications: (request) => call('findNotifications', () => store.findNotifications(request)),
      findNotification: (key) => call('findNotification', () => store.findNotification(key)),
      resolve: (request) => call('resolve', () => store.resolve(request)),
      saveAddresses: (request) => call('saveAddresses', () => store.saveAddresses(request)),
      markWorked: (request) => call('markWorked', () => store.markWorked(request)),
      prune: (request) => call('prune', () => store.prune(request)),
      // By a name that comes from the seed, for the order of names decides who is given what is left over.
      shareRates: (request) =>
        call('shareRates', () => store.shareRates({ ...request, node: `${this.#scenario.seed} ${node.name}` })),
      onWake: (listener) => {
        this.#listeners.push(() => node.enter(listener));
      },
    };
  }

  /** For whoever is no process of the simulation: nothing goes wrong. */
  async directly<T>(run: (store: Store) => Promise<T>): Promise<T> {
    this.calls += 1;
    try {
      return await run(this.#store);
    } finally {
      this.calls -= 1;
    }
  }

  /** The answer is a number; the oracle wants to know who. */
  async #endCancelled(request: { readonly at: number; readonly limit: number }): Promise<number> {
    const ended = await this.#store.endCancelled(request);
    if (ended === 0) return 0;
    for (const { botId, id } of this.#oracle.notifications) {
      const key = { botId, notificationId: id };
      this.#oracle.endedByCancel(key, await this.#store.listLogs({ ...key, afterSeq: -1, limit: 1_000 }));
    }
    return ended;
  }

  async #carry<T>(what: string, run: () => Promise<T>, onEffect?: (result: T) => void): Promise<T> {
    const fate = this.#drawFate();
    if (fate !== 'well') this.#oracle.note(`${what} fares ${fate}`);
    // A database in the process itself does nothing after the process has ended.
    const isApart = this.#scenario.kind === 'postgres';
    if (fate === 'slow' && isApart) await this.#sleep(this.#draw.integer(1, 3_000));
    if (fate === 'before') await this.#giveUp();
    if (fate === 'late' && isApart) {
      this.#clock.after(this.#draw.integer(1, 4_000), () => {
        // Nobody hears how it went; the database may refuse it.
        void this.#perform(run, onEffect).catch(() => {});
      });
      await this.#giveUp();
    }
    const result = await this.#perform(run, onEffect);
    if (fate === 'after' || fate === 'late') await this.#giveUp();
    if (fate === 'slow') await this.#sleep(this.#draw.integer(1, 5_000));
    return result;
  }

  async #perform<T>(run: () => Promise<T>, onEffect?: (result: T) => void): Promise<T> {
    if (onEffect === undefined) return this.directly(run);
    const earlier = this.#told;
    const tell = async (performed: Promise<T>) => {
      const result = await performed;
      await earlier;
      onEffect(result);
      return result;
    };
    const told = tell(this.directly(run));
    this.#told = Promise.allSettled([earlier, told]);
    return told;
  }

  /** As when a process stands still between the database's answer and its own next line. */
  async #tellLate<T>(node: Node, batches: T): Promise<T> {
    const { storeFaults, calmAt, leaseMs } = this.#scenario;
    const mayBeLate = storeFaults.lateClaims && this.#clock.now() - this.#startsAt < calmAt;
    if (!mayBeLate || !this.#draw.chance(0.25)) return batches;
    this.#oracle.note(`${node.name} is told late of its claim`);
    return node.hear(this.#sleep(this.#draw.integer(leaseMs / 2, 1.5 * leaseMs)).then(() => batches));
  }

  #drawFate(): Fate {
    const { storeFaults, calmAt } = this.#scenario;
    const at = this.#clock.now() - this.#startsAt;
    if (at >= calmAt) return 'well';
    if (storeFaults.outage !== null && at >= storeFaults.outage.from && at < storeFaults.outage.to) return 'before';
    if (storeFaults.share === 0 || !this.#draw.chance(storeFaults.share)) return 'well';
    return this.#draw.pick(['slow', 'slow', 'before', 'after', 'late']);
  }

  async #giveUp(): Promise<never> {
    await this.#sleep(this.#draw.integer(1, 500));
    throw new this.#product.StoreUnavailable('simulated');
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }
}

/** Node runs what was asked for the next tick after every promise's reactions, and theirs, without a turn of the event loop. */
const allReactions = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
