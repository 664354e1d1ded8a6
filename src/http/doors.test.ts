import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { it, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import Fastify from 'fastify';
import { Doors } from './doors.ts';

const CALLERS = 64;

it('many are let in in one turn', { skip: process.platform === 'linux' ? false : 'one door elsewhere' }, async (t) => {
  const { app, port } = await openDoors(t);
  let inside = 0;
  app.server.on('connection', () => {
    inside += 1;
  });
  knock(port);
  let turns = 0;
  for (; inside < CALLERS; turns += 1) await setImmediate();
  t.diagnostic(`${CALLERS} in ${turns} turns`);
  // Through one door it takes a turn each.
  assert.ok(turns < CALLERS / 2, `${turns} turns`);
});

it('an address in use is told, although the doors share theirs', async (t) => {
  const { port } = await openDoors(t);
  const second = new Doors(Fastify());
  await assert.rejects(second.open({ host: '127.0.0.1', port }), { code: 'EADDRINUSE' });
});

it('whoever is inside when it closes is answered', async (t) => {
  const { app, doors, port, release } = await openDoors(t);
  const sockets = Array.from({ length: 20 }, () => connect(port, '127.0.0.1'));
  const answers = sockets.map(async (socket) => {
    socket.write('GET /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    const [chunk] = await once(socket, 'data');
    return String(chunk).slice(0, 12);
  });
  while (app.waiting.length < sockets.length) await setImmediate();
  assert.equal(await doors.countConnections(), sockets.length);
  const closed = doors.close();
  release();
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['HTTP/1.1 200']));
  await closed;
  const late = connect(port, '127.0.0.1');
  const [error] = await once(late, 'error');
  assert.equal(error.code, 'ECONNREFUSED');
});

async function openDoors(t: TestContext) {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const app = Object.assign(Fastify(), { waiting: [] as string[] });
  app.get('/slow', async ({ id }) => {
    app.waiting.push(id);
    await released;
    return 'ok';
  });
  const doors = new Doors(app);
  await doors.open({ host: '127.0.0.1', port: 0 });
  t.after(() => doors.close());
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { app, doors, port: address.port, release };
}

/** Another process opens connections while this one does nothing at all. */
function knock(port: number): void {
  const script = `
    const { connect } = require('node:net');
    let open = 0;
    for (let caller = 0; caller < ${CALLERS}; caller += 1) {
      connect(${port}, '127.0.0.1', () => { open += 1; if (open === ${CALLERS}) process.exit(); });
    }`;
  assert.equal(spawnSync(process.execPath, ['-e', script], { timeout: 20_000 }).status, 0);
}
