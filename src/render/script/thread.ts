import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../model/clock.ts';
import { faulty, type Rendering } from './fault.ts';
import { ENGINE_BYTES, LINEAR_BYTES, RENDER_CPU_MS, STARVED_MS, STEP_MS, UNTRIED_WALL_MS } from './limits.ts';
import { OpenStep, type RunScript, type Step } from './open-step.ts';
import { type Images, Sandbox } from './sandbox.ts';
import { runWithin, Stopped } from './stoppable.ts';
import { BEATS, DONE, SCRIPT, type ThreadData, type ThreadMessage } from './thread-signs.ts';

const PAGE_BYTES = 65_536;
const data: ThreadData = workerData;
const signs = new Int32Array(data.signs);
const beat = () => void Atomics.add(signs, BEATS, 1);
const images: Images = new Map();
const memory = new WebAssembly.Memory({ initial: ENGINE_BYTES / PAGE_BYTES, maximum: LINEAR_BYTES / PAGE_BYTES });
const openSandbox = (): Promise<Sandbox> => Sandbox.open({ wasm: data.wasm, memory, images, beat });
let sandbox: Sandbox | null = await openSandbox();

parentPort?.on('message', (step: Step) => {
  void (step.isUntried ? tryOut(step) : runStep(step, runWatched)).then(say);
});
say({ kind: 'ready' });

function say(message: ThreadMessage): void {
  parentPort?.postMessage(message);
}

/** What an untried script is given: more while others leave this thread less of the processor. */
let wallMs = UNTRIED_WALL_MS;

/** Nobody has seen the script come to an end: if it does not, it is broken off, and the thread goes on. */
async function tryOut(step: Step): Promise<ThreadMessage> {
  beat();
  try {
    return await runStep(step, (run) => runWithin(wallMs, run));
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    // On a busy machine it may just not have had its turn.
    const isDue = error.spentMs >= RENDER_CPU_MS || wallMs >= STARVED_MS;
    const share = Math.min(error.spentMs / wallMs, 1);
    wallMs = Math.min(Math.ceil(UNTRIED_WALL_MS / share), STARVED_MS);
    return isDue ? { kind: 'stopped' } : tryOut(step);
  }
}

async function runStep(step: Step, run: RunScript): Promise<ThreadMessage> {
  const renderings: Rendering[] = [];
  try {
    sandbox ??= await openSandbox();
    renderAll(step, new OpenStep(sandbox, step, run), renderings);
  } catch (error) {
    sandbox = null;
    if (error instanceof Stopped) throw error;
    // The engine broke off. What it threw may carry the whole context, so nobody gets to see it.
    if (renderings.length < step.recipients.length) renderings.push(BROKE_OFF);
  }
  return { kind: 'rendered', renderings };
}

function renderAll(step: Step, open: OpenStep, renderings: Rendering[]): void {
  const startedAt = systemClock.monotonic();
  Atomics.store(signs, DONE, 0);
  for (const recipient of step.recipients) {
    renderings.push(open.render(recipient));
    Atomics.store(signs, DONE, renderings.length);
    beat();
    if (systemClock.monotonic() - startedAt > STEP_MS) return;
  }
}

/** Whoever watches this thread ends it with a script that does not end. */
function runWatched<T>(run: () => T): T {
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
