import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface OutsideReader {
  readonly pid: number;
  end(): Promise<void>;
}

const SCRIPT = `
  const { DatabaseSync } = require('node:sqlite');
  const database = new DatabaseSync(process.argv[1], { readOnly: true });
  database.exec('BEGIN');
  database.prepare('SELECT count(*) FROM schema_versions').get();
  process.stdout.write('held');
  setInterval(() => {}, 60_000);
`;

/** A program of somebody else's that begins to read in a SQLite file and does not end. */
export async function holdSnapshot(path: string): Promise<OutsideReader> {
  const child = spawn(process.execPath, ['-e', SCRIPT, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  return {
    pid: child.pid ?? 0,
    async end() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
