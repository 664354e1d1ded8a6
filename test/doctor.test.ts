import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it } from 'node:test';
import { Client } from 'pg';
import { stringify } from 'yaml';
import { POSTGRES_CHECKS } from '../src/commands/doctor/postgres.ts';
import type { Line } from '../src/commands/doctor/report.ts';
import type { PostgresFacts } from '../src/store/postgres-facts.ts';
import { whyNoTmpfs } from './faults/disk-full.ts';
import { startProvider } from './support/identity-provider.ts';
import { holdSnapshot } from './support/outside-reader.ts';
import { startPostgres } from './support/postgres.ts';
import { LAUNCHER, runCli, startCli } from './support/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'beckon-doctor-'));
after(() => rmSync(folder, { recursive: true }));
const BOT = 'st-736ff917-d836-55b4-9a6b-3dad20c09af3';
const APP = `{ clientId: cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9, algorithm: HS256, clientSecret: planted-4Zr9fQx7LwKe2Tn8Vb5Hm3Jd6Gs1Pc0Ya, bots: [${BOT}] }`;
const config = join(folder, 'beckon.yaml');
writeFileSync(config, `bots: [{ id: ${BOT} }]\napps: [${APP}]\n`, { mode: 0o600 });
const data = join(folder, 'data');
mkdirSync(data, { mode: 0o700 });
const database = join(data, 'beckon.db');

/** What it says with something broken on purpose; what is not given is in order. */
async function diagnose(args: readonly string[] = []): Promise<{ healthy: boolean; lines: Map<string, Line> }> {
  const flags = new Map([
    ['--config', config],
    ['--database', `sqlite:${database}`],
    ['--port', '0'],
  ]);
  for (let index = 0; index < args.length; index += 2) flags.set(args[index] ?? '', args[index + 1] ?? '');
  const { code, stdout, stderr } = await runCli(['doctor', '--json', ...[...flags].flat()]);
  assert.equal(stderr, '');
  assert.doesNotMatch(stdout, /planted/);
  const { healthy, checks }: { healthy: boolean; checks: Line[] } = JSON.parse(stdout);
  assert.equal(code, healthy ? 0 : 1);
  return { healthy, lines: new Map(checks.map((line) => [line.check, line])) };
}

async function assertLine(args: readonly string[], check: string, verdict: Line['verdict'], sentence: RegExp) {
  const { healthy, lines } = await diagnose(args);
  const line = lines.get(check);
  assert.equal(line?.verdict, verdict, JSON.stringify([...lines.values()], null, 1));
  assert.match(line.sentence, sentence);
  assert.equal(healthy, verdict !== 'failed', JSON.stringify([...lines.values()], null, 1));
}

describe('the doctor, with people who sign in elsewhere', () => {
  it('says whether the provider is there, and is who it should be', async () => {
    const provider = await startProvider('http://127.0.0.1:8080/api/v1/session/oidc/staff/callback');
    const withProvider = (changes: object) => {
      const path = join(folder, 'oidc.yaml');
      writeFileSync(path, stringify({ bots: [{ id: BOT }], oidc: [{ ...provider.configuration, ...changes }] }));
      chmodSync(path, 0o600);
      return ['--config', path, '--public-url', 'http://127.0.0.1:8080/'];
    };
    const check = 'sign-in with Staff directory';
    await assertLine(withProvider({}), check, 'ok', /localhost:\d+ tells where people sign in/);
    const elsewhere = provider.issuer.replace('localhost', '127.0.0.1');
    await assertLine(withProvider({ issuer: elsewhere }), check, 'failed', /not to be believed|names itself/);
    await provider.stop();
    await assertLine(withProvider({}), check, 'failed', /localhost.*(refused|reached|connect)/i);
  });
});

describe('the doctor, with a machine that is', () => {
  it('in order: no line is anything but ok', async () => {
    await runCli(['migrate', '--database', `sqlite:${database}`]);
    const { lines } = await diagnose();
    assert.deepEqual(
      [...lines.values()].filter(({ verdict }) => verdict !== 'ok'),
      [],
    );
    assert.ok(lines.size >= 12, [...lines.keys()].join());
  });

  it('full', { skip: whyNoTmpfs() ?? false }, () =>
    onSmallDisk(async (disk) => {
      await assertLine(
        ['--database', `sqlite:${disk}/beckon.db`],
        'disk space',
        'failed',
        /16 MB are free .* make room/,
      );
    }),
  );

  it('about to forget everything', { skip: whyNoTmpfs() ?? false }, () =>
    onSmallDisk(async (disk) => {
      const { lines } = await diagnose(['--database', `sqlite:${disk}/beckon.db`]);
      assert.match(lines.get('disk')?.sentence ?? '', /in memory \(tmpfs\).* put the database on a disk/);
    }),
  );

  it('readable by everybody: the database', async () => {
    const open = join(folder, 'open');
    mkdirSync(open, { mode: 0o755 });
    chmodSync(open, 0o755);
    writeFileSync(join(open, 'beckon.db'), '', { mode: 0o644 });
    const args = ['--database', `sqlite:${open}/beckon.db`];
    const { lines } = await diagnose(args);
    assert.match(lines.get('database file')?.sentence ?? '', /every user .* chmod 600/);
    assert.match(lines.get('secret key')?.sentence ?? '', /a server makes one, .*beckon\.db\.key/);
    writeFileSync(join(open, 'beckon.db.key'), Buffer.alloc(32, 7).toString('base64'), { mode: 0o644 });
    const { lines: later } = await diagnose(args);
    assert.match(later.get('secret key')?.sentence ?? '', /every user .* chmod 600/);
  });

  it('readable by everybody: a secret in the configuration, or in a file it names', async () => {
    const secret = join(folder, 'secret');
    const named = join(folder, 'named.yaml');
    writeFileSync(secret, 'planted-4Zr9fQx7LwKe2Tn8Vb5Hm3Jd6Gs1Pc0Ya', { mode: 0o644 });
    writeFileSync(named, `bots: [{ id: ${BOT} }]\napps: [${APP.replace(/planted-\w+/, '{ file: secret }')}]\n`);
    await assertLine(
      ['--config', named],
      'secrets',
      'warning',
      new RegExp(`secrets in ${secret}: chmod 640 ${secret}`),
    );
    chmodSync(secret, 0o600);
    await assertLine(['--config', named], 'secrets', 'ok', /read none/);
    const literal = join(folder, 'literal.yaml');
    writeFileSync(literal, `bots: [{ id: ${BOT} }]\napps: [${APP}]\n`, { mode: 0o644 });
    await assertLine(['--config', literal], 'secrets', 'warning', /secrets in .*literal\.yaml: chmod 640/);
  });

  it('listening on the port already', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    await assertLine(['--port', port], 'port', 'failed', new RegExp(`Port ${port} is taken .* choose another --port`));
    other.close();
  });

  it('running a server on the database already, which is no fault', async () => {
    const path = join(folder, 'served.db');
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const address = free.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    free.close();
    const server = startCli(['serve', '--config', config, '--database', `sqlite:${path}`, '--port', port]);
    await once(server.stdout, 'data');
    const { lines, healthy } = await diagnose(['--database', `sqlite:${path}`, '--port', port]);
    assert.match(lines.get('database')?.sentence ?? '', new RegExp(`in use by process ${server.pid} on`));
    assert.match(lines.get('port')?.sentence ?? '', /taken .* by the server that runs/);
    assert.ok(healthy);
    server.kill('SIGTERM');
    await once(server, 'exit');
  });

  it('reading in the database without an end, so that its log grows', async () => {
    const path = join(folder, 'read.db');
    await runCli(['migrate', '--database', `sqlite:${path}`]);
    const server = new DatabaseSync(path);
    server.exec('CREATE TABLE ballast (words TEXT)');
    const reader = await holdSnapshot(path);
    server.exec(`INSERT INTO ballast SELECT hex(zeroblob(35000000))`);
    const line = /\d\d MB long, because of a read that does not end in process \d+ \(node\): end that program/;
    await assertLine(['--database', `sqlite:${path}`], 'write-ahead log', 'warning', line);
    await reader.end();
    await assertLine(['--database', `sqlite:${path}`], 'write-ahead log', 'warning', /a server empties it, unless/);
    server.close();
    await assertLine(['--database', `sqlite:${path}`], 'write-ahead log', 'ok', /^0 MB long/);
  });

  it('allowed too few open files', () => {
    const words = `ulimit -n 100; exec "$0" "$1" doctor --port 0 --config "$2" --database sqlite::memory:`;
    const { stdout } = spawnSync('bash', ['-c', words, process.execPath, LAUNCHER, config], { encoding: 'utf8' });
    assert.match(stdout, /^! open files: at most 100, .*raise the limit/m);
  });

  it('not reachable for providers that report back', async () => {
    const hearing = join(folder, 'hearing.yaml');
    const slack =
      '{ channel: slack, token: xoxb-planted, signingSecret: planted, apiUrl: "http://127.0.0.1:9/", allowPrivateNetwork: true }';
    writeFileSync(hearing, `bots: [{ id: ${BOT}, connections: [${slack}] }]\napps: [${APP}]\n`, { mode: 0o600 });
    const without = await diagnose(['--config', hearing]);
    assert.match(
      without.lines.get('public URL')?.sentence ?? '',
      /receipts and events of slack cannot arrive: set --pub/,
    );
    const plain = await diagnose(['--config', hearing, '--public-url', 'http://beckon.example.com/']);
    assert.match(plain.lines.get('public URL')?.sentence ?? '', /not encrypted/);
    const good = await diagnose(['--config', hearing, '--public-url', 'https://beckon.example.com/']);
    assert.equal(good.lines.get('public URL')?.verdict, 'ok');
  });

  it('on a restored, an old, a newer or a damaged database', async () => {
    const path = join(folder, 'ill.db');
    const args = ['--database', `sqlite:${path}`];
    await runCli(['migrate', ...args]);
    await runCli(['restore', '--mark', ...args]);
    await assertLine(args, 'database', 'failed', /restored from a backup and sends nothing.* decide with/);
    alter(path, 'UPDATE schema_versions SET version = 99 WHERE version = 1');
    await assertLine(args, 'database', 'failed', /schema version 99, .* use a newer Beckon/);
    alter(path, 'DELETE FROM schema_versions WHERE version > 2');
    await assertLine(args, 'database', 'failed', /schema version 2, .* run `beckon migrate`/);
    writeFileSync(path, 'this is no database'.repeat(500));
    await assertLine(args, 'database', 'failed', /is damaged, or is no SQLite database .*put a backup back/);
  });
});

describe('the doctor, with a PostgreSQL that is', () => {
  it('careless, crowded and of another encoding', { timeout: 60_000 }, async () => {
    const flags = ['-c', 'fsync=off', '-c', 'max_connections=12'];
    const postgres = await startPostgres(flags);
    try {
      const url = await postgres.createDatabase();
      await runCli(['migrate', '--database', url]);
      await assertLine(['--database', url], 'PostgreSQL durability', 'failed', /fsync is off, .*SET fsync = on/);
      const { lines } = await diagnose(['--database', url]);
      assert.match(lines.get('PostgreSQL connections')?.sentence ?? '', /of 9 are taken.* raise max_connections/);
      assert.equal(lines.get('PostgreSQL version')?.verdict, 'ok');
      const admin = new Client({ connectionString: postgres.adminUrl });
      await admin.connect();
      await admin.query(`CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'`);
      await admin.end();
      const latin = await diagnose(['--database', url.replace(/\/[^/]+$/, '/latin')]);
      assert.match(latin.lines.get('PostgreSQL encoding')?.sentence ?? '', /LATIN1.* ENCODING 'UTF8'/);
    } finally {
      await postgres.stop();
    }
  });

  it('not there', async () => {
    const args = ['--database', 'postgres://u:planted@127.0.0.1:1/d'];
    await assertLine(args, 'PostgreSQL', 'failed', /PostgreSQL cannot be reached/);
  });

  const GOOD: PostgresFacts = {
    version: 150_004,
    fsync: 'on',
    synchronousCommit: 'on',
    fullPageWrites: 'on',
    encoding: 'UTF8',
    isStandby: false,
    mayCreate: true,
    isEncrypted: true,
    maxConnections: 97,
    connections: 3,
    needed: 11,
    clockOffsetMs: -12,
  };
  const FAR = 'postgres://beckon@db.example.com/beckon';
  /** What takes another machine, or another version, to break for real. */
  const FACTS: readonly (readonly [Partial<PostgresFacts>, string, RegExp])[] = [
    [{}, '', /^$/],
    [{ version: 130_012 }, 'failed', /13\.12 is too old/],
    [{ synchronousCommit: 'off' }, 'failed', /synchronous_commit is off/],
    [{ fullPageWrites: 'off' }, 'failed', /full_page_writes is off/],
    [{ isStandby: true }, 'failed', /standby/],
    [{ mayCreate: false }, 'warning', /may make no tables/],
    [{ connections: 90 }, 'failed', /90 of 97 are taken/],
    [{ connections: 80 }, 'warning', /a second Beckon would find none/],
    [{ clockOffsetMs: 6_000 }, 'warning', /6000 ms ahead of/],
    [{ clockOffsetMs: -6_000 }, 'warning', /6000 ms behind/],
    [{ isEncrypted: false }, 'warning', /in the clear/],
  ];
  for (const [change, verdict, sentence] of FACTS) {
    it(JSON.stringify(change), () => {
      const found = POSTGRES_CHECKS.flatMap(([, check]): (readonly [string, string])[] => {
        try {
          const finding = check({ ...GOOD, ...change }, FAR);
          return typeof finding === 'string' ? [] : [['warning', finding.warning]];
        } catch (error) {
          return [['failed', error instanceof Error ? error.message : '']];
        }
      });
      const [[worst, words] = ['', '']] = found;
      assert.deepEqual([found.length, worst], [verdict === '' ? 0 : 1, verdict]);
      assert.match(words, sentence);
    });
  }
});

async function onSmallDisk(work: (disk: string) => Promise<void>): Promise<void> {
  const disk = mkdtempSync(join(folder, 'disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]);
  try {
    await work(disk);
  } finally {
    execFileSync('umount', ['-l', disk]);
  }
}

function alter(path: string, sql: string): void {
  const file = new DatabaseSync(path);
  file.exec(sql);
  file.close();
}
