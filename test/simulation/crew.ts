import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { BUGS } from './bugs.ts';
import type { Search, Seeds } from './search.ts';

/** What one thread does at a time: lives through seeds, in this tree or in a copy with a bug planted in it. */
export interface Job {
  readonly seeds: Seeds;
  /** The name of a bug; null: as the product is. */
  readonly bug: string | null;
}

/** Worlds share nothing, so each is the same in whatever thread it is lived through, and beside whatever others. */
class Crew {
  readonly #workers = Array.from(
    { length: threads() },
    () => new Worker(WORKER, { resourceLimits: LIMITS, env: UNCACHED }),
  );
  readonly #idle = [...this.#workers];
  readonly #waiting: ((worker: Worker) => void)[] = [];

  async run(job: Job): Promise<Search> {
    const worker = this.#idle.pop() ?? (await new Promise<Worker>((resolve) => this.#waiting.push(resolve)));
    try {
      return await ask(worker, job);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(worker);
      else next(worker);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** Every seed, or up to one that breaks a promise; `seeds` counts all that were lived through. */
export async function searchAll({ from, count }: Seeds): Promise<Search> {
  const crew = new Crew();
  const startedAt = performance.now();
  let [seeds, virtualMs] = [0, 0];
  let broken: Search['broken'] = null;
  const runShare = async (start: number) => {
    if (broken !== null) return;
    const share = { from: start, count: Math.min(SHARE, from + count - start) };
    const found = await crew.run({ seeds: share, bug: null });
    seeds += found.seeds;
    virtualMs += found.virtualMs;
    broken ??= found.broken;
  };
  try {
    const starts = Array.from({ length: Math.ceil(count / SHARE) }, (_, index) => from + index * SHARE);
    await Promise.all(starts.map(runShare));
    return { seeds, seconds: (performance.now() - startedAt) / 1_000, virtualMs, broken };
  } finally {
    await crew.close();
  }
}

export interface Hunted extends Search {
  readonly name: string;
}

/** Every planted bug with this in its name, each until it is found. */
export async function huntAll(seeds: Seeds, part = ''): Promise<Hunted[]> {
  const crew = new Crew();
  const huntOne = async (name: string) => ({ name, ...(await crew.run({ seeds, bug: name })) });
  try {
    return await Promise.all(BUGS.filter(({ name }) => name.includes(part)).map(({ name }) => huntOne(name)));
  } finally {
    await crew.close();
  }
}

const WORKER = new URL('worker.ts', import.meta.url);
/** What was compiled of a copy that is thrown away is never asked for again. */
const { NODE_COMPILE_CACHE: _, ...UNCACHED } = process.env;
/** Worlds are short-lived: most of what is made is garbage before room for the young runs out. */
const LIMITS = { maxYoungGenerationSizeMb: 64 };
/** Enough that opening a store for it is nothing; few enough that a broken promise is told soon. */
const SHARE = 200;

/** CI has two cores. */
const threads = (): number => Math.min(2, availableParallelism());

function ask(worker: Worker, job: Job): Promise<Search> {
  return new Promise((resolve, reject) => {
    const settle = (run: () => void) => {
      worker.off('message', onMessage).off('error', onError);
      run();
    };
    const onMessage = (found: Search) => settle(() => resolve(found));
    const onError = (error: unknown) => settle(() => reject(error));
    worker.on('message', onMessage).on('error', onError).postMessage(job);
  });
}
