import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Told } from './store-load.ts';

const WRITER = fileURLToPath(new URL('store-writer.ts', import.meta.url));

export interface WriterProcess {
  /** What it has said so far. */
  readonly told: readonly Told[];
  /** Calls its store refused. */
  refused(): number;
  /** False once it has ended by itself. */
  lives(): boolean;
  /** What it said on its standard error. */
  complaint(): string;
  signal(name: NodeJS.Signals): void;
  /** Until everything that it said so far has been read; only while it stands still. */
  settle(): Promise<void>;
  kill(): Promise<void>;
}

/** Starts `store-writer.ts` and resolves when it has opened its store. */
export async function startWriter(url: string, run: string, flags: readonly string[] = []): Promise<WriterProcess> {
  const child = spawn(process.execPath, [WRITER, url, run, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  const told: Told[] = [];
  let rest = '';
  let refused = 0;
  let complaint = '';
  const ready = Promise.withResolvers<void>();
  child.stderr.on('data', (chunk) => {
    complaint += String(chunk);
  });
  child.stdout.on('data', (chunk) => {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [kind, botId = '', notificationId = ''] = line.split(' ');
      if (kind === 'ready') ready.resolve();
      else if (kind === 'refused') refused += 1;
      else if (kind === 'ack' || kind === 'done') told.push({ kind, botId, notificationId });
    }
  });
  const exited = once(child, 'close');
  exited.then(() => ready.reject(new Error(`the writer ended: ${complaint}`)));
  await ready.promise;
  return {
    told,
    refused: () => refused,
    lives: () => child.exitCode === null && child.signalCode === null,
    complaint: () => complaint,
    signal: (name) => child.kill(name),
    async settle() {
      for (let before = -1; before !== told.length; ) {
        before = told.length;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
