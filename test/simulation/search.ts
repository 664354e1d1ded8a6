import { type Bug, plant } from './bugs.ts';
import { loadProduct, Stores } from './product.ts';
import { runWorld, type Verdict } from './world.ts';

export interface Seeds {
  readonly from: number;
  readonly count: number;
}

export interface Search {
  /** Seeds run: all of them, or up to the first that broke a promise. */
  readonly seeds: number;
  readonly seconds: number;
  /** How long it would have taken, ms. */
  readonly virtualMs: number;
  /** Null: every promise was kept. */
  readonly broken: Verdict | null;
}

/** Runs seeds until one breaks a promise. `root`: the tree of the product; this one if absent. */
export async function search({ from, count }: Seeds, root?: string): Promise<Search> {
  const product = await loadProduct(root);
  const stores = new Stores(product);
  const startedAt = performance.now();
  let [seeds, virtualMs] = [0, 0];
  let broken: Verdict | null = null;
  for (let seed = from; seed < from + count && broken === null; seed += 1) {
    const verdict = await runWorld(product, stores, seed);
    seeds += 1;
    virtualMs += verdict.virtualMs;
    if (verdict.violations.length > 0) broken = verdict;
  }
  await stores.discard();
  return { seeds, seconds: (performance.now() - startedAt) / 1_000, virtualMs, broken };
}

/** The same in a copy of the tree with the bug planted in it. */
export async function hunt(bug: Bug, seeds: Seeds): Promise<Search> {
  const planted = plant(bug);
  try {
    return await search(seeds, planted.root);
  } finally {
    planted.remove();
  }
}

/** Lives through one seed twice: in a store of its own, and in one that other worlds have used. */
export async function runTwice(seed: number): Promise<readonly [Verdict, Verdict]> {
  const product = await loadProduct();
  const stores = new Stores(product);
  const first = await runWorld(product, stores, seed);
  await stores.discard();
  for (let other = seed + 1; other <= seed + 3; other += 1) await runWorld(product, stores, other);
  const second = await runWorld(product, stores, seed);
  await stores.discard();
  return [first, second];
}
