import fc from 'fast-check';
import type { Store } from '../../src/store/port.ts';
import { importFirst } from './command-people.ts';
import { commands } from './commands.ts';
import { nobody } from './expected.ts';
import type { Real } from './step.ts';
import { openWorld } from './world.ts';

export interface ModelRun {
  readonly database: string;
  readonly runs: number;
  readonly seed: number;
  /** No run begins after so long; absent: however long it takes. */
  readonly forMs?: number;
  readonly around?: (store: Store) => Store;
  /** Of one run; absent: 30. */
  readonly most?: number;
  /** Says that something differs without looking for the least that does. */
  readonly isHasty?: boolean;
}

export interface ModelEnd {
  readonly runs: number;
  /** How often each command ran, by its first word. */
  readonly tally: ReadonlyMap<string, number>;
  /** The least that differs, and how to see it again; null: nothing does. */
  readonly difference: string | null;
}

const MOST_COMMANDS = 30;
/** Bots for making a difference small; each try needs one that nothing has happened to. */
const TO_SHRINK = 500;

/** Whatever callers do, in whatever order, and whatever happens meanwhile: the server does as the model says. */
export async function compareWithModel(options: ModelRun): Promise<ModelEnd> {
  const { database, runs, seed, forMs, around, most = MOST_COMMANDS, isHasty = false } = options;
  const world = await openWorld({ database, bots: runs + TO_SHRINK, ...(around && { around }) });
  const endsAt = performance.now() + (forMs ?? Number.POSITIVE_INFINITY);
  const tally = new Map<string, number>();
  let [begun, done] = [0, 0];
  const property = fc.asyncProperty(commands(most), async (steps) => {
    if (performance.now() > endsAt) return;
    const botId = world.botIds[begun];
    if (botId === undefined) return;
    begun += 1;
    world.office.clear();
    const real: Real = { world, botId, delivered: { taken: [], removed: new Set() }, tally };
    try {
      const model = nobody();
      await importFirst(model, real);
      await fc.asyncModelRun(() => ({ model, real }), steps);
      done += 1;
    } finally {
      await leaveNothing(real);
    }
  });
  try {
    const details = await fc.check(property, { numRuns: runs, seed, endOnFailure: isHasty });
    return { runs: done, tally, difference: details.failed ? describe(details) : null };
  } finally {
    await world.close();
  }
}

/** What is still waiting would be sent while others are judged. */
async function leaveNothing({ world, botId }: Real): Promise<void> {
  const { notifications } = await world.during(world.client.notifications.list({ botId, finished: false, limit: 500 }));
  for (const { id } of notifications) {
    await world.during(world.client.cancel({ botId, notificationId: id }));
  }
  await world.settle();
}

function describe({
  seed,
  counterexample,
  counterexamplePath,
  errorInstance,
  numShrinks,
}: Pick<
  fc.RunDetails<[Iterable<object>]>,
  'seed' | 'counterexample' | 'counterexamplePath' | 'errorInstance' | 'numShrinks'
>): string {
  const [steps = []] = counterexample ?? [];
  const why = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return [
    `seed ${seed}, path ${counterexamplePath}, made smaller ${numShrinks} times:`,
    ...[...steps].map((step) => `  ${step}`),
    why,
  ].join('\n');
}
