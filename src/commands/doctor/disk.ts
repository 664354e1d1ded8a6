import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findReaders, KEPT_WAL_BYTES, walBytes } from '../../store/wal.ts';
import { CommandFailure, EXIT } from '../exit.ts';
import type { Finding } from './report.ts';

const MB = 1024 * 1024;
const LEAST_FREE_MB = 100;
const COMFORTABLE_FREE_MB = 1_024;

/** Room for the database to grow in. */
export function checkSpace(folder: string): Finding {
  const { bavail, bsize } = statfsSync(folder);
  const freeMb = Math.floor((bavail * bsize) / MB);
  const words = `${freeMb} MB are free in ${folder}`;
  if (freeMb < LEAST_FREE_MB) {
    throw new CommandFailure(`${words}: when it is full no notification is accepted; make room.`, EXIT.failure);
  }
  if (freeMb < COMFORTABLE_FREE_MB) return { warning: `${words}: make room before it is needed.` };
  return words;
}

/** Magic numbers of file systems that forget: tmpfs, ramfs, and the upper layer of a container. */
const FORGETFUL: Readonly<Record<number, string>> = {
  16914836: 'in memory (tmpfs), and a restart of the machine empties it',
  2240043254: 'in memory (ramfs), and a restart of the machine empties it',
  2035054128: "in the container's own layer (overlay), and goes with the container",
};

/** No disk answers sooner. */
const FASTEST_SYNC_MS = 0.01;
const SLOW_SYNC_MS = 50;
const SYNCS = 25;

/** Does the disk keep what it said it has written? Whoever answers in no time has not asked a disk. */
export function checkSync(folder: string): Finding {
  const forgets = FORGETFUL[statfsSync(folder).type];
  if (forgets !== undefined) return { warning: `${folder} lies ${forgets}: put the database on a disk or a volume.` };
  const ms = measureSync(folder);
  const words = `a write is on the disk after ${ms.toFixed(2)} ms`;
  if (ms < FASTEST_SYNC_MS) {
    return { warning: `${words}, which is no disk: something answers for it, and a power cut loses what it holds.` };
  }
  if (ms > SLOW_SYNC_MS) return { warning: `${words}: every accepted call waits that long; use a faster disk.` };
  return words;
}

/** The median of small writes, each followed by a sync. */
function measureSync(folder: string): number {
  const path = join(folder, `.beckon-doctor-${process.pid}`);
  const file = openSync(path, 'wx', 0o600);
  try {
    const times = Array.from({ length: SYNCS }, () => {
      const startedAt = performance.now();
      writeSync(file, Buffer.alloc(4_096));
      fsyncSync(file);
      return performance.now() - startedAt;
    });
    return times.sort((one, other) => one - other)[Math.floor(SYNCS / 2)] ?? 0;
  } finally {
    closeSync(file);
    rmSync(path);
  }
}

/** People and their messages are in the file. */
export function checkPrivacy(path: string): Finding {
  if (process.platform === 'win32' || !existsSync(path)) return 'nobody else can read it';
  const closed = (statSync(dirname(path)).mode & 0o001) === 0;
  if (closed || (statSync(path).mode & 0o004) === 0) return 'other users of this machine cannot read it';
  return { warning: `every user of this machine can read ${path}, with people and messages: chmod 600 ${path}*` };
}

/** It grows for as long as anybody reads in the file without an end, and then nobody can empty it. */
export function checkWal(path: string): Finding {
  const bytes = walBytes(path);
  const words = `${Math.round(bytes / MB)} MB long`;
  if (bytes <= KEPT_WAL_BYTES) return words;
  const readers = findReaders(path);
  if (readers.length === 0) return { warning: `${words}: a server empties it, unless a program reads in the file.` };
  return { warning: `${words}, because of a read that does not end in ${readers.join(', ')}: end that program.` };
}
