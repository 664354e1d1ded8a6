import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../bin/beckon.mjs', import.meta.url));

export interface BeckonProcess {
  readonly url: string;
  readonly pid: number;
  /** Every line the process wrote, newest last. */
  readonly lines: readonly string[];
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Resolves when the process is gone, whoever ended it. */
  readonly ended: Promise<unknown>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the first line, past or future, that matches. */
  line(pattern: RegExp): Promise<string>;
  /** Resolves with the next line that matches and is not written yet. */
  next(pattern: RegExp): Promise<string>;
}

/** Starts a real server process and resolves once it says where it listens. No balancer looks at it, so it does not linger. */
export async function startBeckon(
  args: readonly string[],
  script = MAIN,
  env: Readonly<Record<string, string>> = {},
): Promise<BeckonProcess> {
  const child = spawn(process.execPath, [script, 'serve', '--port', '0', '--log-format', 'json', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, BECKON_LINGER_MS: '0', ...env },
  });
  const output = collectLines(child);
  const exited = once(child, 'exit');
  const dead = exited.then(() => {
    throw new Error(`the server ended at once:\n${output.lines.join('\n')}`);
  });
  dead.catch(() => {});
  const announced = await Promise.race([output.line(/http:\/\/[\d.]+:\d+/), dead]);
  const url = /http:\/\/[\d.]+:\d+/.exec(announced)?.[0] ?? '';
  return {
    url,
    pid: child.pid ?? 0,
    lines: output.lines,
    line: output.line,
    next: output.next,
    ended: exited,
    signal: (name) => child.kill(name),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      child.kill('SIGTERM');
      const [code] = await exited;
      return code;
    },
  };
}

function collectLines(child: ChildProcess) {
  const lines: string[] = [];
  const waiting = new Set<{ readonly pattern: RegExp; readonly resolve: (line: string) => void }>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const waiter of waiting) {
        if (!waiter.pattern.test(line)) continue;
        waiting.delete(waiter);
        waiter.resolve(line);
      }
    });
  }
  const line = (pattern: RegExp): Promise<string> => {
    const known = lines.find((entry) => pattern.test(entry));
    return known === undefined ? new Promise((resolve) => waiting.add({ pattern, resolve })) : Promise.resolve(known);
  };
  const next = (pattern: RegExp): Promise<string> => new Promise((resolve) => waiting.add({ pattern, resolve }));
  return { lines, line, next };
}

/** Asks again whenever the server has finished another batch, until the notification is over. */
export async function untilFinished<T extends { readonly status: string }>(
  server: Pick<BeckonProcess, 'next'>,
  ask: () => Promise<T>,
): Promise<T> {
  for (;;) {
    const progress = server.next(/batch attempted/);
    const status = await ask();
    if (status.status !== 'IN_PROGRESS') return status;
    await progress;
  }
}
