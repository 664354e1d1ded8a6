import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/model/clock.ts';
import { backUp } from '../../src/store/backup.ts';
import { openStore } from '../../src/store/open.ts';
import { delay } from '../support/delay.ts';
import { countLost, type Told } from '../support/store-load.ts';
import { startWriter, type WriterProcess } from '../support/writer-process.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

export const backupOnline: Fault = {
  id: 'F36',
  title: 'backup while running, SQLite',
  run: (parts) => backUpOften({ rounds: 20, copy: backUp, leastShare: 5 }, parts),
  control: (parts) => backUpOften({ rounds: 5, copy: copyBlindly, leastShare: 0 }, parts),
};

interface BackupOptions {
  readonly rounds: number;
  readonly copy: (from: string, to: string) => Promise<unknown>;
  /** Per cent of the rate that must remain: that it goes on at all; copying and syncing share two cores and a disk. */
  readonly leastShare: number;
}

const ALONE_MS = 3_000;
const DRAIN_MS = 100;
/** The newest of what was told are looked for. */
const SAMPLE = 500;

/** Whatever a caller had been told before a backup began is in it, it is sound, and the server hardly notices. */
export async function backUpOften({ rounds, copy, leastShare }: BackupOptions, { seed }: FaultParts): Promise<Finding> {
  const folder = mkdtempSync(join(tmpdir(), 'beckon-backups-'));
  const path = join(folder, 'beckon.db');
  const writer = await startWriter(`sqlite:${path}`, String(seed));
  try {
    const alone = await rateOf(writer, () => delay(ALONE_MS));
    let lost = 0;
    let slowestMs = 0;
    let held = 0;
    let copied = 0;
    for (let round = 1; round <= rounds; round += 1) {
      // While a copy was checked nobody read what the writer said: only what is fresh can be missing.
      await delay(DRAIN_MS);
      const before = [...writer.told];
      const to = join(folder, `${round}.db`);
      const startedAt = performance.now();
      copied += await rateOf(writer, () => copy(path, to));
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      lost += await countMissing(to, before.slice(-SAMPLE));
      held += Math.min(before.length, SAMPLE);
      rmSync(to);
    }
    const during = copied / rounds;
    const share = Math.round((100 * during) / alone);
    return {
      figure: `${rounds} backups: ${lost} of ${held} missing, ≤ ${Math.round(slowestMs)} ms each; ${Math.round(during)}/s meanwhile, ${share} % of ${Math.round(alone)}/s alone`,
      bar: `0 missing, all sound, at least ${leastShare} % of the rate`,
      ok: lost === 0 && held > 0 && share >= leastShare,
    };
  } finally {
    await writer.kill();
    rmSync(folder, { recursive: true });
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

/** What an operator without this command does: copies the file, and leaves the log behind. */
async function copyBlindly(from: string, to: string): Promise<void> {
  copyFileSync(from, to);
}
