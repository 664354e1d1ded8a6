import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BeckonProcess } from '../support/beckon.ts';
import { delay } from '../support/delay.ts';
import { openFakeTime, whyNoFakeTime } from '../support/fake-time.ts';
import { type HookStage, openHookStage } from '../support/hook-stage.ts';
import { startPostgres } from '../support/postgres.ts';
import { untilAllOver } from '../support/until-all-over.ts';
import type { Fault, Finding } from './fault.ts';

const JUMPING = fileURLToPath(new URL('../support/jumping-server.ts', import.meta.url));
const OWN_CLOCK = fileURLToPath(new URL('../support/own-clock-server.ts', import.meta.url));

export const clockJumps: Fault = {
  id: 'F12',
  title: 'clock set an hour forward, then a day back, SQLite',
  isPatient: true,
  skip: whyNoFakeTime,
  run: () => setClocks({ postgres: false, betweenMs: 4_000 }),
  control: () => setClocks({ postgres: false, betweenMs: 2_000, script: OWN_CLOCK }),
};

export const oneClockJumps: Fault = {
  id: 'F12',
  title: 'clock of one node of three set an hour forward, then a day back, PostgreSQL',
  isPatient: true,
  skip: whyNoFakeTime,
  run: () => setClocks({ postgres: true, betweenMs: 4_000 }),
  control: () => setClocks({ postgres: true, betweenMs: 2_000, script: OWN_CLOCK }),
};

interface JumpOptions {
  /** Three nodes on PostgreSQL, of which one has its clock set; otherwise one process on SQLite. */
  readonly postgres: boolean;
  /** How long there is load before, between and after. */
  readonly betweenMs: number;
  readonly script?: string;
  /** The clock is one that the server was given, and not the machine's. */
  readonly injected?: boolean;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const PEOPLE = 20;

/**
 * Under load, and with some who wait for another attempt. Nobody dies and nothing is cut, so nothing may be sent twice:
 * a repeat is a lease that somebody took too early.
 */
export async function setClocks({ postgres, betweenMs, script, injected = false }: JumpOptions): Promise<Finding> {
  const server = postgres ? await startPostgres() : null;
  const stage = await openHookStage({ bots: ['ann'] });
  try {
    const database = (await server?.createDatabase()) ?? `sqlite:${join(stage.folder, 'beckon.db')}`;
    stage.sandbox.faults.set([
      { provider: 'hooks', rate: 0.03, fault: { kind: 'status', status: 503, delayMs: 200 } },
      { provider: 'hooks', fault: { kind: 'slow', delayMs: 200 } },
    ]);
    const args = ['--database', database];
    const jumping = await (injected ? startInjected(stage, args) : startFaked(stage, args, script));
    const nodes = [jumping.node];
    while (postgres && nodes.length < 3) nodes.push(await stage.start(args, script));
    const load = startLoad(stage, nodes);
    await delay(betweenMs);
    jumping.hourForward();
    await delay(betweenMs);
    const noticed = jumping.node.next(/set back by \d+ s.*"clock stepped"/);
    jumping.dayBack();
    const [event] = await Promise.all([Promise.race([noticed, delay(10_000)]), delay(betweenMs)]);
    const accepted = await load.end();
    const { undelivered, detail } = await untilAllOver(database);
    const { total, replays } = stage.sandbox.ledger.counts('hooks');
    const lost = accepted * PEOPLE - total;
    const taken = nodes.reduce((sum, node) => sum + countLost(node), 0);
    const isTold = event !== undefined;
    return {
      figure: `${accepted} notifications of ${PEOPLE}: ${lost} lost, ${undelivered} not delivered ${detail}, ${replays} doubled, ${taken} leases taken early, the step back is ${isTold ? 'logged' : 'not logged'}`,
      bar: '0 lost, all delivered, 0 doubled, 0 taken early, logged',
      ok: accepted > 0 && lost + undelivered + replays + taken === 0 && isTold,
    };
  } finally {
    await stage.close();
    await server?.stop();
  }
}

interface Jumping {
  readonly node: BeckonProcess;
  hourForward(): void;
  dayBack(): void;
}

async function startFaked(stage: HookStage, args: readonly string[], script?: string): Promise<Jumping> {
  const time = openFakeTime(stage.folder, 'first');
  const node = await stage.start(args, script, time.env);
  return { node, hourForward: () => time.set(HOUR_MS), dayBack: () => time.set(HOUR_MS - DAY_MS) };
}

async function startInjected(stage: HookStage, args: readonly string[]): Promise<Jumping> {
  const node = await stage.start(args, JUMPING);
  return { node, hourForward: () => node.signal('SIGUSR2'), dayBack: () => node.signal('SIGHUP') };
}

/** Two calls at a time, each node in its turn. */
function startLoad(stage: HookStage, nodes: readonly BeckonProcess[]) {
  let over = false;
  let accepted = 0;
  const client = async (first: number) => {
    for (let call = first; !over; call += 2) {
      const { url } = nodes[call % nodes.length] ?? { url: '' };
      const { id } = await stage.send(url, { bot: 'ann', text: `call ${call}`, people: PEOPLE });
      if (id !== null) accepted += 1;
      await delay(400);
    }
  };
  const clients = Promise.all([client(0), client(1)]);
  return {
    async end() {
      over = true;
      await clients;
      return accepted;
    },
  };
}

const countLost = (node: BeckonProcess): number => node.lines.filter((line) => /"batch lost"/.test(line)).length;
