import { derivedId } from '../../src/model/ids.ts';
import type { Notification, Recipient } from '../../src/model/notification.ts';
import type { NotificationKey } from '../../src/store/port/notifications.ts';
import type { Store } from '../../src/store/port.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { FarSide, MALFORMED } from './far-side.ts';
import { Fleet } from './fleet.ts';
import { Node } from './node.ts';
import { Oracle } from './oracle.ts';
import type { Product, Stores } from './product.ts';
import { checkCounters, checkEnd } from './rules.ts';
import { drawScenario, type NotificationPlan, type Scenario } from './scenario.ts';
import { StoreLink } from './store-link.ts';

export interface Verdict {
  readonly seed: number;
  /** What was promised and not kept; empty: all is well. */
  readonly violations: readonly string[];
  /** The same for the same seed, for ever. */
  readonly traceHash: string;
  readonly trace: readonly string[];
  /** How much was simulated. */
  readonly virtualMs: number;
}

/** Lives through everything one seed decides, faster than any clock. */
export async function runWorld(product: Product, stores: Stores, seed: number): Promise<Verdict> {
  const world = await World.create(product, stores, drawScenario(seed));
  const verdict = await world.run();
  if (verdict.violations.length > 0) await stores.discard();
  return verdict;
}

const STARTS_AT = 1_800_000_000_000;
/** Between two looks at whether it is over. */
const STEP_MS = 500;
/** What was given up may take effect so much later. */
const LATEST_MS = 10_000;
const STEPS_PER_AUDIT = 10;
/** After the last fault; the longest that back-offs, holds and lapsed leases can take, and some. */
const PATIENCE_MS = 3_600_000;

class World {
  readonly #scenario: Scenario;
  readonly #clock: VirtualClock;
  readonly #oracle: Oracle;
  readonly #link: StoreLink;
  readonly #fleet: Fleet;
  /** Notifications that have been looked at since they were finished. */
  readonly #over = new Set<string>();
  #toCome: number;

  static async create(product: Product, stores: Stores, scenario: Scenario): Promise<World> {
    const clock: VirtualClock = new VirtualClock(STARTS_AT, () => world.#link.whenSettled());
    const store = await stores.take(clock);
    const world = new World(product, store, scenario, clock);
    return world;
  }

  constructor(product: Product, store: Store, scenario: Scenario, clock: VirtualClock) {
    this.#scenario = scenario;
    this.#clock = clock;
    this.#oracle = new Oracle(scenario, clock);
    this.#link = new StoreLink({ scenario, store, product, clock, oracle: this.#oracle });
    const farSide = new FarSide(scenario, clock, this.#oracle);
    this.#fleet = new Fleet({ product, scenario, clock, oracle: this.#oracle, link: this.#link, farSide });
    this.#toCome = scenario.notifications.length;
  }

  async run(): Promise<Verdict> {
    this.#fleet.start();
    for (const [index, plan] of this.#scenario.notifications.entries()) {
      this.#clock.after(plan.at, () => void this.#ask(plan, index));
    }
    await this.#live();
    await this.#fleet.end(this.#clock);
    await this.#audit(true);
    const { violations, traceHash, trace } = this.#oracle;
    const virtualMs = this.#clock.now() - STARTS_AT;
    return { seed: this.#scenario.seed, violations, traceHash, trace, virtualMs };
  }

  async #live(): Promise<void> {
    const limit = STARTS_AT + this.#scenario.calmAt + PATIENCE_MS;
    for (let step = 1; this.#clock.now() < limit; step += 1) {
      await this.#clock.advance(STEP_MS);
      if (this.#oracle.violations.length > 0) return;
      if (step % STEPS_PER_AUDIT === 0) await this.#audit(false);
      if (this.#toCome === 0 && this.#fleet.isWhole && this.#oracle.isFinished) return;
    }
  }

  /** A client that asks until it is answered, always by the same key. */
  async #ask(plan: NotificationPlan, index: number): Promise<void> {
    const client = new Node(`client ${index}`, this.#clock);
    const notification = notificationOf(plan, index, this.#scenario.seed, this.#clock.now());
    this.#oracle.accepted(notification);
    const { botId, appId, id } = notification;
    const reply = { fingerprint: id, status: 200, body: id, createdAt: notification.createdAt };
    const idempotency = { botId, appId, route: 'notify', key: id, ...reply };
    const request = { notification, recipients: recipientsOf(plan), delayMs: 0, idempotency };
    for (;;) {
      try {
        await this.#link.storeOf(client).accept(request);
        this.#toCome -= 1;
        this.#link.announce();
        const key = { botId, notificationId: id };
        if (plan.cancelAfterMs !== null) this.#clock.after(plan.cancelAfterMs, () => void this.#cancel(key, index));
        if (plan.pause !== null) void this.#pause(key, index, plan.pause);
        return;
      } catch {
        await new Promise<void>((resolve) => this.#clock.after(500, resolve));
      }
    }
  }

  /** As the HTTP surface does it, for a caller who asks until there is an answer. */
  async #cancel(key: NotificationKey, index: number): Promise<void> {
    const store = this.#link.storeOf(new Node(`canceller ${index}`, this.#clock));
    for (;;) {
      try {
        await store.cancel({ ...key, at: this.#clock.now() });
        this.#fleet.heedCallers();
        await store.tallyCancelled(key);
        return;
      } catch {
        await new Promise<void>((resolve) => this.#clock.after(500, resolve));
      }
    }
  }

  /** The same for one who wants it to stand still for a while. */
  async #pause(key: NotificationKey, index: number, plan: { readonly afterMs: number; readonly forMs: number }) {
    const store = this.#link.storeOf(new Node(`pauser ${index}`, this.#clock));
    const sleep = (ms: number) => new Promise<void>((resolve) => this.#clock.after(ms, resolve));
    const insist = async (ask: () => Promise<unknown>) => {
      for (let isDone = false; !isDone; ) {
        isDone = await ask().then(
          () => true,
          () => false,
        );
        if (!isDone) await sleep(500);
      }
      this.#fleet.heedCallers();
    };
    await sleep(plan.afterMs);
    this.#oracle.pausing(key);
    await insist(() => store.pause({ ...key, at: this.#clock.now(), reason: 'caller' }));
    await insist(() => store.tallyPaused(key));
    await sleep(plan.forMs);
    this.#oracle.resuming(key);
    await insist(() => store.resume(key));
    // A pause that was given up may take effect after all.
    await sleep(LATEST_MS);
    await insist(() => store.resume(key));
  }

  async #audit(isOver: boolean): Promise<void> {
    for (const { botId, id: notificationId } of this.#oracle.notifications) {
      // What is over can only change by a violation that the end shows too.
      if (!isOver && this.#over.has(notificationId)) continue;
      const status = await this.#link.directly((store) => store.findNotification({ botId, notificationId }));
      const page = { botId, notificationId, afterSeq: -1, limit: 1_000 };
      const logs = await this.#link.directly((store) => store.listLogs(page));
      if (status !== null && status.finishedAt !== null) this.#over.add(notificationId);
      if (status !== null && isOver) checkEnd(this.#oracle, this.#scenario, status, logs);
      else if (status !== null) checkCounters(this.#oracle, status, logs);
      else if (isOver) this.#oracle.violate(`${notificationId} was accepted and is not there`);
    }
  }
}

function notificationOf(plan: NotificationPlan, index: number, seed: number, now: number): Notification {
  const { botId, connectionId } = plan.bot;
  return {
    botId,
    id: derivedId('ds', `simulation ${seed} ${index}`),
    api: 'native',
    appId: 'cs-1',
    createdBy: 'u-1',
    channel: 'toy',
    channelSpelling: 'toy',
    connectionId,
    resolve: plan.resolve,
    lane: plan.lane,
    message: { type: 'text', text: plan.isMalformed ? MALFORMED : 'Hello' },
    total: plan.recipients,
    createdAt: now,
    expiresAt: now + plan.expiresInMs,
  };
}

const recipientsOf = ({ recipients, people }: NotificationPlan): Recipient[] =>
  Array.from({ length: recipients }, (_, seq) => ({
    seq,
    identity: `p${seq % people}@x.org`,
    customMessage: null,
    parameters: null,
    attempts: 0,
    maybeSent: false,
  }));
