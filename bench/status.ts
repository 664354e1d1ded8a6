import { join } from 'node:path';
import type { BeckonProcess } from '../test/support/beckon.ts';
import type { BareRoute } from './bare-route.ts';
import type { Figure, Suite, SuiteOptions } from './figures.ts';
import type { LoadPlan, LoadReport } from './load.ts';
import { askScript, end, firstLine, spawnScript } from './processes.ts';
import { BOTS, notifyPath, openStage, PEOPLE, type Stage } from './stage.ts';

/**
 * S5: reading what became of 1,000 recipients: again and again, beside a route that has the bytes in memory; for the
 * first time, beside one statement and `JSON.stringify`; and the counts of a notification in progress.
 */
export const status: Suite = { ids: ['S5'], run };

const LANES = 16;

async function run(options: SuiteOptions): Promise<Figure[]> {
  const stage = await openStage();
  try {
    const [hot, cold, counts]: [number[], number[], number[]] = [[], [], []];
    for (let round = 1; round <= options.rounds; round += 1) {
      const ratios = await runRound(stage, round, options);
      options.say(
        `S5 round ${round}: again ${ratios.hot.toFixed(2)}, first ${ratios.cold.toFixed(2)}, counts ${ratios.counts.toFixed(2)}`,
      );
      hot.push(ratios.hot);
      cold.push(ratios.cold);
      counts.push(ratios.counts);
    }
    const bar = { least: 0.5 };
    return [
      { id: 'S5', what: 'status of 1,000, again, to bytes from memory', unit: '×', values: hot, bar },
      { id: 'S5', what: 'status of 1,000, first, to a bare read', unit: '×', values: cold, bar },
      { id: 'S5', what: 'counts in progress to a bare route', unit: '×', values: counts, bar },
    ];
  } finally {
    await stage.close();
  }
}

async function runRound(stage: Stage, round: number, { size }: SuiteOptions) {
  const notifications = size === 'quick' ? 50 : 100;
  const file = join(stage.folder, `status-${round}.db`);
  let server = await stage.start(`sqlite:${file}`);
  const before = await stage.delivered();
  const ids: string[] = [];
  for (let index = 0; index < notifications; index += 1) ids.push(await stage.notify(server));
  await stage.delivered(before + notifications * PEOPLE);
  for (const id of ids) await stage.finished(server, id);
  // What was just asked for is known to this process; another one reads it for the first time.
  await server.stop();
  server = await stage.start(`sqlite:${file}`);
  try {
    const paths = ids.map((id) => `${notifyPath(BOTS.bulk)}/status/${id}`);
    const cold = await compare(stage, server, { paths, calls: paths.length }, { kind: 'rows', file }, ids);
    const [path = ''] = paths;
    const hot = await compareBytes(stage, server, path, 20 * notifications);
    const counts = await compareBytes(stage, server, await holdUp(stage, server), 40 * notifications);
    return { hot, cold, counts };
  } finally {
    await server.stop();
  }
}

/** Where a notification tells how far it is that has begun and goes no further. */
async function holdUp(stage: Stage, server: BeckonProcess): Promise<string> {
  const path = `/api/v1/bots/${BOTS.bulk}/notifications/${await stage.notify(server)}`;
  const answer = await fetch(`${server.url}${path}/pause`, { method: 'POST', headers: headersOf(stage) });
  if (!answer.ok) throw new Error(`pausing answered ${answer.status}`);
  return path;
}

/** Beckon's rate of serving one path beside a route that serves the same bytes from memory. */
async function compareBytes(stage: Stage, server: BeckonProcess, path: string, calls: number): Promise<number> {
  const answer = await fetch(`${server.url}${path}`, { headers: headersOf(stage) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return compare(stage, server, { paths: [path], calls }, { kind: 'bytes', bytes: await answer.text() }, []);
}

async function compare(
  stage: Stage,
  server: BeckonProcess,
  asked: Pick<LoadPlan, 'paths' | 'calls'>,
  route: BareRoute,
  ids: readonly string[],
): Promise<number> {
  const bare = spawnScript('bare-route.ts', route);
  try {
    const origin: string = JSON.parse(await firstLine(bare));
    const paths = route.kind === 'rows' ? ids.map((id) => `/rows/${BOTS.bulk}/${id}`) : ['/bytes'];
    const rest = { method: 'GET', headers: headersOf(stage), body: null, lanes: LANES, perSecond: null } as const;
    const base = await askScript<LoadReport>('load.ts', { ...rest, origin, paths, calls: asked.calls });
    const ours = await askScript<LoadReport>('load.ts', { ...rest, ...asked, origin: server.url });
    return ours.perSecond / base.perSecond;
  } finally {
    await end(bare);
  }
}

const headersOf = (stage: Stage) => ({ auth: stage.token, authorization: `Bearer ${stage.token}` });
