import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '../../src/model/clock.ts';
import { openStore } from '../../src/store/open.ts';
import { delay } from '../support/delay.ts';
import { between } from '../support/seed.ts';
import { countLost, type Told } from '../support/store-load.ts';
import { startWriter } from '../support/writer-process.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

/*
 * The file system lies in an image in memory, mounted through a loop device. What the kernel has not been made to write
 * is not in the image, so a copy of it at any moment is what a power cut would have left at that moment.
 */
export const powerCut: Fault = {
  id: 'F02',
  title: 'power cut, SQLite',
  skip: whyNoLoopMounts,
  run: (parts) => cutPower({ cuts: 50 }, parts),
  control: (parts) => cutPower({ cuts: 20, synchronous: 'OFF' }, parts),
};

interface CutOptions {
  readonly cuts: number;
  readonly synchronous?: 'OFF' | 'NORMAL';
}

const IMAGE_MB = 64;

export async function cutPower({ cuts, synchronous }: CutOptions, { random, seed }: FaultParts): Promise<Finding> {
  const rig = openRig();
  let told = 0;
  let lost = 0;
  let losingCuts = 0;
  let damaged = 0;
  let slowestMs = 0;
  try {
    const flags = synchronous === undefined ? [] : ['--synchronous', synchronous];
    for (let cut = 1; cut <= cuts; cut += 1) {
      rig.mountFresh();
      const writer = await startWriter(`sqlite:${join(rig.live, 'beckon.db')}`, `${seed}/${cut}`, flags);
      await delay(between(random, 20, 600));
      writer.signal('SIGSTOP');
      await writer.settle();
      const before = [...writer.told];
      rig.copyImage();
      await writer.kill();
      rig.unmountLive();
      const after = await rig.withCopy((path) => examine(path, before));
      told += before.length;
      lost += after.lost;
      losingCuts += after.lost > 0 ? 1 : 0;
      damaged += after.damaged ? 1 : 0;
      slowestMs = Math.max(slowestMs, after.openMs);
    }
  } finally {
    rig.close();
  }
  return {
    figure: `${cuts} cuts: ${lost} of ${told} lost in ${losingCuts}, ${damaged} damaged, open ≤ ${Math.round(slowestMs)} ms`,
    bar: '0 lost, 0 damaged, open ≤ 5,000 ms',
    ok: lost === 0 && damaged === 0 && slowestMs <= 5_000 && told > 0,
  };
}

async function examine(path: string, told: readonly Told[]) {
  const startedAt = performance.now();
  try {
    const store = await openStore(`sqlite:${path}`, { clock: systemClock });
    const openMs = performance.now() - startedAt;
    const lost = await countLost(store, told);
    await store.close();
    const database = new DatabaseSync(path, { readOnly: true });
    const verdict = database.prepare('PRAGMA integrity_check').get()?.['integrity_check'];
    database.close();
    return { lost, damaged: verdict !== 'ok', openMs };
  } catch {
    return { lost: told.length, damaged: true, openMs: 0 };
  }
}

interface Rig {
  /** Where the file system of the running process is mounted. */
  readonly live: string;
  mountFresh(): void;
  /** The cut. */
  copyImage(): void;
  unmountLive(): void;
  withCopy<T>(work: (database: string) => Promise<T>): Promise<T>;
  close(): void;
}

function openRig(): Rig {
  const folder = mkdtempSync('/dev/shm/beckon-power-');
  const [image, copy] = [join(folder, 'image'), join(folder, 'copy')];
  const [live, after] = [join(folder, 'live'), join(folder, 'after')];
  mkdirSync(live);
  mkdirSync(after);
  const unmount = (path: string) => {
    if (isMounted(path)) execFileSync('umount', ['-l', path]);
  };
  return {
    live,
    mountFresh() {
      rmSync(image, { force: true });
      execFileSync('truncate', ['-s', `${IMAGE_MB}M`, image]);
      execFileSync('mkfs.ext4', ['-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image]);
      execFileSync('mount', ['-o', 'loop', image, live]);
    },
    copyImage: () => void execFileSync('cp', ['--sparse=always', image, copy]),
    unmountLive: () => unmount(live),
    async withCopy(work) {
      execFileSync('mount', ['-o', 'loop', copy, after]);
      try {
        return await work(join(after, 'beckon.db'));
      } finally {
        unmount(after);
      }
    },
    close() {
      unmount(live);
      unmount(after);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const isMounted = (path: string): boolean => {
  try {
    execFileSync('mountpoint', ['-q', path]);
    return true;
  } catch {
    return false;
  }
};

/** Tries it for real: the device files may be there and still be useless, as in most containers. */
export function whyNoLoopMounts(): string | null {
  if (process.getuid?.() !== 0) return 'loop mounts need root';
  if (!existsSync('/dev/shm')) return 'there is no /dev/shm to put the image in';
  const folder = mkdtempSync('/dev/shm/beckon-probe-');
  try {
    const image = join(folder, 'image');
    writeFileSync(image, '');
    execFileSync('truncate', ['-s', '8M', image], { stdio: 'pipe' });
    execFileSync('mkfs.ext4', ['-q', '-F', image], { stdio: 'pipe' });
    mkdirSync(join(folder, 'live'));
    execFileSync('mount', ['-o', 'loop', image, join(folder, 'live')], { stdio: 'pipe' });
    execFileSync('umount', [join(folder, 'live')], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `loop mounts do not work here: ${error instanceof Error ? (error.message.split('\n')[1] ?? error.message) : error}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
