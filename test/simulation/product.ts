import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Engine } from '../../src/engine/engine.ts';
import type { Clock } from '../../src/model/clock.ts';
import type { Store } from '../../src/store/port.ts';

/** What is simulated: the product's own code, from this tree or from a copy with a bug planted in it. */
export interface Product {
  readonly Engine: typeof Engine;
  readonly StoreUnavailable: new (message: string) => Error;
  openStore(url: string, options: { readonly clock: Clock }): Promise<Store>;
}

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export async function loadProduct(root = ROOT): Promise<Product> {
  const load = (path: string) => import(pathToFileURL(join(root, 'src', path)).href);
  const { Engine: Loaded }: { Engine: typeof Engine } = await load('engine/engine.ts');
  const { openStore }: Pick<Product, 'openStore'> = await load('store/open.ts');
  const { StoreUnavailable }: Pick<Product, 'StoreUnavailable'> = await load('store/port/errors.ts');
  return { Engine: Loaded, openStore, StoreUnavailable };
}

/**
 * One store in memory for many worlds, for opening one takes as long as living through it. Worlds share no key, and a
 * store is given up after a world that left anything undone.
 */
export class Stores {
  readonly #product: Product;
  #clock: Clock | null = null;
  #store: Store | null = null;
  #uses = 0;

  constructor(product: Product) {
    this.#product = product;
  }

  async take(clock: Clock): Promise<Store> {
    if (this.#uses >= MAX_USES) await this.discard();
    this.#clock = clock;
    this.#uses += 1;
    const now = () => this.#clock?.now() ?? 0;
    this.#store ??= await this.#product.openStore('sqlite::memory:', {
      clock: { now, monotonic: now, after: () => () => {} },
    });
    return this.#store;
  }

  async discard(): Promise<void> {
    const store = this.#store;
    this.#store = null;
    this.#uses = 0;
    await store?.close();
  }
}

const MAX_USES = 200;
