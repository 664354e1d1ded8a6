import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODEL = fileURLToPath(new URL('lease.pml', import.meta.url));

/** Why the model cannot be checked on this machine; null: it can. */
export function whyNoSpin(): string | null {
  const missing = ['spin', 'gcc'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
  return missing.length === 0 ? null : `needs ${missing.join(' and ')} (on Debian: apt-get install spin gcc)`;
}

export interface Checked {
  readonly states: number;
  /** What does not hold; null: everything holds in every state there is. */
  readonly broken: string | null;
}

/** Looks at every state of the lease protocol. `bug`: the name of one that the model can have planted in it. */
export function checkLease(bug?: 'NO_FENCE'): Checked {
  const folder = mkdtempSync(join(tmpdir(), 'beckon-model-'));
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { cwd: folder, encoding: 'utf8', timeout: 120_000 });
  try {
    run('spin', ...(bug === undefined ? [] : [`-D${bug}`]), '-a', MODEL);
    run('gcc', '-O2', '-DSAFETY', '-o', 'pan', 'pan.c');
    const said = run('./pan', '-m100000');
    // A search that was cut short would prove nothing.
    const broken = /^pan:\s*\d+: (.*?) \(at depth|^(error: max search depth.*)$/m.exec(said);
    const [, states = '0'] = /(\d+) states, stored/.exec(said) ?? [];
    const isWhole = /errors: 0\b/.test(said) && !said.includes('Search not completed');
    return { states: Number(states), broken: broken?.[1] ?? broken?.[2] ?? (isWhole ? null : said) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
