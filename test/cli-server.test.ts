import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { sandboxConfig } from '../src/commands/sandbox-config.ts';
import { randomId } from '../src/model/ids.ts';
import { CREDENTIALS } from '../src/sandbox/credentials.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { type BeckonProcess, startBeckon } from './support/beckon.ts';
import { runCli } from './support/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'beckon-cli-server-'));
const config = join(folder, 'beckon.yaml');
let sandbox: Sandbox;
let server: BeckonProcess;
let botId: string;
let clientId: string;

before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
  const sample = sandboxConfig(sandbox);
  ({ botId, clientId } = sample);
  writeFileSync(config, stringify(sample.file, { aliasDuplicateObjects: false }));
  server = await startBeckon(['--config', config, '--database', 'sqlite::memory:', '--log-level', 'debug']);
});
after(async () => {
  await server.stop();
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const beckon = (...args: string[]) => runCli([...args, '--url', server.url]);
const asApp = () => ['--config', config, '--app', clientId];
const slack = (to: string) => ['--channel', 'slack', '--to', to, '--text', 'planted words'];

test('a send that reaches everybody exits 0, with plain lines in a pipe', async () => {
  const { code, stdout, stderr } = await beckon(
    'send',
    ...asApp(),
    ...slack('ann@example.com,bo@example.com'),
    '--watch',
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^SUCCESS {2}100 % {2}2 of 2 recipients {2}ds-/);
  assert.match(stderr, /^(Delivering: \d+ % \(\d of 2\), \d delivered, \d failed\n)+$/);
  assert.match(stderr, /100 % \(2 of 2\), 2 delivered, 0 failed\n$/);
});

test('a send that does not reach everybody exits 1 and says why', async () => {
  const { code, stdout } = await beckon('send', ...asApp(), ...slack('ann@example.com,unknown@example.com'), '--watch');
  assert.equal(code, 1);
  assert.match(stdout, /^PARTIAL_SUCCESS/);
  assert.match(stdout, /1 {2}FAILURE {2}.* \(such as unknown@example\.com\)/);
});

test('a send says what was accepted and what to run next; status answers its documents', async () => {
  const sent = await beckon('send', ...asApp(), ...slack('ann@example.com'));
  assert.equal(sent.code, 0);
  const requestId = /Accepted 1 recipient as (ds-[0-9a-f-]{36})\./.exec(sent.stdout)?.[1] ?? '';
  assert.ok(sent.stdout.includes(`beckon status ${requestId} --bot ${botId} --watch`));
  const { code, stdout } = await beckon('status', requestId, ...asApp(), '--watch', '--json-output');
  assert.equal(code, 0);
  const job: unknown = JSON.parse(stdout);
  assert.ok(typeof job === 'object' && job !== null && 'count' in job && job.count === 1);
});

test('the second interface names recipients by the key of the channel, and the connection by its name', async () => {
  const hook = ['--channel', 'ivr', '--instance', 'Webhook', '--to', 'ann@example.com', '--text', 'planted words'];
  const { code, stderr } = await beckon('send', '--version', '2', ...asApp(), ...hook, '--watch');
  assert.equal(code, 0, stderr);
});

test('a whole body comes from a file or from standard input', async () => {
  const body = {
    channel: 'slack',
    userIdentityType: 'resolve',
    message: { type: 'text', val: 'hello' },
    identities: ['ann@example.com'],
  };
  const { code, stderr } = await runCli(['send', '--url', server.url, ...asApp(), '--json', '-', '--watch'], {
    stdin: JSON.stringify(body),
  });
  assert.equal(code, 0, stderr);
});

test('the same idempotency key sends once', async () => {
  const send = () =>
    beckon('send', ...asApp(), ...slack('once@example.com'), '--idempotency-key', 'k1', '--json-output');
  const [first, second] = [await send(), await send()];
  assert.equal(first.stdout, second.stdout);
});

test('a token of a variable is enough', async () => {
  const minted = await runCli(['token', ...asApp()]);
  const env = { BECKON_TOKEN: minted.stdout.trim(), BECKON_URL: server.url, BECKON_BOT: botId };
  const { code, stderr } = await runCli(['send', ...slack('ann@example.com')], { env });
  assert.equal(code, 0, stderr);
});

async function assertRefused(args: readonly string[], exitCode: number, sentence: RegExp): Promise<void> {
  const { code, stdout, stderr } = await beckon(...args);
  assert.deepEqual([code, stdout], [exitCode, '']);
  assert.match(stderr, /^beckon: [^\n]*\n$/);
  assert.match(stderr, sentence);
}

test('what the server refuses is one sentence each', async () => {
  const send = (...args: string[]) => ['send', ...args, ...slack('ann@example.com')];
  await assertRefused(
    send('--token', 'nonsense', '--bot', botId),
    1,
    /refused the token: Invalid JWT token; check its app/,
  );
  await assertRefused(
    send(...asApp(), '--bot', randomId('st')),
    1,
    /refused the token: Invalid SDK credentials; .* its bots/,
  );
  await assertRefused(['status', randomId('ds'), ...asApp()], 1, /refused the call: .* \(HTTP 404\)/);
  const unknownChannel = ['send', ...asApp(), '--channel', 'pigeon', '--to', 'a', '--text', 'x'];
  await assertRefused(unknownChannel, 1, /channel: "pigeon" is unknown/);
});

test('a server that is not there is one sentence and exit code 69', async () => {
  const args = ['send', ...asApp(), '--url', 'http://127.0.0.1:9', ...slack('ann@example.com')];
  const { code, stderr } = await runCli(args);
  assert.equal(code, 69);
  assert.match(stderr, /^beckon: http:\/\/127\.0\.0\.1:9 gave no answer: [^\n]*\n$/);
});

test('the doctor finds everything well, and says which connection is not', async () => {
  const database = ['--database', `sqlite:${join(folder, 'doctor.db')}`, '--port', '0'];
  const well = await runCli(['doctor', '--config', config, ...database]);
  assert.equal(well.code, 0, well.stdout);
  assert.match(well.stdout, /^([✓!] [^\n]+\n)+$/);

  const broken = join(folder, 'broken.yaml');
  writeFileSync(
    broken,
    stringify(sandboxConfig({ ...sandbox, credentials: WRONG }).file, { aliasDuplicateObjects: false }),
  );
  const ill = await runCli(['doctor', '--config', broken, ...database]);
  assert.equal(ill.code, 1, ill.stdout);
  assert.match(ill.stdout, /^✗ slack of st-[^\n]+invalid_auth/m);
  assert.match(ill.stdout, /^✗ msteams of st-/m);
  assert.doesNotMatch(ill.stdout, /planted/);
});

test('the log of all this, at its most talkative, holds no secret, token, person or message', async () => {
  const spied = (await runCli(['token', ...asApp(), '--subject', 'planted-subject'])).stdout.trim();
  const { code } = await beckon('send', '--token', spied, '--bot', botId, ...slack('ann@example.com'), '--watch');
  assert.equal(code, 0);
  assert.ok(server.lines.some((line) => line.includes('"batch attempted"')));
  const log = server.lines.join('\n');
  const { teams, slack: bot, hook } = sandbox.credentials;
  const secrets = [teams.appPassword, bot.token, hook.secret, spied, spied.split('.')[2] ?? spied];
  for (const secret of [...secrets, 'planted', 'hello', 'example.com']) assert.ok(!log.includes(secret), secret);
});

const WRONG = {
  ...CREDENTIALS,
  twilio: { accountSid: `AC${'0'.repeat(31)}1`, authToken: 'planted-wrong', from: '+15005550006' },
  teams: {
    appId: '00000000-0000-0000-0000-000000000001',
    appPassword: 'planted-wrong',
    tenantId: '00000000-0000-0000-0000-0000000000aa',
  },
  slack: { token: 'xoxb-planted-wrong', signingSecret: 'planted-wrong' },
  googleChat: {
    clientEmail: 'planted-wrong@example.com',
    privateKey: CREDENTIALS.googleChat.privateKey,
    privateKeyId: '1',
  },
  whatsapp: { ...CREDENTIALS.whatsapp, phoneNumberId: '100000000000099', accessToken: 'planted-access-token' },
  webpush: { ...CREDENTIALS.webpush, vapidPrivateKey: 'planted-wrong'.padEnd(43, 'A') },
  smtp: { user: 'sandbox', password: 'planted-wrong' },
};
