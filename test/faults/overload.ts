import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { delay } from '../support/delay.ts';
import { type HookAnswer, type HookStage, openHookStage } from '../support/hook-stage.ts';
import { percentile } from '../support/percentile.ts';
import { residentMb } from '../support/resident-memory.ts';
import type { Fault, Finding } from './fault.ts';

const WELCOMING = fileURLToPath(new URL('../support/welcoming-server.ts', import.meta.url));

export const overload: Fault = {
  id: 'F23',
  title: 'calls at a multiple of what can be accepted, SQLite',
  run: () => overrun({ callers: 512, forMs: 20_000 }),
  control: () => overrun({ callers: 512, forMs: 8_000, script: WELCOMING }),
};

/** Callers who each wait for their answer, while the capacity is measured. */
const CALLERS = 64;
const REST_MS = 100;
const CALL = { bot: 'ann', text: 'overload', people: 1 };

/**
 * Five times as many callers as the server takes at once, who come again a tenth of a second after a refusal, whatever
 * Retry-After says. The callers, the provider and the server share the machine: what they made of it is in the figure.
 */
export async function overrun({ callers, forMs, script }: OverloadOptions): Promise<Finding> {
  const stage = await openHookStage({ bots: ['ann'] });
  try {
    const database = `sqlite:${join(stage.folder, 'beckon.db')}`;
    const server = await stage.start(['--database', database, '--log-level', 'warn'], script);
    const answers: HookAnswer[] = [];
    await callInTurn(stage, server.url, { callers: CALLERS, forMs: 3_000 }, answers);
    const base = await callInTurn(stage, server.url, { callers: CALLERS, forMs: 5_000 }, answers);
    const baseMb = residentMb(server.pid);
    const memory = watchMemory(server.pid);
    // Opening five hundred connections at once is another matter.
    await callInTurn(stage, server.url, { callers, forMs: 5_000 }, answers);
    const load = await callInTurn(stage, server.url, { callers, forMs }, answers);
    const grownMb = memory.stop() - baseMb;
    const after = await callInTurn(stage, server.url, { callers: CALLERS, forMs: 3_000 }, answers);
    const accepted = answers.filter(({ id }) => id !== null).length;
    const undelivered = accepted - (await untilDelivered(stage, accepted));
    return {
      figure: `${describe('alone', base)}; ${describe('overrun', load)}, ${load.refused} refused in p99 ${Math.round(load.refusedP99)} ms, ${load.wrong} without an answer or a Retry-After, ${grownMb} MB more; ${describe('after', after)}; ${undelivered} of ${accepted} accepted not delivered`,
      bar: 'overrun accepts ≥ 90 % of alone at p99 ≤ 3×, refuses in p99 ≤ 100 ms, ≤ 50 % more memory, all delivered',
      ok:
        load.acceptedPerSecond >= 0.9 * base.acceptedPerSecond &&
        load.acceptedP99 <= 3 * base.acceptedP99 &&
        load.refused > 0 &&
        load.refusedP99 <= 100 &&
        load.wrong + base.wrong + after.wrong + undelivered === 0 &&
        grownMb <= 0.5 * baseMb,
    };
  } finally {
    await stage.close();
  }
}

interface OverloadOptions {
  /** Callers at once; the server takes 100. */
  readonly callers: number;
  readonly forMs: number;
  readonly script?: string;
}

interface Measured {
  readonly madePerSecond: number;
  readonly acceptedPerSecond: number;
  readonly acceptedP99: number;
  readonly refused: number;
  readonly refusedP99: number;
  /** Neither accepted nor told when to come again. */
  readonly wrong: number;
}

async function callInTurn(
  stage: HookStage,
  url: string,
  { callers, forMs }: { readonly callers: number; readonly forMs: number },
  all: HookAnswer[],
): Promise<Measured> {
  const answers: HookAnswer[] = [];
  const startedAt = performance.now();
  const caller = async () => {
    while (performance.now() - startedAt < forMs) {
      const answer = await stage.send(url, CALL);
      answers.push(answer);
      if (answer.id === null) await delay(REST_MS);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  all.push(...answers);
  return measure(answers, performance.now() - startedAt);
}

function measure(answers: readonly HookAnswer[], elapsedMs: number): Measured {
  const accepted = answers.filter(({ id }) => id !== null);
  const refused = answers.filter(({ status, retryAfter }) => (status === 503 || status === 429) && retryAfter !== null);
  const durations = (some: readonly HookAnswer[]) => some.map(({ durationMs }) => durationMs);
  return {
    madePerSecond: (1_000 * answers.length) / elapsedMs,
    acceptedPerSecond: (1_000 * accepted.length) / elapsedMs,
    acceptedP99: percentile(durations(accepted), 0.99),
    refused: refused.length,
    refusedP99: percentile(durations(refused), 0.99),
    wrong: answers.length - accepted.length - refused.length,
  };
}

const describe = (name: string, { madePerSecond, acceptedPerSecond, acceptedP99 }: Measured): string =>
  `${name} ${Math.round(acceptedPerSecond)} of ${Math.round(madePerSecond)}/s accepted, p99 ${Math.round(acceptedP99)} ms`;

function watchMemory(pid: number) {
  let peakMb = 0;
  const timer = setInterval(() => {
    peakMb = Math.max(peakMb, residentMb(pid));
  }, 250);
  return {
    stop() {
      clearInterval(timer);
      return peakMb;
    },
  };
}

async function untilDelivered({ sandbox }: HookStage, wanted: number): Promise<number> {
  await Promise.race([sandbox.until(() => sandbox.ledger.total('hooks') >= wanted), delay(60_000)]);
  return sandbox.ledger.total('hooks');
}
