import { writeSync } from 'node:fs';
import { Pool } from 'pg';
import { systemClock } from '../../src/model/clock.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/port.ts';
import { loadStore } from './store-load.ts';
import { weakenSqlite } from './weaken.ts';

/*
 * A process that writes to a store until it is killed and says on its standard output what it was told, one line each:
 * `node store-writer.ts <database url> <run> [--synchronous OFF|NORMAL | --deaf | --hasty]`. The last are negative controls:
 * SQLite is quietly told not to wait for the disk; nobody listens to connections of PostgreSQL that break while idle;
 * what is accepted is told before it is committed.
 */
const [, , url = '', run = '', flag, level = ''] = process.argv;
if (flag === '--synchronous') weakenSqlite(level);
if (flag === '--deaf') Pool.prototype.on = returnItself;

const opened = await openStore(url, { clock: systemClock });
const store = flag === '--hasty' ? makeHasty(opened) : opened;
writeSync(1, 'ready\n');
await loadStore(store, {
  clients: 8,
  run,
  goesOn: () => true,
  // At once and not through a stream: a line that has left was told, whatever happens to this process.
  onTold: ({ kind, botId, notificationId }) => writeSync(1, `${kind} ${botId} ${notificationId}\n`),
  onRefused: () => writeSync(1, 'refused\n'),
});

function returnItself(this: Pool): Pool {
  return this;
}

function makeHasty(honest: Store): Store {
  const accept: Store['accept'] = async (request) => {
    setTimeout(() => void honest.accept(request), 50);
    return { kind: 'accepted' };
  };
  return { ...honest, accept };
}
