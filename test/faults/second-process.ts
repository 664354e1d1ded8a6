import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type HookStage, openHookStage } from '../support/hook-stage.ts';
import { percentile } from '../support/percentile.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { untilAllOver } from '../support/until-all-over.ts';
import type { Fault, Finding } from './fault.ts';

const UNHELD = fileURLToPath(new URL('../support/unheld-server.ts', import.meta.url));

export const secondProcess: Fault = {
  id: 'F29',
  title: 'a second process on the same SQLite folder',
  isTimed: true,
  run: () => startAgain({ seconds: 10 }),
  control: () => startAgain({ seconds: 2, script: UNHELD }),
};

interface SecondOptions {
  /** How many try, one after the other. */
  readonly seconds: number;
  readonly script?: string;
  /** What refusing may take, starting the program included; null: however long. */
  readonly withinMs?: number | null;
}

const PEOPLE = 100;

/** The first is in the middle of its deliveries each time; it must not notice. */
export async function startAgain({ seconds, script, withinMs = 1_000 }: SecondOptions): Promise<Finding> {
  const stage = await openHookStage({ bots: ['ann'] });
  try {
    const database = `sqlite:${join(stage.folder, 'beckon.db')}`;
    const first = await stage.start(['--database', database]);
    stage.sandbox.faults.add({ provider: 'hooks', fault: { kind: 'slow', delayMs: 200 } });
    const seen: Second[] = [];
    const startMs: number[] = [];
    let unaccepted = 0;
    for (let second = 0; second < seconds; second += 1) {
      const { id } = await stage.send(first.url, { bot: 'ann', text: `call ${second}`, people: PEOPLE });
      if (id === null) unaccepted += 1;
      startMs.push(await durationOf(() => runCli(['--version'])));
      seen.push(await startSecond(stage, database, script));
    }
    const { undelivered, detail } = await untilAllOver(database);
    const { total, replays } = stage.sandbox.ledger.counts('hooks');
    const lost = (seconds - unaccepted) * PEOPLE - total;
    const refused = seen.filter(({ code, words }) => code === TRY_LATER && isOneSentence(words)).length;
    const taken = first.lines.filter((line) => /"batch lost"/.test(line)).length;
    const durations = seen.map(({ durationMs }) => durationMs);
    const programMs = percentile(startMs, 0.5);
    const [middleMs, slowestMs] = [percentile(durations, 0.5), Math.max(...durations)];
    return {
      figure: `${refused} of ${seconds} refused in one sentence, half of them in ≤ ${Math.round(middleMs)} ms and all in ≤ ${Math.round(slowestMs)} ms, of which the program itself takes ${Math.round(programMs)} ms; the first: ${unaccepted} calls not accepted, ${lost} lost, ${undelivered} not delivered ${detail}, ${replays} doubled, ${taken} leases taken`,
      bar: `all refused${withinMs === null ? '' : ` within ${withinMs} ms`}, the first unharmed`,
      ok:
        refused === seconds &&
        (withinMs === null || slowestMs <= withinMs) &&
        unaccepted + lost + undelivered + replays + taken === 0,
    };
  } finally {
    await stage.close();
  }
}

const TRY_LATER = 75;

interface Second {
  /** Null: it did not end, and serves. */
  readonly code: number | null;
  readonly words: string;
  readonly durationMs: number;
}

async function startSecond(stage: HookStage, database: string, script?: string): Promise<Second> {
  const startedAt = performance.now();
  const args = ['serve', '--config', join(stage.folder, 'beckon.yaml'), '--port', '0', '--database', database];
  const child = startCli(args, script === undefined ? {} : { launcher: script });
  const words = text(child.stderr);
  const ended = once(child, 'close');
  const serves = once(child.stdout, 'data').then(() => child.kill('SIGKILL'));
  // One that ends says nothing, and then nobody waits for it.
  serves.catch(() => {});
  const [code] = await ended;
  return { code, words: await words, durationMs: performance.now() - startedAt };
}

const isOneSentence = (words: string): boolean => /^beckon: [^\n]+ is in use by process \d+ on [^\n]+\n$/.test(words);

async function durationOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
