import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../model/clock.ts';
import { faulty, type Rendering } from './fault.ts';
import { Instance, type Step } from './instance.ts';
import { MAX_INSTANCES, STEP_MS } from './limits.ts';
import type { OpenStep } from './open-step.ts';
import { BEATS, DONE, type ThreadData, type ThreadMessage } from './thread-signs.ts';

const data: ThreadData = workerData;
const signs = new Int32Array(data.signs);
const beat = () => void Atomics.add(signs, BEATS, 1);
/** By tenant, the longest unused first. */
const instances = new Map<string, Instance>();

parentPort?.on('message', (step: Step) => {
  void runStep(step).then((renderings) => say({ kind: 'rendered', renderings }));
});
say({ kind: 'ready' });

function say(message: ThreadMessage): void {
  parentPort?.postMessage(message);
}

async function runStep(step: Step): Promise<readonly Rendering[]> {
  const renderings: Rendering[] = [];
  try {
    const instance = await instanceOf(step.tenant);
    const open = instance.openStep(step, beat);
    renderAll(step, open, renderings);
    open.close();
    // Memory of WebAssembly never shrinks: what a script that went wrong may have blown up is not kept for the next one.
    if (renderings.some(({ ok }) => !ok)) instances.delete(step.tenant);
  } catch {
    // The engine broke off. What it threw may carry the whole context, so nobody gets to see it.
    instances.delete(step.tenant);
    if (renderings.length < step.recipients.length) renderings.push(BROKE_OFF);
  }
  return renderings;
}

function renderAll(step: Step, open: OpenStep, renderings: Rendering[]): void {
  const startedAt = systemClock.monotonic();
  for (const recipient of step.recipients) {
    renderings.push(open.render(recipient));
    Atomics.store(signs, DONE, renderings.length);
    beat();
    if (systemClock.monotonic() - startedAt > STEP_MS) return;
  }
}

const BROKE_OFF = faulty('sandbox', null, 'the script nests or recurses so deeply that its sandbox broke');

async function instanceOf(tenant: string): Promise<Instance> {
  const instance = instances.get(tenant) ?? (await Instance.open(data.wasm));
  instances.delete(tenant);
  const [oldest] = instances.keys();
  if (instances.size >= MAX_INSTANCES && oldest !== undefined) instances.delete(oldest);
  instances.set(tenant, instance);
  return instance;
}
