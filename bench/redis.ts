import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../test/support/free-port.ts';
import { end } from './processes.ts';

export interface BenchRedis {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * The machine's own Redis on a free loopback port, as BullMQ asks for it in production: what was written is on disk
 * within a second, nothing is evicted. Null where there is none.
 */
export async function startRedis(): Promise<BenchRedis | null> {
  const folder = await mkdtemp(join(tmpdir(), 'beckon-redis-'));
  const port = await freePort();
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  if (await isReady(child)) {
    return {
      port,
      async stop() {
        await end(child);
        await rm(folder, { recursive: true, force: true });
      },
    };
  }
  await rm(folder, { recursive: true, force: true });
  return null;
}

/** False when there is no such program. */
async function isReady(child: ChildProcess): Promise<boolean> {
  const missing = new Promise<boolean>((resolve, reject) => {
    child.once('error', (error) => ('code' in error && error.code === 'ENOENT' ? resolve(false) : reject(error)));
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code} before it was ready`)));
  });
  missing.catch(() => {});
  return Promise.race([missing, untilReady(child)]);
}

function untilReady(child: ChildProcess): Promise<boolean> {
  if (child.stdout === null) throw new Error('redis-server has no output');
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolve) => {
    lines.on('line', (line) => line.includes('Ready to accept connections') && resolve(true));
  });
}
