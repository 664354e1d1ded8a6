import { getCompileCacheDir } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../model/clock.ts';
import type { Rendering } from './fault.ts';
import { STARVED_MS, STUCK_CPU_MS, STUCK_SETUP_CPU_MS } from './limits.ts';
import type { Step } from './open-step.ts';
import { Spending } from './spending.ts';
import { BEATS, DONE, SCRIPT, SIGNS_BYTES, type ThreadData, type ThreadMessage } from './thread-signs.ts';

/**
 * What became of a step. `stopped`: while recipient number `done` was rendered the script was broken off, or the thread
 * was lost; `unborn`: the thread never came up.
 */
export type StepEnd =
  | { readonly kind: 'rendered'; readonly renderings: readonly Rendering[] }
  | { readonly kind: 'stopped'; readonly done: number }
  | { readonly kind: 'unborn' };

/** How often the watch looks. Counting looks instead of time forgives a process that was itself held up. */
const LOOK_MS = 10;
/** Whatever it was given of the processor: nobody waits longer for it. */
const LAST_PATIENCE = STARVED_MS / LOOK_MS;

/** An installed package is compiled, name by name. */
const THREAD = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url);

/** Reading its own source is most of a thread's start, and of its memory. */
const cacheOf = (folder: string | undefined): NodeJS.ProcessEnv =>
  folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };

/** A thread of the pool, seen from outside: takes one step at a time, and is ended when it shows no sign of life. */
export class Thread {
  readonly #worker: Worker;
  readonly #signs: Int32Array;
  readonly #clock: Clock;
  readonly #ready = Promise.withResolvers<void>();
  #end: ((end: StepEnd) => void) | null = null;
  #dead = false;
  #steps = 0;

  constructor(wasm: WebAssembly.Module, clock: Clock) {
    const signs = new SharedArrayBuffer(SIGNS_BYTES);
    this.#signs = new Int32Array(signs);
    this.#clock = clock;
    this.#worker = new Worker(THREAD, {
      name: 'script',
      workerData: { wasm, signs } satisfies ThreadData,
      env: cacheOf(getCompileCacheDir()),
      argv: [],
      execArgv: [],
      stdin: false,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4, stackSizeMb: 4 },
    });
    this.#worker.unref();
    this.#worker.on('message', (message: ThreadMessage) => {
      if (message.kind === 'ready') this.#ready.resolve();
      else this.#finish(message.kind === 'rendered' ? message : this.#stoppedHere());
    });
    // Its memory ran out, or its own code failed: either way it is gone, and says nothing we would repeat.
    this.#worker.on('error', () => this.#die());
    this.#worker.on('exit', () => this.#die());
  }

  /** How many it was given. */
  get steps(): number {
    return this.#steps;
  }

  /** Resolves when it is loaded, or will never be. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get isDead(): boolean {
    return this.#dead;
  }

  async run(step: Step): Promise<StepEnd> {
    await this.#ready.promise;
    if (this.#dead) return { kind: 'unborn' };
    this.#steps += 1;
    Atomics.store(this.#signs, DONE, 0);
    const ended = new Promise<StepEnd>((resolve) => {
      this.#end = resolve;
    });
    this.#worker.postMessage(step);
    const stopWatching = this.#watch();
    const end = await ended;
    stopWatching();
    return end;
  }

  async close(): Promise<void> {
    this.#dead = true;
    await this.#worker.terminate();
  }

  #watch(): () => void {
    let last = -1;
    let looks = 0;
    let spending = new Spending(this.#worker);
    let cancel = () => {};
    const look = () => {
      const beats = Atomics.load(this.#signs, BEATS);
      looks = beats === last ? looks + 1 : 0;
      if (looks === 0) spending = new Spending(this.#worker);
      else spending.ask();
      last = beats;
      const mayMs = Atomics.load(this.#signs, SCRIPT) === 1 ? STUCK_CPU_MS : STUCK_SETUP_CPU_MS;
      if (spending.spentMs >= mayMs || looks >= LAST_PATIENCE) this.#die();
      else cancel = this.#clock.after(LOOK_MS, look);
    };
    look();
    return () => cancel();
  }

  #die(): void {
    this.#dead = true;
    this.#ready.resolve();
    this.#finish(this.#stoppedHere());
    void this.#worker.terminate();
  }

  #stoppedHere(): StepEnd {
    return { kind: 'stopped', done: Atomics.load(this.#signs, DONE) };
  }

  #finish(end: StepEnd): void {
    this.#end?.(end);
    this.#end = null;
  }
}
