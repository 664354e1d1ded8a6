import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '../../src/model/clock.ts';
import { openStore } from '../../src/store/open.ts';
import { delay } from '../support/delay.ts';
import { openLoopDisk, whyNoLoopMounts } from '../support/loop-disk.ts';
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
  const rig = openLoopDisk(IMAGE_MB);
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
