import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export const LAUNCHER = fileURLToPath(new URL('../../bin/beckon.mjs', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly launcher?: string;
  readonly uid?: number;
  readonly stdin?: string;
}

/** Runs the real program to its end. Nothing of the caller's own `BECKON_…` environment reaches it. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = startCli(args, options);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, stdout, stderr };
}

export function startCli(args: readonly string[], { env = {}, launcher = LAUNCHER, uid, stdin = '' }: CliOptions = {}) {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(BECKON_|NODE_)/.test(name));
  const child = spawn(process.execPath, [launcher, ...args], {
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: 'pipe',
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  child.stdin.end(stdin);
  return child;
}

/** Everything standard output says, until it has said `pattern`. */
export async function outputUntil(child: ChildProcess, pattern: RegExp): Promise<string> {
  let output = '';
  for await (const chunk of child.stdout ?? []) {
    output += String(chunk);
    if (pattern.test(output)) return output;
  }
  throw new Error(`the program ended without saying ${pattern}; it said:\n${output}`);
}
