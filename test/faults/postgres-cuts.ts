import { Client } from 'pg';
import { systemClock } from '../../src/model/clock.ts';
import { openStore } from '../../src/store/open.ts';
import { delay } from '../support/delay.ts';
import { startPostgres } from '../support/postgres.ts';
import { between } from '../support/seed.ts';
import { countLost, loadStore, type Told } from '../support/store-load.ts';
import { startTcpProxy, viaProxy } from '../support/tcp-proxy.ts';
import { startWriter } from '../support/writer-process.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

export const backendsTerminated: Fault = {
  id: 'F06',
  title: 'PostgreSQL backends terminated',
  run: (parts) => terminateBackends({ kills: 500 }, parts),
  control: (parts) => terminateBackends({ kills: 100, flags: ['--deaf'] }, parts),
};

export const commitUnknown: Fault = {
  id: 'F07',
  title: 'connection cut after the commit was asked for',
  run: (parts) => cutAfterCommit({ cuts: 500, keys: 'same' }, parts),
  control: (parts) => cutAfterCommit({ cuts: 50, keys: 'new' }, parts),
};

/** Callers that repeat with their idempotency key must find one notification, however the connection broke. */
export async function cutAfterCommit(
  options: { readonly cuts: number; readonly keys: 'same' | 'new' },
  { seed }: FaultParts,
): Promise<Finding> {
  const postgres = await startPostgres();
  const url = await postgres.createDatabase();
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(url).port) });
  try {
    const store = await openStore(viaProxy(url, proxy), { clock: systemClock });
    const told: Told[] = [];
    let over = false;
    const load = loadStore(store, {
      clients: 4,
      run: String(seed),
      goesOn: () => !over,
      onTold: (fact) => told.push(fact),
      repeat: options.keys,
    });
    for (let cut = 1; cut <= options.cuts; cut += 1) await proxy.swallowNextAnswer(/COMMIT/);
    over = true;
    await load;
    const lost = await countLost(store, told);
    await store.close();
    const acknowledged = new Set(told.filter(({ kind }) => kind === 'ack').map((fact) => fact.notificationId)).size;
    const stored = await count(url, 'SELECT count(*) FROM notifications');
    return {
      figure: `${options.cuts} cuts: ${stored - acknowledged} doubles beside ${acknowledged} acknowledged, ${lost} lost`,
      bar: '0 doubles, 0 lost',
      ok: stored === acknowledged && lost === 0 && acknowledged > 0,
    };
  } finally {
    await proxy.close();
    await postgres.stop();
  }
}

/** Nothing acknowledged is lost, and no connection that broke ends the process, as an unhandled error would. */
export async function terminateBackends(
  options: { readonly kills: number; readonly flags?: readonly string[] },
  { random, seed }: FaultParts,
): Promise<Finding> {
  const postgres = await startPostgres();
  const url = await postgres.createDatabase();
  const admin = new Client({ connectionString: postgres.adminUrl });
  await admin.connect();
  const writer = await startWriter(url, String(seed), options.flags);
  try {
    // On a slow machine connections end sooner than they are used, so what can be lost is there before the first does.
    while (writer.told.length === 0 && writer.lives()) await delay(10);
    for (let killed = 0; killed < options.kills && writer.lives(); ) {
      await delay(between(random, 1, 15));
      const victim = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name LIKE 'beckon%' ORDER BY random() LIMIT 1`;
      killed += (await admin.query(victim)).rowCount ?? 0;
    }
    const lived = writer.lives();
    await writer.kill();
    const store = await openStore(url, { clock: systemClock });
    const lost = await countLost(store, writer.told);
    await store.close();
    const [told, refused] = [writer.told.length, writer.refused()];
    return {
      figure: `${options.kills} kills: ${lost} of ${told} lost, ${refused} calls refused, the process ${lived ? 'lives' : `died: ${firstError(writer.complaint())}`}`,
      bar: '0 lost, the process lives',
      ok: lost === 0 && lived && refused > 0 && told > 0,
    };
  } finally {
    await admin.end();
    await postgres.stop();
  }
}

const firstError = (text: string): string => /[Ee]rror: .*$/m.exec(text)?.[0] ?? text.slice(0, 200);

async function count(url: string, sql: string): Promise<number> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const result = await client.query<{ count: string }>(sql);
  await client.end();
  return Number(result.rows[0]?.count);
}
