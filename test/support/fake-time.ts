import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PLACES = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib64/faketime/libfaketime.so.1',
  '/usr/lib/faketime/libfaketime.so.1',
  '/usr/local/lib/faketime/libfaketime.so.1',
];

const library = PLACES.find((path) => existsSync(path)) ?? null;

export function whyNoFakeTime(): string | null {
  return library === null ? 'libfaketime.so.1 is missing: apt-get install libfaketime' : null;
}

/** A wall clock of its own for one process: what to start that with, and how to set it. Monotonic time goes on. */
export function openFakeTime(folder: string, name: string) {
  const path = join(folder, `${name}.clock`);
  const set = (aheadMs: number) => writeFileSync(path, `${aheadMs < 0 ? '-' : '+'}${Math.abs(aheadMs) / 1_000}`);
  set(0);
  return {
    set,
    env: {
      LD_PRELOAD: library ?? '',
      FAKETIME_TIMESTAMP_FILE: path,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    },
  };
}
