import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { delay } from '../support/delay.ts';
import { type Answer, notifyOnce } from '../support/notify-once.ts';
import { startPostgres } from '../support/postgres.ts';
import { openRehearsal, type Rehearsal } from '../support/rehearsal.ts';
import { startTcpProxy, viaProxy } from '../support/tcp-proxy.ts';
import type { Fault, Finding } from './fault.ts';

export const postgresSilent: Fault = {
  id: 'F08',
  title: 'PostgreSQL behind a black hole',
  isPatient: true,
  run: () => blackHole({ holdMs: 60_000 }),
  control: () => blackHole({ holdMs: 1_000, script: PATIENT }),
};

const PATIENT = fileURLToPath(new URL('../support/patient-server.ts', import.meta.url));
const PEOPLE = 50;

/** The connections stay open and nothing moves on them: every call must end, and all must be well soon after. */
export async function blackHole({
  holdMs,
  script,
}: {
  readonly holdMs: number;
  readonly script?: string;
}): Promise<Finding> {
  const postgres = await startPostgres();
  const url = await postgres.createDatabase();
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(url).port) });
  const rehearsal = await openRehearsal({ limits: 'off' });
  try {
    const server = await rehearsal.start(['--database', viaProxy(url, proxy)], script);
    await rehearsal.importPeople(server.url, PEOPLE);
    // So that every connection of the pool is open and taken for good when the silence begins.
    await Promise.all(Array.from({ length: CALLERS }, () => rehearsal.notify(server.url, PEOPLE, 'before')));
    const memoryBefore = residentMb(server.pid);
    proxy.freeze();
    const calls = await callFor(holdMs, rehearsal, server.url);
    const readiness = await probe(server.url);
    const grownMb = residentMb(server.pid) - memoryBefore;
    proxy.thaw();
    const healedMs = await untilAccepted(rehearsal, server.url);
    const wrong = calls.filter(({ status, retryAfter }) => status !== 503 || retryAfter === null).length;
    const slowest = Math.max(...calls.map(({ durationMs }) => durationMs));
    return {
      figure: `${calls.length} calls, ${wrong} without a 503, slowest ${Math.round(slowest)} ms; /readyz ${readiness.status} in ${Math.round(readiness.durationMs)} ms; ${grownMb} MB more; healed in ${Math.round(healedMs)} ms`,
      bar: 'each 503 in ≤ 5 s, /readyz 503 in ≤ 3 s, ≤ 50 MB more, healed ≤ 5 s',
      ok:
        wrong === 0 &&
        slowest <= 5_000 &&
        readiness.status === 503 &&
        readiness.durationMs <= 3_000 &&
        grownMb <= 50 &&
        healedMs <= 5_000,
    };
  } finally {
    await rehearsal.close();
    await proxy.close();
    await postgres.stop();
  }
}

/** More callers at once than the server has connections. */
const CALLERS = 16;

async function callFor(holdMs: number, rehearsal: Rehearsal, url: string): Promise<Answer[]> {
  const answers: Answer[] = [];
  const endsAt = performance.now() + holdMs;
  const call = async () => {
    do answers.push(await notifyOnce(rehearsal, url, PEOPLE, 'in the dark'));
    while (performance.now() < endsAt);
  };
  await Promise.all(Array.from({ length: CALLERS }, call));
  return answers;
}

async function probe(url: string): Promise<{ readonly status: number; readonly durationMs: number }> {
  const startedAt = performance.now();
  const response = await fetch(`${url}/readyz`);
  await response.text();
  return { status: response.status, durationMs: performance.now() - startedAt };
}

async function untilAccepted(rehearsal: Rehearsal, url: string): Promise<number> {
  const startedAt = performance.now();
  while ((await notifyOnce(rehearsal, url, PEOPLE, 'after')).id === null && performance.now() - startedAt < 30_000) {
    await delay(50);
  }
  return performance.now() - startedAt;
}

/** 0 where there is no /proc to ask. */
function residentMb(pid: number): number {
  try {
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024);
  } catch {
    return 0;
  }
}
