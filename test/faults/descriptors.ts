import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { delay } from '../support/delay.ts';
import { type HookAnswer, type HookStage, openHookStage } from '../support/hook-stage.ts';
import { untilAllOver } from '../support/until-all-over.ts';
import type { Fault, Finding } from './fault.ts';

const NEEDY = fileURLToPath(new URL('../support/needy-server.ts', import.meta.url));

export const descriptorsGone: Fault = {
  id: 'F11',
  title: 'no descriptor left (256)',
  skip: whyNoPrlimit,
  run: () => exhaustDescriptors({ calls: 60 }),
  control: () => exhaustDescriptors({ calls: 10, script: NEEDY }),
};

interface ExhaustOptions {
  /** Made while no descriptor is left. */
  readonly calls: number;
  readonly script?: string;
}

const DESCRIPTORS = 256;
const PEOPLE = 20;

/** Silent connections take every descriptor; calls and deliveries need more of them. Then the others hang up. */
export async function exhaustDescriptors({ calls, script }: ExhaustOptions): Promise<Finding> {
  const stage = await openHookStage({ bots: ['ann'] });
  const silent: Socket[] = [];
  try {
    const database = `sqlite:${join(stage.folder, 'beckon.db')}`;
    const server = await stage.start(['--database', database], script);
    execFileSync('prlimit', ['--pid', String(server.pid), `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`]);
    const answers: HookAnswer[] = [await callOnce(stage, server.url, 'before')];
    const port = Number(new URL(server.url).port);
    for (let index = 0; index < 2 * DESCRIPTORS; index += 1) silent.push(await openSilent(port));
    for (let call = 0; call < calls; call += 1) answers.push(await callOnce(stage, server.url, `call ${call}`));
    for (const socket of silent) socket.destroy();
    const healedMs = await untilAccepted(stage, server.url, answers);
    const { undelivered, detail } = await untilAllOver(database);
    const accepted = answers.filter(({ id }) => id !== null).length;
    const refused = answers.filter(({ status, retryAfter }) => status === 503 && retryAfter !== null).length;
    const unreached = answers.filter(({ error }) => error !== null && error !== 'TimeoutError').length;
    const wrong = answers.length - accepted - refused - unreached;
    const lost = Math.max(0, accepted * PEOPLE - stage.sandbox.ledger.counts('hooks').total);
    const lives = isAlive(server.pid);
    return {
      figure: `${calls} calls: ${accepted} accepted in all, ${refused} × 503, ${unreached} connections refused, ${wrong} other answers; ${lost} lost, ${undelivered} not delivered ${detail}; the server ${lives ? 'lives' : 'ended'}, accepts again after ${Math.round(healedMs)} ms`,
      bar: 'no exit, 503 or refused connections only, 0 lost, accepts again',
      ok: lives && unreached + refused > 0 && wrong + lost + undelivered === 0 && Number.isFinite(healedMs),
    };
  } finally {
    for (const socket of silent) socket.destroy();
    await stage.close();
  }
}

const callOnce = (stage: HookStage, url: string, text: string): Promise<HookAnswer> =>
  stage.send(url, { bot: 'ann', text, people: PEOPLE });

/** Resolves when the kernel has taken it, whatever the server makes of it. */
async function openSilent(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  return socket;
}

async function untilAccepted(stage: HookStage, url: string, answers: HookAnswer[]): Promise<number> {
  const startedAt = performance.now();
  while (performance.now() - startedAt < 30_000) {
    const answer = await callOnce(stage, url, 'after');
    answers.push(answer);
    if (answer.id !== null) return performance.now() - startedAt;
    await delay(50);
  }
  return Number.POSITIVE_INFINITY;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Tried for real, on this very process and with what it has. */
export function whyNoPrlimit(): string | null {
  try {
    execFileSync('prlimit', ['--pid', String(process.pid), '--nofile'], { stdio: 'pipe' });
    return null;
  } catch {
    return 'prlimit is missing: apt-get install util-linux';
  }
}
