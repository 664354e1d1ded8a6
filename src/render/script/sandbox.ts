import { readFileSync } from 'node:fs';
import packaged from '@jitl/quickjs-wasmfile-release-sync';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSWASMModule,
} from 'quickjs-emscripten-core';
import { bundleOf, LIBRARIES, localeSource } from './bundle.ts';
import { standStill } from './clock-imports.ts';
import { MAX_IMAGES, MEMORY_BYTES, STACK_BYTES } from './limits.ts';
import { MemoryImage } from './memory-image.ts';
import { cpuMs } from './stoppable.ts';
import { writeByEncoder } from './text-in.ts';

/** The package's types are those of its CommonJS build, where the variant lies one step deeper. */
const engine = 'default' in packaged ? packaged.default : packaged;

const textOf = (name: string): string =>
  readFileSync(new URL(name, import.meta.url), 'utf8')
    .trim()
    .replace(/;$/, '');
const PRELUDE = `(${textOf('./prelude.js')})(${textOf('./libraries.js')})`;
/** Setting up and loading a library is our work, not the script's. */
const OWN_CPU_MS = 200;

/** The prelude's functions that our side calls. */
type Entry = 'render' | 'provide' | 'provideLocale' | 'provideAnswers';

/** By the libraries that had been loaded: what the memory of a sandbox held. The longest unused first. */
export type Images = Map<string, MemoryImage>;

interface SandboxParts {
  readonly wasm: WebAssembly.Module;
  /** What is in it is lost. */
  readonly memory: WebAssembly.Memory;
  /** Those of the sandbox before, from whose set-up this one's does not differ by a byte. */
  readonly images: Images;
  /** Called when work that is not the script's went on. */
  readonly beat: () => void;
}

/**
 * One WebAssembly instance with one context, set up once. Before every script its memory is put back to what it was then,
 * whatever ran in it: nothing of a tenant or a notification is there any more, and nothing is set up twice. What any of
 * its methods throws means that the engine itself broke off, and then nothing of it may be used again.
 */
export class Sandbox {
  readonly #memory: WebAssembly.Memory;
  readonly #images: Images;
  readonly #beat: () => void;
  readonly #time: { now: number };
  readonly #api: Readonly<Record<Entry, QuickJSHandle>>;
  readonly context: QuickJSContext;
  #tenant: string | null = null;
  #stopAtMs = 0;

  private constructor(module: QuickJSWASMModule, time: { now: number }, { memory, images, beat }: SandboxParts) {
    this.#memory = memory;
    this.#time = time;
    this.#images = images;
    this.#beat = beat;
    const runtime = module.newRuntime();
    runtime.setMemoryLimit(MEMORY_BYTES);
    runtime.setMaxStackSize(STACK_BYTES);
    runtime.setInterruptHandler(() => cpuMs() > this.#stopAtMs);
    this.context = runtime.newContext();
    this.#api = this.#setUp();
    this.#keepBase();
  }

  static async open(parts: SandboxParts): Promise<Sandbox> {
    const time = { now: 0 };
    MemoryImage.EMPTY.putBack(parts.memory, { wholly: true });
    const host = {
      instantiateWasm(imports: WebAssembly.Imports, onSuccess: (instance: WebAssembly.Instance) => void) {
        const instance = new WebAssembly.Instance(parts.wasm, standStill(imports, time));
        onSuccess(instance);
        return instance.exports;
      },
      onRuntimeInitialized(this: Parameters<typeof writeByEncoder>[0]) {
        writeByEncoder(this);
      },
      // What it prints when it aborts is nobody's to read.
      print() {},
      printErr() {},
    };
    const variant = newVariant(engine, { emscriptenModule: host, wasmMemory: parts.memory });
    return new Sandbox(await newQuickJSWASMModuleFromVariant(variant), time, parts);
  }

  /** Everything is as after the set-up and the loading of these libraries; handles from before are void. */
  begin({ tenant, now }: { readonly tenant: string; readonly now: number }, libraries: readonly string[]): void {
    this.#putBack(libraries, tenant !== this.#tenant);
    this.#tenant = tenant;
    this.#time.now = now;
  }

  /** From now on the engine may work for so long before it is stopped, processor time in ms. */
  allow(cpu: number): void {
    this.#stopAtMs = cpuMs() + cpu;
  }

  /** Calls one of the prelude's functions and consumes the values. */
  callRender(script: QuickJSHandle, context: string, seed: number) {
    using json = this.context.newString(context);
    using chance = this.context.newNumber(seed);
    return this.context.callFunction(this.#api.render, this.context.undefined, script, json, chance);
  }

  /** One of moment's; without effect where there is none of that name. */
  provideLocale(name: string): void {
    const source = localeSource(name);
    if (source === null) return;
    this.allow(OWN_CPU_MS);
    this.#call('provideLocale', this.context.unwrapResult(this.context.evalCode(source, name, { type: 'global' })));
    this.#beat();
  }

  provideAnswers(answers: readonly unknown[]): void {
    this.allow(OWN_CPU_MS);
    this.#call('provideAnswers', this.context.newString(JSON.stringify(answers)));
    this.#beat();
  }

  #setUp(): Record<Entry, QuickJSHandle> {
    this.allow(OWN_CPU_MS);
    const { context } = this;
    using prelude = context.unwrapResult(context.evalCode(PRELUDE, 'prelude', { type: 'global', strict: true }));
    const take = (name: string) => context.getProp(prelude, name);
    return {
      render: take('render'),
      provide: take('provide'),
      provideLocale: take('provideLocale'),
      provideAnswers: take('provideAnswers'),
    };
  }

  /** The images of another sandbox are good for this one if both were set up alike, address by address. */
  #keepBase(): void {
    if (this.#images.get('')?.isIn(this.#memory) === true) return;
    this.#images.clear();
    this.#images.set('', MemoryImage.of(this.#memory));
  }

  #putBack(libraries: readonly string[], wholly: boolean): void {
    const key = libraries.join();
    const known = this.#images.get(key);
    if (known !== undefined) {
      known.putBack(this.#memory, { wholly });
      this.#use(key, known);
      return;
    }
    // An image is taken of a memory that holds nothing else.
    this.#putBack(libraries.slice(0, -1), true);
    this.#time.now = 0;
    this.#load(libraries.at(-1) ?? '');
    this.#use(key, MemoryImage.of(this.#memory));
  }

  #use(key: string, image: MemoryImage): void {
    if (key === '') return;
    this.#images.delete(key);
    this.#images.set(key, image);
    const oldest = [...this.#images.keys()].find((one) => one !== '');
    if (this.#images.size > MAX_IMAGES && oldest !== undefined) this.#images.delete(oldest);
  }

  #load(name: string): void {
    const bundle = bundleOf(name);
    if (bundle === null) return;
    this.allow(OWN_CPU_MS);
    const table = this.context.unwrapResult(this.context.evalCode(bundle.source, name, { type: 'global' }));
    this.#call('provide', this.context.newString(name), table, this.context.newString(bundle.entry));
    this.#beat();
  }

  #call(name: Entry, ...values: QuickJSHandle[]): void {
    const result = this.context.callFunction(this.#api[name], this.context.undefined, ...values);
    for (const value of values) value.dispose();
    this.context.unwrapResult(result).dispose();
  }
}

/** These libraries in the order of the table, each after what it needs to be there before. */
export function orderOf(names: ReadonlySet<string>): string[] {
  const all = new Set([...names].flatMap((name) => [LIBRARIES[name]?.after ?? name, name]));
  return Object.keys(LIBRARIES).filter((name) => all.has(name));
}
