import { Pool } from 'undici';
import { percentile } from '../test/support/percentile.ts';
import { readQuestion } from './processes.ts';

/**
 * Calls one URL, from a process of its own. With `perSecond` it keeps to that pace whatever the answers take (an open
 * loop: a slow answer delays nobody's start); else each lane calls again as soon as it is answered.
 */
export interface LoadPlan {
  readonly origin: string;
  readonly method: 'GET' | 'POST';
  /** Taken in turn. */
  readonly paths: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly calls: number;
  readonly lanes: number;
  readonly perSecond: number | null;
}

export interface LoadReport {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

const plan = await readQuestion<LoadPlan>();
const pool = new Pool(plan.origin, { connections: plan.lanes, pipelining: 1 });
const times: number[] = [];
let next = 0;

async function call(index: number): Promise<void> {
  const { method, paths, headers, body } = plan;
  const startedAt = performance.now();
  const answer = await pool.request({ method, path: paths[index % paths.length] ?? '', headers, body });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${text.slice(0, 200)}`);
  times.push(performance.now() - startedAt);
}

async function inLanes(): Promise<void> {
  const lane = async () => {
    while (next < plan.calls) await call(next++);
  };
  await Promise.all(Array.from({ length: plan.lanes }, lane));
}

async function atPace(perSecond: number): Promise<void> {
  const startedAt = performance.now();
  const calls: Promise<void>[] = [];
  while (next < plan.calls) {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * perSecond);
    while (next < Math.min(due, plan.calls)) calls.push(call(next++));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(calls);
}

const startedAt = performance.now();
await (plan.perSecond === null ? inLanes() : atPace(plan.perSecond));
const perSecond = (plan.calls * 1_000) / (performance.now() - startedAt);
const report: LoadReport = { perSecond, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
console.log(JSON.stringify(report));
await pool.close();
