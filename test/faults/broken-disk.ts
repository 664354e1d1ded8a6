import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { untilFinished } from '../support/beckon.ts';
import { openLoopDisk, whyNoLoopMounts } from '../support/loop-disk.ts';
import { notifyOnce } from '../support/notify-once.ts';
import { openRehearsal } from '../support/rehearsal.ts';
import type { Fault, Finding } from './fault.ts';

const SWALLOWING = fileURLToPath(new URL('../support/swallowing-server.ts', import.meta.url));

export const brokenDisk: Fault = {
  id: 'F11',
  title: 'file system turns read-only, SQLite',
  skip: whyNoLoopMounts,
  run: () => breakDisk({ calls: 100 }),
  control: () => breakDisk({ calls: 10, script: SWALLOWING }),
};

const PEOPLE = 200;

/** The server refuses what it cannot keep, still answers what it knows, and after the repair everything goes on. */
export async function breakDisk({ calls, script }: { readonly calls: number; readonly script?: string }) {
  const disk = openLoopDisk(64);
  const rehearsal = await openRehearsal({ limits: 'off', concurrency: 4 });
  try {
    disk.mountFresh();
    const args = ['--database', `sqlite:${join(disk.live, 'beckon.db')}`];
    const server = await rehearsal.start(args, script);
    await rehearsal.importPeople(server.url, PEOPLE);
    rehearsal.sandbox.faults.add({ provider: 'teams', route: 'send', fault: { kind: 'slow', delayMs: 10 } });
    const acknowledged: string[] = [];
    for (let call = 0; call < 10; call += 1) acknowledged.push(await rehearsal.notify(server.url, PEOPLE, `${call}`));
    disk.breakDown();
    let refused = 0;
    for (let call = 0; call < calls; call += 1) {
      const answer = await notifyOnce(rehearsal, server.url, PEOPLE, `broken ${call}`);
      if (answer.id !== null) acknowledged.push(answer.id);
      else if (answer.status === 503) refused += 1;
    }
    const ask = (url: string, requestId: string) => rehearsal.client(url).status({ botId: rehearsal.botId, requestId });
    const reads = await ask(server.url, acknowledged[0] ?? '').then(
      () => 'reads work',
      () => 'reads fail',
    );
    await server.kill();
    disk.repair();
    rehearsal.sandbox.faults.clear();
    const back = await rehearsal.start(args);
    let lost = 0;
    for (const id of acknowledged) {
      const status = await untilFinished(back, () => ask(back.url, id)).catch(() => null);
      if (status?.status !== 'SUCCESS' || status.count !== PEOPLE) lost += 1;
    }
    return {
      figure: `${refused} of ${calls} calls 503, ${reads}, ${lost} of ${acknowledged.length} lost after the repair`,
      bar: 'all 503, reads work, 0 lost',
      ok: refused === calls && reads === 'reads work' && lost === 0,
    } satisfies Finding;
  } finally {
    await rehearsal.close();
    disk.close();
  }
}
