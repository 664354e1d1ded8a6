import assert from 'node:assert/strict';
import type { AsyncCommand } from 'fast-check';
import type { Client } from '../../src/client/client.ts';
import { ClientError } from '../../src/client/client-error.ts';
import { check } from './check.ts';
import type { Delivered, Expected, ExpectedNotification } from './expected.ts';
import { workOff } from './rules.ts';
import type { World } from './world.ts';

/** One bot in the world, and what its providers are to have. */
export interface Real {
  readonly world: World;
  readonly botId: string;
  readonly delivered: Delivered;
  /** How often each command ran, by its first word. */
  readonly tally: Map<string, number>;
}

/** Nobody is tried ten times, which is when the first lane gives up. */
export const MAX_LEAPS = 3;
export const HOUR_MS = 3_600_000;

export async function leap(expected: Expected, { world }: Real, ms: number): Promise<void> {
  expected.leaps += 1;
  await world.leap(ms);
}

const isAwaited = ({ notifications }: Readonly<Expected>): boolean =>
  notifications.some(({ recipients }) => recipients.some(({ isBackingOff }) => isBackingOff));

/** What decides how the next try ends may change only where everybody's next try can come before anything else does. */
export const mayChange = (expected: Readonly<Expected>): boolean => !isAwaited(expected) || expected.leaps < MAX_LEAPS;

/** Whoever backs off is tried within the hour: then all know of the change. */
export async function letTryAgain(expected: Expected, real: Real): Promise<void> {
  if (isAwaited(expected)) await leap(expected, real, HOUR_MS);
}

/** A command with its name, for the counterexample: after it the world and the model are brought to rest and compared. */
export class Step implements AsyncCommand<Expected, Real> {
  readonly #name: string;
  readonly #can: (expected: Readonly<Expected>) => boolean;
  readonly #run: (expected: Expected, real: Real) => Promise<void>;

  constructor(
    name: string,
    can: (expected: Readonly<Expected>) => boolean,
    run: (expected: Expected, real: Real) => Promise<void>,
  ) {
    this.#name = name;
    this.#can = can;
    this.#run = run;
  }

  check(expected: Readonly<Expected>): boolean {
    return this.#can(expected);
  }

  async run(expected: Expected, real: Real): Promise<void> {
    const [word = ''] = this.#name.split(/[ ,]/);
    real.tally.set(word, (real.tally.get(word) ?? 0) + 1);
    await this.#run(expected, real);
    await compare(expected, real);
  }

  toString(): string {
    return this.#name;
  }
}

async function compare(expected: Expected, { world, botId, delivered }: Real): Promise<void> {
  await world.settle();
  workOff(expected, world.now(), (notification, seq, text) => {
    const message = notification.recalled?.[seq];
    if (message !== undefined) delivered.removed.add(message);
    else delivered.taken.push(`${notification.id}/${seq} ${text}`);
  });
  await check(world, botId, expected, delivered);
}

/** What a call answers, by the world's clock. */
export const ask = <T>({ world }: Real, call: (client: Client) => Promise<T>): Promise<T> =>
  world.during(call(world.client));

/** That a call is refused, and why. */
export async function refused(real: Real, code: string, call: (client: Client) => Promise<unknown>): Promise<void> {
  const error = await ask(real, call).then(
    () => assert.fail(`it was not refused as ${code}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ClientError)) throw error;
  assert.equal(error.code, code, error.text);
}

export const isSealed = ({ isReceiving }: ExpectedNotification): boolean => !isReceiving;

/** One of those there are, the same for the same number. */
export function pick(
  { notifications }: Readonly<Expected>,
  which: number,
  isOne: (notification: ExpectedNotification) => boolean = isSealed,
): ExpectedNotification | null {
  const those = notifications.filter(isOne);
  return those[which % Math.max(1, those.length)] ?? null;
}
