import packaged from '@jitl/quickjs-wasmfile-release-sync';
import { newQuickJSWASMModuleFromVariant, newVariant, type QuickJSWASMModule } from 'quickjs-emscripten-core';
import { standStill } from './clock-imports.ts';
import { OpenStep } from './open-step.ts';

/** The package's types are those of its CommonJS build, where the variant lies one step deeper. */
const engine = 'default' in packaged ? packaged.default : packaged;

/** One script and the recipients of one step. */
export interface Step {
  readonly tenant: string;
  readonly source: string;
  /** What the script takes for now, epoch ms. */
  readonly now: number;
  readonly recipients: readonly { readonly seed: number; readonly context: string }[];
}

/** One tenant's WebAssembly instance: its linear memory never holds anything of another tenant. */
export class Instance {
  readonly #module: QuickJSWASMModule;
  readonly #time: { now: number };

  private constructor(module: QuickJSWASMModule, time: { now: number }) {
    this.#module = module;
    this.#time = time;
  }

  static async open(wasm: WebAssembly.Module): Promise<Instance> {
    const time = { now: 0 };
    const host = {
      instantiateWasm(imports: WebAssembly.Imports, onSuccess: (instance: WebAssembly.Instance) => void) {
        const instance = new WebAssembly.Instance(wasm, standStill(imports, time));
        onSuccess(instance);
        return instance.exports;
      },
      // What it prints when it aborts is nobody's to read.
      print() {},
      printErr() {},
    };
    const variant = newVariant(engine, { emscriptenModule: host });
    return new Instance(await newQuickJSWASMModuleFromVariant(variant), time);
  }

  /** A fresh context for one step; calls `alive` when it did work that is not the script's. Throws what the engine throws; then the instance must be dropped. */
  openStep(step: Pick<Step, 'source' | 'now'>, alive: () => void): OpenStep {
    this.#time.now = step.now;
    return new OpenStep(this.#module.newRuntime(), step.source, alive);
  }
}
