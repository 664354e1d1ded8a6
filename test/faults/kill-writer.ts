import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/model/clock.ts';
import { openStore } from '../../src/store/open.ts';
import { delay } from '../support/delay.ts';
import { between } from '../support/seed.ts';
import { countLost, type Told } from '../support/store-load.ts';
import { startWriter } from '../support/writer-process.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

/** The store alone; `kill.ts` kills whole servers in the middle of deliveries. */
export const writerKilled: Fault = {
  id: 'F03',
  title: 'kill -9 of the writer, SQLite',
  run: (parts) => killWriter({ kills: 60 }, parts),
  control: (parts) => killWriter({ kills: 5, flags: ['--hasty'] }, parts),
};

/** One database all the time: what was told before any of the kills must still be there at the end. */
export async function killWriter(
  { kills, flags = [] }: { readonly kills: number; readonly flags?: readonly string[] },
  { random, seed }: FaultParts,
): Promise<Finding> {
  const folder = mkdtempSync(join(tmpdir(), 'beckon-kills-'));
  const url = `sqlite:${join(folder, 'beckon.db')}`;
  const told: Told[] = [];
  let slowestMs = 0;
  try {
    for (let kill = 1; kill <= kills; kill += 1) {
      const writer = await startWriter(url, `${seed}/${kill}`, flags);
      await delay(between(random, 20, 300));
      await writer.kill();
      told.push(...writer.told);
      const startedAt = performance.now();
      await (await openStore(url, { clock: systemClock })).close();
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
    }
    const store = await openStore(url, { clock: systemClock });
    const lost = await countLost(store, told);
    await store.close();
    return {
      figure: `${kills} kills: ${lost} of ${told.length} lost, open again ≤ ${Math.round(slowestMs)} ms`,
      bar: '0 lost, open ≤ 3 s',
      ok: lost === 0 && slowestMs <= 3_000 && told.length > 0,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
