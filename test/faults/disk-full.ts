import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BeckonProcess, untilFinished } from '../support/beckon.ts';
import { delay } from '../support/delay.ts';
import { notifyOnce } from '../support/notify-once.ts';
import { startPostgres } from '../support/postgres.ts';
import { openRehearsal, type Rehearsal } from '../support/rehearsal.ts';
import type { Fault, Finding } from './fault.ts';

const SWALLOWING = fileURLToPath(new URL('../support/swallowing-server.ts', import.meta.url));

export const diskFull: Fault = {
  id: 'F10',
  title: 'disk full, SQLite',
  isPatient: true,
  skip: whyNoTmpfs,
  run: () => fillDisk({ holdMs: 60_000 }),
  control: () => fillDisk({ holdMs: 1_000, script: SWALLOWING }),
};

export const volumeFull: Fault = {
  id: 'F10',
  title: 'volume full, PostgreSQL',
  isPatient: true,
  skip: whyNoTmpfs,
  run: () => fillDisk({ holdMs: 20_000, postgres: true }),
  control: () => fillDisk({ holdMs: 1_000, postgres: true, script: SWALLOWING }),
};

interface FillOptions {
  /** Its volume, instead of the disk of the server. */
  readonly postgres?: boolean;
  /** How long the disk stays full. */
  readonly holdMs: number;
  readonly script?: string;
}

const PEOPLE = 200;
const DISK_MB = 16;
/** A fresh one takes half of it. */
const VOLUME_MB = 96;

/** A server on a small disk: fill it in the middle of deliveries, look at what callers are told, make room again. */
export async function fillDisk({ holdMs, script, postgres = false }: FillOptions): Promise<Finding> {
  const disk = mountSmallDisk(postgres ? VOLUME_MB : DISK_MB);
  const database = postgres ? await startPostgres([], disk.path) : null;
  const rehearsal = await openRehearsal({ limits: 'off', concurrency: 4 });
  try {
    const url = (await database?.createDatabase()) ?? `sqlite:${join(disk.path, 'beckon.db')}`;
    const server = await rehearsal.start(['--database', url], script);
    await rehearsal.importPeople(server.url, PEOPLE);
    rehearsal.sandbox.faults.add({ provider: 'teams', route: 'send', fault: { kind: 'slow', delayMs: 10 } });
    const acknowledged: string[] = [];
    for (let call = 0; call < 10; call += 1) acknowledged.push(await rehearsal.notify(server.url, PEOPLE, `${call}`));
    disk.fill();
    const full = await callFor(holdMs, rehearsal, server, acknowledged);
    disk.makeRoom();
    const healedMs = await untilAccepted(rehearsal, server, acknowledged);
    const lost = await countLost(rehearsal, server, acknowledged);
    return {
      figure: `${full.refused} × 503, ${full.others} other faults, ${full.unread} reads failed, ${lost} of ${acknowledged.length} lost, healed in ${healedMs} ms`,
      bar: '503 only, reads work, 0 lost, healed ≤ 10 s',
      ok: full.refused > 0 && full.others + full.unread + lost === 0 && healedMs <= 10_000,
    };
  } finally {
    await rehearsal.close();
    await database?.stop();
    disk.close();
  }
}

/** Calls while the disk is full. Some are taken at first: the log of the database has room of its own. */
async function callFor(holdMs: number, rehearsal: Rehearsal, server: BeckonProcess, acknowledged: string[]) {
  const seen = { refused: 0, others: 0, unread: 0 };
  const endsAt = performance.now() + holdMs;
  for (let calls = 0; performance.now() < endsAt || (seen.refused === 0 && calls < 2_000); calls += 1) {
    const { id, status, retryAfter } = await notifyOnce(rehearsal, server.url, PEOPLE, `full ${calls}`);
    if (id !== null) acknowledged.push(id);
    else seen[status === 503 && retryAfter !== null ? 'refused' : 'others'] += 1;
    if (calls % 10 > 0) continue;
    await delay(50);
    const requestId = acknowledged[0] ?? '';
    const read = rehearsal.client(server.url).status({ botId: rehearsal.botId, requestId });
    await read.catch(() => {
      seen.unread += 1;
    });
    // A server that never refuses would be called for as long as the disk is full: enough is enough.
    if (acknowledged.length > 400) break;
  }
  return seen;
}

async function untilAccepted(rehearsal: Rehearsal, server: BeckonProcess, acknowledged: string[]): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const { id } = await notifyOnce(rehearsal, server.url, PEOPLE, 'after');
    if (id !== null) acknowledged.push(id);
    if (id !== null || performance.now() - startedAt > 30_000) return Math.round(performance.now() - startedAt);
    await delay(50);
  }
}

async function countLost(rehearsal: Rehearsal, server: BeckonProcess, ids: readonly string[]): Promise<number> {
  rehearsal.sandbox.faults.clear();
  const client = rehearsal.client(server.url);
  let lost = 0;
  for (const requestId of ids) {
    const ask = () => client.status({ botId: rehearsal.botId, requestId });
    // What the server does not know reads as an error, and that is a finding here.
    const status = await untilFinished(server, ask).catch(() => null);
    if (status?.status !== 'SUCCESS' || status.count !== PEOPLE) lost += 1;
  }
  return lost;
}

function mountSmallDisk(sizeMb: number) {
  const path = mkdtempSync('/tmp/beckon-disk-');
  const ballast = join(path, 'ballast');
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m,mode=0777`, 'tmpfs', path]);
  return {
    path,
    fill() {
      const file = openSync(ballast, 'w');
      try {
        for (let size = 65_536; size >= 512; ) {
          try {
            if (writeSync(file, Buffer.alloc(size)) < size) size /= 2;
          } catch {
            size /= 2;
          }
        }
      } finally {
        closeSync(file);
      }
    },
    makeRoom: () => rmSync(ballast),
    close() {
      execFileSync('umount', ['-l', path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

export function whyNoTmpfs(): string | null {
  if (process.getuid?.() !== 0) return 'mounting a small disk needs root';
  const path = mkdtempSync('/tmp/beckon-probe-');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'pipe' });
    execFileSync('umount', [path], { stdio: 'pipe' });
    return null;
  } catch {
    return 'a small disk cannot be mounted here';
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}
