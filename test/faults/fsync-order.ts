import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openRehearsal } from '../support/rehearsal.ts';
import type { Fault, Finding } from './fault.ts';

const CARELESS = fileURLToPath(new URL('../support/careless-server.ts', import.meta.url));

export const fsyncOrder: Fault = {
  id: 'F01',
  title: 'fsync before the answer',
  skip: whyNoStrace,
  run: () => traceAnswers({ calls: 1_000 }),
  control: () => traceAnswers({ calls: 50, script: CARELESS }),
};

/** What the server asks the kernel for: no answer may leave while something in the WAL is written and not synced. */
export async function traceAnswers(options: { readonly calls: number; readonly script?: string }): Promise<Finding> {
  const rehearsal = await openRehearsal({ limits: 'off' });
  try {
    const database = `sqlite:${join(rehearsal.folder, 'beckon.db')}`;
    const server = await rehearsal.start(['--database', database], options.script);
    const trace = join(rehearsal.folder, 'trace');
    const tracer = await attach(server.pid, trace);
    for (let call = 0; call < options.calls; call += 1) await rehearsal.notify(server.url, 1, `call ${call}`);
    await tracer.detach();
    const { answers, good } = judge(readFileSync(trace, 'latin1'));
    return {
      figure: `${good} of ${answers} answers after the sync`,
      bar: `${options.calls} of ${options.calls}`,
      ok: answers === options.calls && good === answers,
    };
  } finally {
    await rehearsal.close();
  }
}

/** So much of what is written is shown: SQLite writes its pages whole. */
const PAGE_BYTES = 4_096;

async function attach(pid: number, output: string) {
  const calls = 'trace=pwrite64,pwritev,write,writev,fsync,fdatasync';
  const tracer = spawn('strace', ['-f', '-y', '-s', String(PAGE_BYTES), '-e', calls, '-o', output, '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(tracer, 'exit');
  await once(tracer.stderr, 'data');
  return {
    async detach() {
      tracer.kill('SIGINT');
      await exited;
    },
  };
}

/**
 * Calls come one after the other and each has its number in its message, so the page that holds it is known when it is
 * written. The store's thread goes on writing for others meanwhile: a sync covers what was written before it began, and
 * its line may come in two parts.
 */
function judge(trace: string): { readonly answers: number; readonly good: number } {
  let [answers, good] = [0, 0];
  const written = new Set<number>();
  const durable = new Set<number>();
  const syncs = new Map<string, readonly number[]>();
  for (const line of trace.split('\n')) {
    const thread = /^\d+/.exec(line)?.[0] ?? '';
    if (/ pwrite(64|v)\(\d+<[^>]*-wal>/.test(line)) {
      for (const [, number] of line.matchAll(/call (\d+)\\"/g)) written.add(Number(number));
    }
    if (/ f(data)?sync\(\d+<[^>]*-wal>/.test(line)) syncs.set(thread, [...written]);
    if (/f(data)?sync(\(\d+<[^>]*-wal>| resumed>)\)\s+= 0/.test(line)) {
      for (const number of syncs.get(thread) ?? []) durable.add(number);
      syncs.delete(thread);
    }
    if (/ writev?\(\d+<(socket|TCP)[^>]*>, .*HTTP\/1\.1 200/.test(line)) {
      if (durable.has(answers)) good += 1;
      answers += 1;
    }
  }
  return { answers, good };
}

export function whyNoStrace(): string | null {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'pipe' });
    return null;
  } catch {
    return 'strace is not installed, or may not trace here';
  }
}
