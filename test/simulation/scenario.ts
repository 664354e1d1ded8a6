import type { RateWindow } from '../../src/channels/contract.ts';
import type { Random } from '../../src/model/clock.ts';
import { connectionId, derivedId } from '../../src/model/ids.ts';
import { LANES, type Lane } from '../../src/model/notification.ts';
import { seededRandom } from '../support/seed.ts';

/** What one seed decides before time begins; what happens on the way is drawn from streams of the same seed. */
export interface Scenario {
  readonly seed: number;
  /** `sqlite`: one process at a time, which voids leases at its start. `postgres`: several, whose leases lapse. */
  readonly kind: 'sqlite' | 'postgres';
  readonly nodes: number;
  readonly leaseMs: number;
  /** Ms from the start after which nothing goes wrong any more. */
  readonly calmAt: number;
  readonly bots: readonly BotPlan[];
  readonly channel: ChannelPlan;
  readonly notifications: readonly NotificationPlan[];
  readonly provider: ProviderPlan;
  readonly incidents: readonly Incident[];
  readonly storeFaults: StoreFaultPlan;
}

export interface BotPlan {
  readonly botId: string;
  readonly connectionId: string;
  readonly perSecond: number | null;
  readonly concurrency: number;
}

export interface ChannelPlan {
  readonly afterUnknown: 'retry' | 'hold';
  /** All connections spend one quota. */
  readonly isShared: boolean;
  /** Of each conversation. */
  readonly windows: readonly RateWindow[];
}

export interface NotificationPlan {
  readonly at: number;
  readonly bot: BotPlan;
  readonly lane: Lane;
  readonly resolve: boolean;
  readonly recipients: number;
  /** Several recipients may be one person, hence one conversation. */
  readonly people: number;
  readonly expiresInMs: number;
  /** The provider takes this message for nobody. */
  readonly isMalformed: boolean;
  /** So long after it was accepted its caller wants it sent no more; null: never. */
  readonly cancelAfterMs: number | null;
  /** So long after it was accepted its caller pauses it, and for how long; null: never. */
  readonly pause: { readonly afterMs: number; readonly forMs: number } | null;
}

export interface ProviderPlan {
  readonly weights: readonly (readonly [Mood, number])[];
  readonly latencyMs: number;
  /** When it refuses the connection, ms from the start. */
  readonly outage: { readonly from: number; readonly to: number } | null;
}

/** What the provider does with one call. */
export const MOODS = [
  'accept',
  'fail',
  'failWithWait',
  'refuse',
  'busyRecipient',
  'busyConnection',
  'busyVaguely',
  'takeAndLoseAnswer',
  'loseRequest',
  'hang',
  'takeAndHang',
] as const;
export type Mood = (typeof MOODS)[number];

/** `crash`: it never comes back, another starts. `pause`: its process stands still. `drain`: it ends in good order. */
export interface Incident {
  readonly at: number;
  readonly kind: 'crash' | 'pause' | 'drain';
  readonly node: number;
  readonly forMs: number;
}

export interface StoreFaultPlan {
  /** Share of calls that something happens to. */
  readonly share: number;
  /** Many a claim is heard of about when its lease ends. */
  readonly lateClaims: boolean;
  /** When it cannot be reached at all, ms from the start. */
  readonly outage: { readonly from: number; readonly to: number } | null;
}

export function drawScenario(seed: number): Scenario {
  const random = seededRandom(seed);
  const draw = drawFrom(random);
  // Of their own, so that what a seed decides of everything else is as it was without them.
  const cancels = drawFrom(seededRandom(seed ^ 0xca9ce1));
  const pauses = drawFrom(seededRandom(seed ^ 0x9a05e));
  const kind = draw.chance(0.25) ? 'sqlite' : 'postgres';
  const nodes = kind === 'sqlite' ? 1 : draw.pick([1, 2, 2, 3]);
  const leaseMs = draw.pick([2_000, 4_000, 8_000]);
  const calmAt = draw.integer(4_000, 14_000);
  const isShared = draw.chance(0.3);
  const bots = drawBots(draw, seed, isShared);
  return {
    seed,
    kind,
    nodes,
    leaseMs,
    calmAt,
    bots,
    channel: {
      afterUnknown: draw.chance(0.75) ? 'retry' : 'hold',
      isShared,
      windows: draw.chance(0.5) ? [] : draw.pick([[{ calls: 1, ms: 1_000 }], TWO_WINDOWS]),
    },
    notifications: Array.from({ length: draw.integer(1, 4) }, () => drawNotification(draw, bots, calmAt)).map(
      (plan) => ({
        ...plan,
        cancelAfterMs: cancels.chance(0.3) ? cancels.integer(0, cancels.pick([50, 1_000, calmAt])) : null,
        pause: pauses.chance(0.3)
          ? { afterMs: pauses.integer(0, pauses.pick([50, 1_000, calmAt])), forMs: pauses.integer(50, calmAt) }
          : null,
      }),
    ),
    provider: drawProvider(draw, calmAt),
    incidents: draw.chance(0.65) ? drawIncidents(draw, { calmAt, nodes, leaseMs }) : [],
    storeFaults: draw.chance(0.5) ? NO_STORE_FAULTS : drawStoreFaults(draw, calmAt),
  };
}

const TWO_WINDOWS: readonly RateWindow[] = [
  { calls: 2, ms: 1_000 },
  { calls: 5, ms: 8_000 },
];
const NO_STORE_FAULTS: StoreFaultPlan = { share: 0, lateClaims: false, outage: null };

function drawBots(draw: Draw, seed: number, isShared: boolean): BotPlan[] {
  const shared = { perSecond: draw.pick([null, 0, 5, 20]), concurrency: draw.pick([1, 3, 10]) };
  return Array.from({ length: draw.integer(1, 3) }, (_, index) => {
    const botId = derivedId('st', `simulation ${seed} ${index}`);
    const own = { perSecond: draw.pick([null, null, 0, 5, 20]), concurrency: draw.pick([1, 3, 10]) };
    return { botId, connectionId: connectionId(botId, 'toy', null), ...(isShared ? shared : own) };
  });
}

function drawNotification(
  draw: Draw,
  bots: readonly BotPlan[],
  calmAt: number,
): Omit<NotificationPlan, 'cancelAfterMs' | 'pause'> {
  const recipients = draw.chance(0.02) ? draw.integer(90, 130) : draw.integer(1, 12);
  return {
    at: draw.chance(0.4) ? 0 : draw.integer(0, calmAt),
    bot: draw.pick(bots),
    lane: draw.pick(LANES),
    resolve: draw.chance(0.5),
    recipients,
    people: draw.chance(0.6) ? recipients : Math.ceil(recipients / 3),
    expiresInMs: draw.chance(0.3) ? draw.integer(500, 20_000) : 24 * 3_600_000,
    isMalformed: draw.chance(0.04),
  };
}

function drawProvider(draw: Draw, calmAt: number): ProviderPlan {
  const trouble = draw.pick([0, 0.1, 0.4, 0.8]);
  const troubles = MOODS.filter((mood) => mood !== 'accept').map(
    (mood) => [mood, draw.chance(0.6) ? draw.random() * trouble : 0] as const,
  );
  const from = draw.integer(0, calmAt);
  return {
    weights: [['accept', 1], ...troubles],
    latencyMs: draw.pick([5, 100, 100, 1_000, 3_000]),
    outage: draw.chance(0.15) ? { from, to: Math.min(calmAt, from + draw.integer(1_000, 10_000)) } : null,
  };
}

interface Circumstances {
  readonly calmAt: number;
  readonly nodes: number;
  readonly leaseMs: number;
}

function drawIncidents(draw: Draw, { calmAt, nodes, leaseMs }: Circumstances): Incident[] {
  const kinds = draw.pick([['drain'], ['crash'], ['pause'], ['crash', 'pause', 'pause', 'drain']] as const);
  const incidents = Array.from({ length: draw.integer(1, 6) }, () => ({
    at: draw.integer(0, calmAt),
    kind: draw.pick(kinds),
    node: draw.integer(0, nodes - 1),
    forMs: draw.integer(100, 3 * leaseMs),
  }));
  return incidents.sort((one, other) => one.at - other.at);
}

function drawStoreFaults(draw: Draw, calmAt: number): StoreFaultPlan {
  const from = draw.integer(0, calmAt);
  return {
    share: draw.pick([0.02, 0.1, 0.3]),
    lateClaims: draw.chance(0.5),
    outage: draw.chance(0.3) ? { from, to: Math.min(calmAt, from + draw.integer(500, 6_000)) } : null,
  };
}

export interface Draw {
  readonly random: Random;
  chance(probability: number): boolean;
  /** Both ends included. */
  integer(low: number, high: number): number;
  pick<T>(choices: readonly T[]): T;
  weighted<T>(choices: readonly (readonly [T, number])[]): T;
}

export function drawFrom(random: Random): Draw {
  const at = <T>(choices: readonly T[], index: number): T => {
    const choice = choices[index];
    if (choice === undefined) throw new RangeError('nothing to draw from');
    return choice;
  };
  return {
    random,
    chance: (probability) => random() < probability,
    integer: (low, high) => low + Math.floor(random() * (high - low + 1)),
    pick: (choices) => choices[Math.floor(random() * choices.length)] ?? at(choices, 0),
    weighted(choices) {
      let left = random() * choices.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [choice, weight] of choices) {
        left -= weight;
        if (left < 0) return choice;
      }
      return at(choices, 0)[0];
    },
  };
}
