import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { JobStatus } from '../src/client/kore-documents.ts';
import { type BeckonProcess, untilFinished } from './support/beckon.ts';
import { startPostgres } from './support/postgres.ts';
import { openRehearsal, type Rehearsal } from './support/rehearsal.ts';
import { type CliResult, runCli } from './support/run-cli.ts';

const PEOPLE = 1_000;
const LOOKING = fileURLToPath(new URL('./support/looking-server.ts', import.meta.url));

/** Until it has looked for work twice, and done with it what it does. */
async function untilLooked(server: BeckonProcess): Promise<void> {
  for (let looks = 0; looks < 3; looks += 1) await server.next(/looks for work/);
}

describe('F36: a backup of a running server, restored', () => {
  it('is sound, sends nothing until released, and then reaches everybody', { timeout: 60_000 }, async () => {
    const rehearsal = await openRehearsal({ limits: 'off', concurrency: 8 });
    const { sandbox, folder } = rehearsal;
    const backup = join(folder, 'copy.db');
    try {
      const { server, requestId } = await startHalfway(rehearsal);
      const before = sandbox.ledger.total();
      assert.match(
        (await run('backup', backup, '--database', original(folder))).stdout,
        /is a sound backup of .* rows/,
      );
      assert.equal(statSync(backup).mode & 0o777, 0o600);
      assert.ok(sandbox.ledger.total() > before, 'the server stood still while the backup was made');
      await server.stop();
      sandbox.faults.clear();
      assertRefused(await runCli(['backup', backup, '--database', original(folder)]), 1, /never overwrites/);
      assert.deepEqual(leftovers(folder), []);

      const restored = `sqlite:${join(folder, 'restored.db')}`;
      assert.match(
        (await run('restore', backup, '--database', restored)).stdout,
        /nothing is sent, and \d+ recipients/,
      );
      const sent = sandbox.ledger.total();
      const waiting = await rehearsal.start(['--database', restored], LOOKING);
      await waiting.line(/restored database waits for a decision/);
      const fresh = await rehearsal.notify(waiting.url, 10, 'accepted after the restore');
      await untilLooked(waiting);
      assert.equal(sandbox.ledger.total(), sent);
      assert.match(await readiness(waiting), /"status":"ready".*"waits":"restored from a backup: \d+ recipients/);
      assertRefused(await runCli(['restore', '--release', '--database', restored]), 75, /in use by process/);
      await waiting.stop();

      assert.match((await run('restore', '--release', '--database', restored)).stdout, /marked as maybe sent before/);
      assertRefused(await runCli(['restore', '--conclude', '--database', restored]), 1, /not marked as restored/);
      const back = await rehearsal.start(['--database', restored]);
      for (const id of [requestId, fresh]) assert.equal((await finish(rehearsal, back, id)).status, 'SUCCESS');
      assert.doesNotMatch(await readiness(back), /waits/);
      assert.equal(peopleReached(rehearsal), PEOPLE);
    } finally {
      await rehearsal.close();
    }
  });

  it('concluded instead: nobody is written to, and those outstanding end as unknown', { timeout: 60_000 }, async () => {
    const rehearsal = await openRehearsal({ limits: 'off', concurrency: 8 });
    const { sandbox, folder } = rehearsal;
    const path = join(folder, 'beckon.db');
    const backup = join(folder, 'copy.db');
    try {
      const { server, requestId } = await startHalfway(rehearsal);
      await run('backup', backup, '--database', original(folder));
      const restore = ['restore', backup, '--database', original(folder)];
      assertRefused(await runCli(restore), 75, /in use by process/);
      await server.kill();
      sandbox.faults.clear();
      assertRefused(await runCli(restore), 1, /exists: give --overwrite/);
      const { stdout } = await run(...restore, '--overwrite');
      const replaced = /now (\S+)\.$/m.exec(stdout)?.[1] ?? '';
      assert.ok(countRows(replaced, 'logs') > countRows(path, 'logs'), 'what was replaced is not whole');
      await run('restore', '--conclude', '--database', original(folder));
      const sent = sandbox.ledger.total();
      const back = await rehearsal.start(['--database', original(folder)]);
      const status = await finish(rehearsal, back, requestId);
      assert.deepEqual([status.status, status.count], ['PARTIAL_SUCCESS', PEOPLE]);
      assert.ok(status.statusLogs.some((log) => /its answer was lost/.test(log.comments)));
      assert.equal(sandbox.ledger.total(), sent);
    } finally {
      await rehearsal.close();
    }
  });
});

describe('F36 on PostgreSQL', () => {
  it('restored by its own tools and marked: waits, and goes on when it is released', { timeout: 60_000 }, async () => {
    const postgres = await startPostgres();
    const rehearsal = await openRehearsal({ limits: 'off' });
    const { sandbox } = rehearsal;
    try {
      const database = await postgres.createDatabase();
      const first = await rehearsal.start(['--database', database]);
      await rehearsal.importPeople(first.url, PEOPLE);
      sandbox.faults.add({ provider: 'teams', route: 'send', fault: { kind: 'slow', delayMs: 40 } });
      const requestId = await rehearsal.notify(first.url, PEOPLE, 'outstanding');
      await sandbox.until(() => sandbox.ledger.total() >= PEOPLE / 10);
      await first.stop();
      sandbox.faults.clear();
      assert.match(
        (await run('restore', '--mark', '--database', database)).stdout,
        /nothing is sent, and \d+ recipients/,
      );
      const sent = sandbox.ledger.total();
      const second = await rehearsal.start(['--database', database], LOOKING);
      await second.line(/restored database waits for a decision/);
      await untilLooked(second);
      assert.equal(sandbox.ledger.total(), sent);
      await run('restore', '--release', '--database', database);
      const status = await finish(rehearsal, second, requestId);
      assert.deepEqual([status.status, status.count], ['SUCCESS', PEOPLE]);
    } finally {
      await rehearsal.close();
      await postgres.stop();
    }
  });
});

describe('backup and restore refuse in a sentence', () => {
  const folder = mkdtempSync(join(tmpdir(), 'beckon-backup-'));
  after(() => rmSync(folder, { recursive: true }));
  const good = join(folder, 'good.db');
  const target = `sqlite:${join(folder, 'target.db')}`;

  it('what is no backup, a damaged one, one of the future, and leaves nothing behind', async () => {
    await run('migrate', '--database', `sqlite:${good}`);
    const garbage = join(folder, 'garbage.db');
    writeFileSync(garbage, 'no database at all, but long enough to look at'.repeat(100));
    const other = join(folder, 'other.db');
    const foreign = new DatabaseSync(other);
    foreign.exec('CREATE TABLE t (a)');
    foreign.close();
    const future = join(folder, 'future.db');
    await run('backup', future, '--database', `sqlite:${good}`);
    const newer = new DatabaseSync(future);
    newer.exec('INSERT INTO schema_versions (version) VALUES (99)');
    newer.close();
    const restore = (backup: string) => runCli(['restore', backup, '--database', target]);
    assertRefused(await restore(join(folder, 'none.db')), 1, /there is no such file/);
    assertRefused(await restore(garbage), 69, /is damaged, or is no SQLite database/);
    assertRefused(await restore(other), 1, /is no database of Beckon/);
    assertRefused(await restore(future), 78, /schema version 99, .*: start a newer Beckon/);
    assert.ok(!existsSync(join(folder, 'target.db')));
    assertRefused(await runCli(['backup', join(folder, 'b.db'), '--database', target]), 1, /nothing to back up/);
    assertRefused(await runCli(['backup', join(folder, 'b.db'), '--database', `sqlite:${garbage}`]), 69, /is damaged/);
    assert.deepEqual(leftovers(folder), []);
  });

  const LINES: readonly (readonly [readonly string[], RegExp])[] = [
    [['backup', 'x', '--database', 'postgres://u:planted@h/d'], /pg_dump .*postgres:\/\/u:\*\*\*@h\/d/],
    [['backup', 'x', '--database', 'sqlite::memory:'], /needs a database in a file/],
    [['restore', 'x', '--database', 'postgres://u:planted@h/d'], /pg_restore; run `beckon restore --mark`/],
    [['restore', '--release', '--conclude'], /Give one of/],
    [['restore'], /Give one of/],
    [['restore', '--mark', '--database', 'sqlite:./mistyped.db'], /mistyped\.db is not there: check --database/],
    [['restore', '--release', '--database', 'sqlite::memory:'], /is not there/],
  ];
  for (const [args, sentence] of LINES) {
    it(`beckon ${args.join(' ')}`, async () => assertRefused(await runCli(args), 2, sentence));
  }
});

/** A server in the middle of telling everybody something. */
async function startHalfway(rehearsal: Rehearsal): Promise<{ server: BeckonProcess; requestId: string }> {
  const { sandbox } = rehearsal;
  const server = await rehearsal.start(['--database', original(rehearsal.folder)]);
  await rehearsal.importPeople(server.url, PEOPLE);
  sandbox.faults.add({ provider: 'teams', route: 'send', fault: { kind: 'slow', delayMs: 40 } });
  const requestId = await rehearsal.notify(server.url, PEOPLE, 'outstanding');
  await sandbox.until(() => sandbox.ledger.total() >= PEOPLE / 10);
  return { server, requestId };
}

const original = (folder: string): string => `sqlite:${join(folder, 'beckon.db')}`;

async function run(...args: string[]): Promise<CliResult> {
  const result = await runCli(args);
  assert.equal(result.code, 0, result.stderr);
  return result;
}

function assertRefused({ code, stdout, stderr }: CliResult, exitCode: number, sentence: RegExp): void {
  assert.deepEqual([code, stdout], [exitCode, ''], stderr);
  assert.match(stderr, /^beckon: [^\n]*\n$/);
  assert.match(stderr, sentence);
  assert.doesNotMatch(stderr, /planted/);
}

function finish(rehearsal: Rehearsal, server: BeckonProcess, requestId: string): Promise<JobStatus> {
  const client = rehearsal.client(server.url);
  return untilFinished(server, () => client.status({ botId: rehearsal.botId, requestId }));
}

const readiness = async ({ url }: BeckonProcess): Promise<string> => (await fetch(`${url}/readyz`)).text();

function peopleReached({ sandbox }: Rehearsal): number {
  const entries = sandbox.ledger.entries({ limit: Number.MAX_SAFE_INTEGER });
  return new Set(entries.filter(({ text }) => text === 'outstanding').map(({ recipient }) => recipient)).size;
}

function countRows(path: string, table: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  const count = Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']);
  database.close();
  return count;
}

const leftovers = (folder: string): string[] => readdirSync(folder).filter((name) => /partial|restoring/.test(name));
