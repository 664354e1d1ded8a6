import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/model/clock.ts';
import { openStore } from '../../src/store/open.ts';
import { putBack } from '../../src/store/put-back.ts';
import { delay } from '../support/delay.ts';
import { percentile } from '../support/percentile.ts';
import { runCli } from '../support/run-cli.ts';
import { countLost, type Told } from '../support/store-load.ts';
import { startWriter, type WriterProcess } from '../support/writer-process.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

export const backupOnline: Fault = {
  id: 'F36',
  title: 'backup while running, SQLite',
  isTimed: true,
  run: (parts) => backUpOften({ rounds: 11, copy: backUpByCommand, leastShare: 50 }, parts),
  control: (parts) => backUpOften({ rounds: 3, copy: copyBlindly, leastShare: 0 }, parts),
};

interface BackupOptions {
  readonly rounds: number;
  readonly copy: (from: string, to: string) => Promise<unknown>;
  /** Per cent of the rate just before it that must remain during a backup; one follows another as they would not. */
  readonly leastShare: number;
}

const ALONE_MS = 1_500;
const DRAIN_MS = 100;
/** The newest of what was told are looked for. */
const SAMPLE = 500;

/**
 * Whatever a caller had been told before a backup began is in it, it is sound, the server goes on meanwhile, and what
 * comes out of it sends nothing until somebody has decided.
 */
export async function backUpOften({ rounds, copy, leastShare }: BackupOptions, { seed }: FaultParts): Promise<Finding> {
  const folder = mkdtempSync(join(tmpdir(), 'beckon-backups-'));
  const path = join(folder, 'beckon.db');
  const writer = await startWriter(`sqlite:${path}`, String(seed));
  try {
    const shares: number[] = [];
    let [lost, held, slowestMs, early, released] = [0, 0, 0, 0, 0];
    for (let round = 1; round <= rounds; round += 1) {
      const alone = await rateOf(writer, () => delay(ALONE_MS));
      // While a copy was checked nobody read what the writer said: only what is fresh can be missing.
      await delay(DRAIN_MS);
      const before = [...writer.told];
      const to = join(folder, `${round}.db`);
      const startedAt = performance.now();
      shares.push((100 * (await rateOf(writer, () => copy(path, to)))) / alone);
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      lost += await countMissing(to, before.slice(-SAMPLE));
      held += Math.min(before.length, SAMPLE);
      const restored = await restore(to, join(folder, `restored-${round}.db`));
      early += restored.early;
      released += restored.released;
      rmSync(to);
    }
    const share = Math.round(percentile(shares, 0.5));
    return {
      figure: `${rounds} backups: ${lost} of ${held} missing, ≤ ${Math.round(slowestMs)} ms each, ${share} % of the rate just before meanwhile (${shares.map(Math.round).join(', ')}); restored: ${early} queues claimable before the release, ${released} after`,
      bar: `0 missing, all sound, 0 claimable before the release and some after, at least ${leastShare} % of the rate`,
      ok: lost === 0 && held > 0 && early === 0 && released > 0 && share >= leastShare,
    };
  } finally {
    await writer.kill();
    rmSync(folder, { recursive: true });
  }
}

/** How many queues a server would find work in, before and after the release of what was put back. */
async function restore(backup: string, path: string): Promise<{ readonly early: number; readonly released: number }> {
  const url = `sqlite:${path}`;
  const put = await putBack({ backup, path, overwrite: false, clock: systemClock }).catch(() => null);
  if (put === null) return { early: 0, released: 0 };
  const store = await openStore(url, { clock: systemClock });
  try {
    const early = await store.listQueues({ after: null, limit: 100 });
    await store.endRestore({ decision: 'release', at: systemClock.now() });
    const released = await store.listQueues({ after: null, limit: 100 });
    return { early: early.length, released: released.length };
  } finally {
    await store.close();
  }
}

/** What callers are told a second while `work` goes on. */
async function rateOf(writer: WriterProcess, work: () => Promise<unknown>): Promise<number> {
  const [startedAt, before] = [performance.now(), writer.told.length];
  await work();
  return ((writer.told.length - before) * 1_000) / (performance.now() - startedAt);
}

/** In a copy that cannot be read everything is missing. */
async function countMissing(path: string, told: readonly Told[]): Promise<number> {
  const store = await openStore(`sqlite:${path}`, { clock: systemClock }).catch(() => null);
  if (store === null) return told.length;
  try {
    return await countLost(store, told);
  } catch {
    return told.length;
  } finally {
    await store.close();
  }
}

/** In a process of its own, as it is meant to be: this one would not hear the writer while it checks a copy. */
export async function backUpByCommand(from: string, to: string): Promise<void> {
  const { code, stderr } = await runCli(['backup', '--database', `sqlite:${from}`, to]);
  if (code !== 0) throw new Error(stderr);
}

/** What an operator without this command does: copies the file, and leaves the log behind. */
async function copyBlindly(from: string, to: string): Promise<void> {
  copyFileSync(from, to);
}
