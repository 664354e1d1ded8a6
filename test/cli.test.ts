import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { compactDecrypt, decodeJwt, jwtVerify } from 'jose';
import { stringify } from 'yaml';
import { type CliOptions, type CliResult, LAUNCHER, runCli, startCli } from './support/run-cli.ts';

const BOT = 'st-736ff917-d836-55b4-9a6b-3dad20c09af3';
const HS_APP = 'cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9';
const RS_APP = 'cs-00000000-0000-5000-8000-000000000002';
const JWE_APP = 'cs-00000000-0000-5000-8000-000000000003';
const SECRET = 'planted-4Zr9fQx7LwKe2Tn8Vb5Hm3Jd6Gs1Pc0Ya';
const TEAMS_SECRET = 'planted-teams-password';

const folder = mkdtempSync(join(tmpdir(), 'beckon-cli-'));
after(() => rmSync(folder, { recursive: true }));

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const privatePem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const keyFile = join(folder, 'key.pem');
writeFileSync(keyFile, privatePem, { mode: 0o600 });

const config = join(folder, 'beckon.yaml');
const app = (clientId: string, keys: object) => ({ clientId, bots: [BOT], ...keys });
writeFileSync(
  config,
  stringify({
    bots: [
      {
        id: BOT,
        connections: [
          {
            channel: 'msteams',
            appId: '00000000-0000-0000-0000-000000000001',
            appPassword: TEAMS_SECRET,
            tenantId: '00000000-0000-0000-0000-0000000000aa',
          },
        ],
      },
    ],
    apps: [
      app(HS_APP, { algorithm: 'HS256', clientSecret: { env: 'APP_SECRET' } }),
      app(RS_APP, {
        algorithm: 'RS512',
        publicKey: rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
        enforceJti: true,
      }),
      app(JWE_APP, { algorithm: 'HS256', clientSecret: { env: 'APP_SECRET' }, enforceJwe: true }),
    ],
  }),
);
const ENV = { APP_SECRET: SECRET, BECKON_PLATFORM_KEY_FILE: keyFile };

function assertSentence(result: CliResult, code: number, sentence: RegExp): void {
  assert.equal(result.code, code, `${result.stdout}${result.stderr}`);
  const lines = result.stderr.trimEnd().split('\n');
  assert.equal(lines.length, 1, result.stderr);
  assert.match(lines[0] ?? '', /^beckon: /);
  assert.match(lines[0] ?? '', sentence);
  assert.equal(result.stdout, '');
}

describe('help', { concurrency: 4 }, () => {
  const COMMANDS =
    'demo serve send status cancel pause resume retry extend people token config doctor migrate backup restore sandbox bench'.split(
      ' ',
    );

  test('the program explains itself, its commands and its exit codes', async () => {
    const { code, stdout, stderr } = await runCli(['--help']);
    assert.equal(code, 0);
    assert.equal(stderr, '');
    for (const word of [...COMMANDS, 'Exit codes:', 'BECKON_DEBUG', 'beckon demo'])
      assert.ok(stdout.includes(word), word);
  });

  for (const command of COMMANDS.filter((name) => name !== 'config' && name !== 'people')) {
    test(`${command} --help has an example`, async () => {
      const { code, stdout } = await runCli([command, '--help']);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`Examples?:\\n +.*beckon ${command}`));
    });
  }

  test('every setting is a flag of serve, with its variable and its default', async () => {
    const { stdout } = await runCli(['serve', '--help']);
    const words = stdout.replace(/\s+/g, ' ');
    for (const part of [
      '--database <url>',
      'BECKON_DATABASE; default sqlite:./data/beckon.db',
      '--secret-key-file <file>',
    ]) {
      assert.ok(words.includes(part), part);
    }
  });

  test('the version is the version of the package', async () => {
    assert.match((await runCli(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
  });

  test('nothing asked is a wrong command line, with the help on standard error', async () => {
    const { code, stdout, stderr } = await runCli([]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /Usage: beckon/);
  });
});

describe('configuration', { concurrency: 4 }, () => {
  test('a good file is called good, with what is in it', async () => {
    const { code, stdout, stderr } = await runCli(['config', 'check', '--config', config], { env: ENV });
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(stdout, `${config} is good: 1 bot, 1 connection, 3 apps.\n`);
  });

  test('the print holds no secret', async () => {
    const env = { ...ENV, BECKON_DATABASE: 'postgres://u:planted-pw@h/d' };
    const { code, stdout } = await runCli(['config', 'print', '--config', config], { env });
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /planted|PRIVATE/);
    assert.match(stdout, /appPassword: "\*\*\*"/);
    assert.match(stdout, /BECKON_DATABASE=postgres:\/\/u:\*\*\*@h\/d/);
  });

  test('each fault is a line that begins with the path of its key', async () => {
    const bad = join(folder, 'bad.yaml');
    writeFileSync(bad, `bots: [{ id: ${BOT}, connections: [{ channel: slak }, { channel: slack, tokn: x }] }]\n`);
    const { code, stdout, stderr } = await runCli(['config', 'check', '--config', bad]);
    assert.deepEqual([code, stdout], [78, '']);
    assert.deepEqual(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => /^beckon: ([\w.[\]]+): \S/.exec(line)?.[1]),
      ['bots[0].connections[0].channel', 'bots[0].connections[1].tokn', 'bots[0].connections[1].token'],
    );
  });

  test('the server refuses to start with it, too', async () => {
    assertSentence(
      await runCli(['serve', '--config', '/none.yaml']),
      78,
      /\/none\.yaml: there is no such file; an empty one is enough to begin with/,
    );
  });

  test('a key that others can read is refused', { skip: process.platform === 'win32' && 'no modes' }, async () => {
    const open = join(folder, 'open.pem');
    writeFileSync(open, privatePem);
    chmodSync(open, 0o644);
    const result = await runCli(['config', 'check', '--config', config, '--platform-key-file', open], { env: ENV });
    assertSentence(result, 78, /every user can read the file; run: chmod 600/);
  });
});

describe('token', { concurrency: 4 }, () => {
  const token = (args: readonly string[], options: CliOptions = { env: ENV }) =>
    runCli(['token', '--config', config, ...args], options);

  test('of an HS app verifies with its secret and lives an hour', async () => {
    const { code, stdout } = await token(['--app', HS_APP, '--subject', 'ann']);
    assert.equal(code, 0);
    const { payload } = await jwtVerify(stdout.trim(), new TextEncoder().encode(SECRET), { algorithms: ['HS256'] });
    assert.equal(payload['appId'], HS_APP);
    assert.equal(payload.sub, 'ann');
    assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 3_600);
    assert.equal(payload.jti, undefined);
  });

  test('of an RS app is signed by the key that is given, and has a jti where the app insists', async () => {
    const { stdout } = await token(['--app', RS_APP, '--private-key', keyFile, '--expires', '90s']);
    const { payload } = await jwtVerify(stdout.trim(), rsa.publicKey, { algorithms: ['RS512'] });
    assert.match(String(payload.jti), /^[0-9a-f-]{36}$/);
    assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 90);
  });

  test('of an app that insists on encryption is encrypted for the platform', async () => {
    const { stdout } = await token(['--app', JWE_APP]);
    const { plaintext, protectedHeader } = await compactDecrypt(stdout.trim(), rsa.privateKey);
    assert.equal(protectedHeader.alg, 'RSA-OAEP');
    assert.equal(decodeJwt(new TextDecoder().decode(plaintext))['appId'], JWE_APP);
  });

  test('is refused in a sentence when something is missing', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const otherFile = join(folder, 'other.pem');
    writeFileSync(otherFile, other.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    assertSentence(await token([]), 2, /required option '--app <clientId>' not specified/);
    assertSentence(await token(['--app', 'cs-none']), 2, /declares no app cs-none\.$/);
    assertSentence(
      await token(['--app', HS_APP], {}),
      78,
      /apps\[0\]\.clientSecret: the environment variable APP_SECRET is not set/,
    );
    assertSentence(await token(['--app', HS_APP, '--expires', 'soon']), 2, /--expires: "soon" is not a duration/);
    assertSentence(await token(['--app', HS_APP, '--jti', '--expires', '2h']), 2, /lives at most 1h/);
    assertSentence(await token(['--app', RS_APP]), 2, /signs with RS512: give its --private-key/);
    assertSentence(await token(['--app', RS_APP, '--private-key', otherFile]), 2, /does not belong to the publicKey/);
    assertSentence(await token(['--app', JWE_APP], { env: { APP_SECRET: SECRET } }), 2, /set BECKON_PLATFORM_KEY_FILE/);
  });
});

describe('misuse', { concurrency: 4 }, () => {
  const serve = (args: readonly string[], options: CliOptions = {}) =>
    runCli(['serve', '--config', config, '--log-level', 'silent', ...args], { env: ENV, ...options });

  test('a taken port', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const result = await serve(['--port', port, '--database', 'sqlite::memory:']);
    assertSentence(result, 69, new RegExp(`^beckon: Port ${port} is taken on 127.0.0.1: stop what listens there`));
    other.close();
  });

  test('an address this machine does not have', async () => {
    const result = await serve(['--host', '192.0.2.1', '--port', '0', '--database', 'sqlite::memory:']);
    assertSentence(result, 78, /This machine has no address 192\.0\.2\.1/);
  });

  test('an unreachable database', async () => {
    const result = await serve(['--database', 'postgres://u:planted@127.0.0.1:1/d']);
    assertSentence(result, 69, /PostgreSQL cannot be reached/);
    assert.doesNotMatch(result.stderr, /planted/);
  });

  test('a folder that is a file', async () => {
    assertSentence(
      await serve(['--database', `sqlite:${config}/beckon.db`]),
      78,
      /is not a folder, so .* change --database/,
    );
  });

  test('a folder that is read-only', async (context) => {
    const isRoot = process.getuid?.() === 0;
    const locked = join(folder, 'locked');
    mkdirSync(locked, { mode: 0o555 });
    if (isRoot && !canNobodyRun()) return context.skip('root writes everywhere, and nobody cannot read this clone');
    chmodSync(folder, 0o755);
    const args = ['migrate', '--database', `sqlite:${locked}/beckon.db`];
    const result = await runCli(args, isRoot ? { uid: NOBODY } : {});
    assertSentence(result, 78, /locked is read-only for this user, and the database needs it: change its owner/);
  });

  test('a second server on the same file is told who holds it; the first drains on SIGTERM, whoever says nothing', async () => {
    const args = ['--port', '0', '--database', `sqlite:${join(folder, 'held.db')}`];
    const first = startCli(['serve', '--config', config, ...args], { env: ENV });
    const [said] = await once(first.stdout, 'data');
    const [, port] = /^Beckon listens on http:\/\/127\.0\.0\.1:(\d+)\n/.exec(String(said)) ?? [];
    await once(connect(Number(port), '127.0.0.1').resume(), 'connect');
    assertSentence(await serve(args), 75, new RegExp(`in use by process ${first.pid} on `));
    first.kill('SIGTERM');
    assert.deepEqual(await once(first, 'exit'), [0, null]);
  });

  const LINES: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['frobnicate'], 2, /unknown command 'frobnicate'/],
    [['serve', '--prot', '1'], 2, /unknown option '--prot'/],
    [['serve', '--port', 'http'], 78, /--port: "http" must be a whole number/],
    [['send', '--text', 'x'], 2, /Who is calling\?/],
    [['send', '--token', 't', '--text', 'x'], 2, /Which bot\?/],
    [['send', '--token', 't', '--bot', BOT, '--text', 'x'], 2, /Through which channel\?/],
    [['send', '--token', 't', '--bot', BOT, '--channel', 'c'], 2, /What shall it say\?/],
    [['send', '--token', 't', '--bot', BOT, '--channel', 'c', '--text', 'x'], 2, /To whom\?/],
    [['send', '--token', 't', '--bot', BOT, '--json', '/none'], 2, /--json: \/none: there is no such file/],
    [['send', '--token', 't', '--bot', BOT, '--json', config], 2, /--json: what .* holds is not JSON/],
    [['send', '--version', '3', '--token', 't'], 2, /argument '3' is invalid\. Allowed choices are 1, 2/],
    [['status'], 2, /missing required argument 'requestId'/],
    [['status', 'ds-1', '--url', 'localhost:8080', '--token', 't', '--bot', BOT], 69, /is not the address of a server/],
    [['sandbox', '--port', '99999'], 2, /--port: "99999" must be a whole number/],
    [['migrate', '--database', 'mysql://x'], 78, /--database: .* Use sqlite:/],
  ];
  for (const [args, code, sentence] of LINES) {
    test(`beckon ${args.join(' ')}`, async () => assertSentence(await runCli(args), code, sentence));
  }

  test('a stack is shown only when it is asked for', async () => {
    const args = ['token', '--config', config, '--app', 'cs-none'];
    const { stderr } = await runCli(args, { env: { BECKON_DEBUG: '1' } });
    assert.match(stderr, /^beckon: .*\n.*CommandFailure.*\n +at /);
  });
});

test('openapi prints the document of the API and nothing else, without a configuration', async () => {
  const { code, stdout, stderr } = await runCli(['openapi']);
  assert.deepEqual([code, stderr], [0, '']);
  const document = JSON.parse(stdout);
  assert.equal(document.openapi, '3.1.0');
  assert.ok('/api/v1/bots/{botId}/notifications' in document.paths);
  assert.ok('/api/public/bot/{botId}/notify' in document.paths);
});

const NOBODY = 65_534;

function canNobodyRun(): boolean {
  return spawnSync(process.execPath, [LAUNCHER, '--version'], { uid: NOBODY, gid: NOBODY }).status === 0;
}
