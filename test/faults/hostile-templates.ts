import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Clock, type Random, systemClock } from '../../src/model/clock.ts';
import type { Rendering } from '../../src/render/script/fault.ts';
import { openScriptRenderer, type ScriptRenderer } from '../../src/render/script/renderer.ts';
import { delay, patience } from '../support/delay.ts';
import { HOSTILE_SCRIPTS } from '../support/hostile-scripts.ts';
import { percentile } from '../support/percentile.ts';
import { residentMb } from '../support/resident-memory.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

export const hostileTemplates: Fault = {
  id: 'F31',
  title: 'hostile scripts beside the scripts of others',
  isTimed: true,
  run: (parts) => renderBeside({ baseMs: 10_000, hostileMs: 20_000, perSecond: 10 }, parts),
  control: (parts) => renderBeside({ baseMs: 1_000, hostileMs: 5_000, perSecond: 10, unwatched: true }, parts),
};

/** For all that waits at the end. */
const PATIENCE_MS = 60_000;
const UNWATCHED_PATIENCE_MS = 5_000;

interface HostileOptions {
  readonly baseMs: number;
  readonly hostileMs: number;
  /** Hostile scripts. */
  readonly perSecond: number;
  /**
   * Nobody looks whether a thread is stuck: the engine's own interrupts are all there is. The scripts do well once before,
   * so that nobody breaks them off within their thread either, and they are those whose time is spent inside the engine's
   * own functions, where it interrupts nothing.
   */
  readonly unwatched?: boolean;
}

/** Where the door of the program has its own. */
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/beckon', import.meta.url));

const UNWATCHED: Clock = { ...systemClock, after: () => () => {} };

/** The times of others are told beside what they were without; how they compare depends on what else the machine does. */
export async function renderBeside(options: HostileOptions, { random }: FaultParts): Promise<Finding> {
  const { baseMs, hostileMs, unwatched = false } = options;
  enableCompileCache(CACHE);
  const renderer = openScriptRenderer({ clock: unwatched ? UNWATCHED : systemClock });
  try {
    await renderNormally(renderer, 1_000);
    const base = await renderNormally(renderer, baseMs);
    const baseMb = residentMb(process.pid);
    const memory = watchMemory();
    const [beside, hostile] = [emptyTally(), emptyTally()];
    const all = Promise.all([
      renderNormally(renderer, hostileMs, beside),
      renderHostile(renderer, options, random, hostile),
    ]);
    await Promise.race([all, patience(hostileMs + (unwatched ? UNWATCHED_PATIENCE_MS : PATIENCE_MS))]);
    const grownMb = memory.stop() - baseMb;
    const unended = hostile.begun + beside.begun - hostile.times.length - beside.times.length;
    const [baseP99, besideP99] = [percentile(base.times, 0.99), percentile(beside.times, 0.99)];
    const wrong = [...hostile.wrong, ...base.wrong, ...beside.wrong];
    const late = hostile.times.filter((ms) => ms > 300).length;
    return {
      figure: `${hostile.begun} hostile ${describe(hostile)} (${late} over 300 ms); others ${describe(base)} without and ${describe(beside)} beside them; ${unended} without an end, ${wrong.length} wrong ${wrong.slice(0, 3).join()}, ${grownMb} MB more`,
      bar: 'all end within 300 ms with a typed fault, all of the others are right, p99 of the others ≤ 2×, ≤ 100 MB more',
      ok: hostile.begun > 0 && unended + wrong.length + late === 0 && besideP99 <= 2 * baseP99 && grownMb <= 100,
    };
  } finally {
    await renderer.close();
  }
}

interface Tally {
  begun: number;
  readonly times: number[];
  readonly wrong: string[];
}

const emptyTally = (): Tally => ({ begun: 0, times: [], wrong: [] });

const describe = ({ times }: Tally): string =>
  `p50 ${percentile(times, 0.5).toFixed(1)}, p99 ${percentile(times, 0.99).toFixed(1)} ms`;

const TENANTS = 4;
const EVERY_MS = 25;
const PEOPLE = 10;
const NORMAL = 'print("Hi " + context.name + ", " + koreUtil._.capitalize("your password ends on friday"))';

/** Every tenant renders for a few people again and again, and is told how long it took. */
async function renderNormally(renderer: ScriptRenderer, forMs: number, seen = emptyTally()): Promise<Tally> {
  const endsAt = performance.now() + forMs;
  const tenant = async (number: number) => {
    for (let count = 0; performance.now() < endsAt; count += 1) {
      const startedAt = performance.now();
      seen.begun += 1;
      const recipients = Array.from({ length: PEOPLE }, (_, seq) => ({ seq, context: `{"name":"P${seq}"}` }));
      const request = {
        botId: `st-calm-${number}`,
        notificationId: `ds-${count}`,
        source: NORMAL,
        createdAt: 1,
        recipients,
      };
      const renderings = await renderer.render(request);
      seen.times.push(performance.now() - startedAt);
      const good = (rendering: Rendering, seq: number) => rendering.ok && rendering.output.startsWith(`Hi P${seq},`);
      if (!renderings.every(good)) seen.wrong.push(`calm ${JSON.stringify(renderings[0]).slice(0, 100)}`);
      await delay(EVERY_MS);
    }
  };
  await Promise.all(Array.from({ length: TENANTS }, (_, number) => tenant(number)));
  return seen;
}

const DO_WELL = 'if (context.well) return print("well");';

/** One after the other of the list, each as another tenant's and never seen before. */
async function renderHostile(
  renderer: ScriptRenderer,
  { hostileMs, perSecond, unwatched = false }: HostileOptions,
  random: Random,
  seen: Tally,
): Promise<void> {
  const list = unwatched ? HOSTILE_SCRIPTS.builtIns : Object.values(HOSTILE_SCRIPTS).flat();
  const running: Promise<void>[] = [];
  const first = Math.floor(random() * list.length);
  const startedAt = performance.now();
  for (let count = 0; (count * 1_000) / perSecond < hostileMs; count += 1) {
    const [name, source, expected] = list[(first + count) % list.length] ?? ['', '', []];
    seen.begun += 1;
    const renderFor = async (context: string) => {
      const [rendering] = await renderer.render({
        botId: `st-hostile-${count}`,
        notificationId: 'ds-1',
        source: `${unwatched ? DO_WELL : ''}${source}\n// ${count}`,
        createdAt: 1,
        recipients: [{ seq: 0, context }],
      });
      return rendering;
    };
    const render = async () => {
      if (unwatched) await renderFor('{"well":true}');
      const before = performance.now();
      const rendering = await renderFor('{}');
      seen.times.push(performance.now() - before);
      const kind = rendering?.ok === false ? rendering.fault.kind : 'printed';
      if (!expected.includes(kind)) seen.wrong.push(`${name} ${kind}`);
    };
    running.push(render());
    await delay(Math.max(0, startedAt + ((count + 1) * 1_000) / perSecond - performance.now()));
  }
  await Promise.all(running);
}

function watchMemory() {
  let peakMb = 0;
  const timer = setInterval(() => {
    peakMb = Math.max(peakMb, residentMb(process.pid));
  }, 100);
  return {
    stop() {
      clearInterval(timer);
      return peakMb;
    },
  };
}
