import { join } from 'node:path';
import type { BareRoute } from './bare-route.ts';
import type { Figure, Suite, SuiteOptions } from './figures.ts';
import type { LoadPlan, LoadReport } from './load.ts';
import { askScript, end, firstLine, spawnScript } from './processes.ts';
import { BODY, BOTS, notifyPath, openStage } from './stage.ts';

/**
 * S4: durable accepts of 1,000 identities a second beside a bare route that parses and validates the same body. The
 * provider takes ten seconds for a send, so that the server has little else to do. Both processes are as old when it counts.
 */
export const accept: Suite = { ids: ['S4'], run };

const LANES = 16;
/** With those that are measured fewer than may wait for one bot. */
const WARM_UP = 400;

async function run({ rounds, size, say }: SuiteOptions): Promise<Figure[]> {
  const calls = size === 'quick' ? 300 : 1_000;
  const stage = await openStage({ delayMs: 10_000 });
  try {
    const headers = { auth: stage.token, 'content-type': 'application/json' };
    const plan = { method: 'POST', headers, body: BODY, calls, lanes: LANES, perSecond: null } as const;
    const ratios: number[] = [];
    const waits: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const route: BareRoute = { kind: 'accept' };
      const bare = spawnScript('bare-route.ts', route);
      const bareUrl: string = JSON.parse(await firstLine(bare));
      const server = await stage.start(`sqlite:${join(stage.folder, `accept-${round}.db`)}`);
      const ask = (more: Pick<LoadPlan, 'origin' | 'paths'> & Partial<LoadPlan>) =>
        askScript<LoadReport>('load.ts', { ...plan, ...more } satisfies LoadPlan);
      const toBare = { origin: bareUrl, paths: ['/accept'] };
      const toServer = { origin: server.url, paths: [notifyPath(BOTS.bulk)] };
      await ask({ ...toBare, calls: WARM_UP });
      await ask({ ...toServer, calls: WARM_UP });
      const base = await ask(toBare);
      const full = await ask(toServer);
      const half = await ask({ ...toServer, calls: Math.round(calls / 2), lanes: 64, perSecond: full.perSecond / 2 });
      await Promise.all([server.stop(), end(bare)]);
      say(
        `S4 round ${round}: bare ${base.perSecond.toFixed(0)}/s, Beckon ${full.perSecond.toFixed(0)}/s, p99 ${half.p99.toFixed(1)} ms at half`,
      );
      ratios.push(full.perSecond / base.perSecond);
      waits.push(half.p99);
    }
    return [
      { id: 'S4', what: 'durable accepts of 1,000 to a bare route', unit: '×', values: ratios, bar: { least: 0.35 } },
      { id: 'S4', what: 'accept at half load, p99', unit: 'ms', values: waits, bar: { most: 25 } },
    ];
  } finally {
    await stage.close();
  }
}
