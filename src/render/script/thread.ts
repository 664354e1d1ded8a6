import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../model/clock.ts';
import { faulty, type Rendering } from './fault.ts';
import { STEP_MS } from './limits.ts';
import { OpenStep, type Step } from './open-step.ts';
import { type Images, Sandbox } from './sandbox.ts';
import { BEATS, DONE, SCRIPT, type ThreadData, type ThreadMessage } from './thread-signs.ts';

const data: ThreadData = workerData;
const signs = new Int32Array(data.signs);
const beat = () => void Atomics.add(signs, BEATS, 1);
const images: Images = new Map();
const openSandbox = (): Promise<Sandbox> => Sandbox.open({ wasm: data.wasm, images, beat });
let sandbox: Sandbox | null = await openSandbox();

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
    sandbox ??= await openSandbox();
    renderAll(step, new OpenStep(sandbox, step, runScript), renderings);
  } catch {
    // The engine broke off. What it threw may carry the whole context, so nobody gets to see it.
    sandbox = null;
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

function runScript<T>(run: () => T): T {
  Atomics.store(signs, SCRIPT, 1);
  beat();
  try {
    return run();
  } finally {
    Atomics.store(signs, SCRIPT, 0);
    beat();
  }
}

const BROKE_OFF = faulty('sandbox', null, 'the script nests or recurses so deeply that its sandbox broke');
