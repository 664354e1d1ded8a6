import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An ext4 file system in an image in memory, mounted through a loop device. */
export interface LoopDisk {
  /** Where the file system of the running process is mounted. */
  readonly live: string;
  mountFresh(): void;
  /** The image as it is at this moment: what a power cut would leave. */
  copyImage(): void;
  /** As the kernel does when the disk fails: from now on the file system is read-only for everybody. */
  breakDown(): void;
  /** Checked by fsck and mounted again. */
  repair(): void;
  unmountLive(): void;
  withCopy<T>(work: (database: string) => Promise<T>): Promise<T>;
  close(): void;
}

export function openLoopDisk(sizeMb: number): LoopDisk {
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
      execFileSync('truncate', ['-s', `${sizeMb}M`, image]);
      execFileSync('mkfs.ext4', ['-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image]);
      execFileSync('mount', ['-o', 'loop', image, live]);
    },
    copyImage: () => void execFileSync('cp', ['--sparse=always', image, copy]),
    breakDown: () => void execFileSync('mount', ['-o', 'remount,abort', live]),
    repair() {
      unmount(live);
      // 1: errors were corrected.
      const { status } = spawnSync('e2fsck', ['-p', '-f', image]);
      if (status !== 0 && status !== 1) throw new Error(`fsck ended with ${status}`);
      execFileSync('mount', ['-o', 'loop', image, live]);
    },
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
