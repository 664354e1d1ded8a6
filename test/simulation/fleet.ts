import type { Engine } from '../../src/engine/engine.ts';
import type { Clock, Random } from '../../src/model/clock.ts';
import type { Logger } from '../../src/model/logger.ts';
import type { Connection, Tenancy } from '../../src/model/tenancy.ts';
import { seededRandom } from '../support/seed.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';
import type { FarSide } from './far-side.ts';
import { Node } from './node.ts';
import type { Oracle } from './oracle.ts';
import type { Product } from './product.ts';
import { type Draw, drawFrom, type Incident, type Scenario } from './scenario.ts';
import type { StoreLink } from './store-link.ts';

export interface FleetParts {
  readonly product: Product;
  readonly scenario: Scenario;
  readonly clock: Clock;
  readonly oracle: Oracle;
  readonly link: StoreLink;
  readonly farSide: FarSide;
}

interface Ship {
  readonly node: Node;
  readonly engine: Engine;
  isDraining: boolean;
}

/** The processes: real engines that crash, stand still, drain, and are followed by others. */
export class Fleet {
  readonly #parts: FleetParts;
  readonly #draw: Draw;
  readonly #random: Random;
  readonly #tenancy: Tenancy;
  /** By place; null: the next one has not started yet. */
  readonly #ships: (Ship | null)[] = [];
  #launched = 0;
  #isEnding = false;

  constructor(parts: FleetParts) {
    this.#parts = parts;
    this.#draw = drawFrom(seededRandom(parts.scenario.seed ^ 0xf1ee));
    this.#random = seededRandom(parts.scenario.seed ^ 0xeace);
    this.#tenancy = tenancyOf(parts.scenario);
  }

  start(): void {
    const { scenario, clock } = this.#parts;
    for (let place = 0; place < scenario.nodes; place += 1) this.#launch(place);
    for (const incident of scenario.incidents) clock.after(incident.at, () => this.#meet(incident));
  }

  /** The process that was asked to cancel knows of it at once. */
  heedCallers(): void {
    const asked = this.#ships[0] ?? null;
    asked?.node.enter(() => asked.engine.heedCallers());
  }

  /** Everybody who is to come back has come back. */
  get isWhole(): boolean {
    return this.#ships.every((ship) => ship?.node.state === 'up' && !ship.isDraining);
  }

  /** Shuts down whoever is left, as a deployment would. */
  async end(clock: VirtualClock): Promise<void> {
    this.#isEnding = true;
    const left = this.#ships.flatMap((ship) => (ship?.node.state === 'up' && !ship.isDraining ? [ship] : []));
    let isOver = false;
    const drained = Promise.all(left.map((ship) => ship.engine.drain(0))).then(() => {
      isOver = true;
    });
    for (let waited = 0; !isOver && waited < MAX_DRAIN_MS; waited += 100) await clock.advance(100);
    if (!isOver) this.#parts.oracle.violate('a drain does not end');
    else await drained;
    for (const ship of this.#ships) ship?.node.die();
    await clock.advance(LATEST_MS);
  }

  #launch(place: number): void {
    const { scenario, clock, oracle, link, farSide, product } = this.#parts;
    this.#launched += 1;
    const node = new Node(`n${this.#launched}`, clock);
    oracle.note(`${node.name} starts`);
    const channel = farSide.channelOf(node);
    const engine = new product.Engine({
      store: link.storeOf(node),
      tenancy: this.#tenancy,
      findChannel: () => channel,
      tools: {
        outbound: { request: () => Promise.reject(new Error('there is no network')), close: async () => {} },
        clock: node.clock,
        random: this.#random,
        publicUrl: null,
      },
      renderer: { render: () => Promise.reject(new Error('there are no scripts')), close: async () => {} },
      clock: node.clock,
      random: this.#random,
      logger: this.#loggerOf(node),
      leaseMs: scenario.leaseMs,
    });
    this.#ships[place] = { node, engine, isDraining: false };
    // A process that cannot start is started again by whoever looks after it.
    engine.start().catch(() => {
      node.die();
      this.#launchLater(place, RESTART_MS);
    });
  }

  #launchLater(place: number, delayMs: number): void {
    this.#ships[place] = null;
    this.#parts.clock.after(delayMs, () => this.#launch(place));
  }

  #meet({ kind, node: place, forMs }: Incident): void {
    const ship = this.#ships[place] ?? null;
    if (ship?.node.state !== 'up' || this.#isEnding) return;
    this.#parts.oracle.note(`${ship.node.name}: ${kind}`);
    if (kind === 'pause') this.#pause(ship, forMs);
    else if (kind === 'drain') void this.#drain(place, ship);
    else {
      ship.node.die();
      this.#launchLater(place, forMs);
    }
  }

  #pause({ node }: Ship, forMs: number): void {
    const { clock, oracle } = this.#parts;
    node.pause();
    clock.after(forMs, () => {
      oracle.note(`${node.name} goes on`);
      node.resume();
    });
  }

  async #drain(place: number, ship: Ship): Promise<void> {
    if (ship.isDraining) return;
    ship.isDraining = true;
    await ship.engine.drain(this.#draw.pick([0, 300, 15_000]));
    // It may have been killed meanwhile.
    if (ship.node.state !== 'up') return;
    const { batchesHeld, waiting, inFlight, unrecorded } = ship.engine.snapshot();
    const left = { batchesHeld, waiting, inFlight, unrecorded };
    this.#parts.oracle.note(`${ship.node.name} has drained`);
    if (Object.values(left).some((count) => count !== 0)) {
      this.#parts.oracle.violate(`${ship.node.name} drained and left ${JSON.stringify(left)}`);
    }
    ship.node.die();
    this.#launchLater(place, RESTART_MS);
  }

  /** The engine logs what it did not expect; trouble with the store is expected. */
  #loggerOf(node: Node): Logger {
    const { oracle, product } = this.#parts;
    const hear: Logger['error'] = (event, fields) => {
      const error = fields?.error;
      if (error !== undefined && !(error instanceof product.StoreUnavailable)) {
        oracle.violate(`${node.name} logs: ${event}: ${error instanceof Error ? error.message : error}`);
      }
    };
    return { debug() {}, info() {}, warn: hear, error: hear };
  }
}

const RESTART_MS = 200;
const MAX_DRAIN_MS = 60_000;
/** What was given up may take effect so much later. */
const LATEST_MS = 10_000;

function tenancyOf({ bots }: Scenario): Tenancy {
  const connections = bots.map(
    ({ botId, connectionId: id, perSecond, concurrency }): Connection => ({
      id,
      botId,
      channel: 'toy',
      name: null,
      settings: {},
      limits: { perSecond, concurrency },
      allowPrivateNetwork: false,
    }),
  );
  return {
    callLimits: { perMinute: 0, perHour: 0 },
    retention: () => ({}),
    app: () => null,
    bot: () => null,
    bots: () => bots.map(({ botId }) => ({ id: botId, name: 'Simulated' })),
    connections: (botId) => connections.filter((connection) => connection.botId === botId),
    connection: () => null,
    connectionById: (id) => connections.find((connection) => connection.id === id) ?? null,
  };
}
