import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { sandboxConfig } from '../src/commands/sandbox-config.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { type BeckonProcess, startBeckon } from './support/beckon.ts';
import { runCli } from './support/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'beckon-mail-'));
const config = join(folder, 'beckon.yaml');
let sandbox: Sandbox;
let server: BeckonProcess;
let clientId: string;

before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
  const sample = sandboxConfig(sandbox);
  ({ clientId } = sample);
  writeFileSync(config, stringify(sample.file, { aliasDuplicateObjects: false }));
  server = await startBeckon(['--config', config, '--database', 'sqlite::memory:']);
});
after(async () => {
  await server.stop();
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const mail = (to: string) => {
  const app = ['--url', server.url, '--config', config, '--app', clientId];
  return runCli(['send', ...app, '--channel', 'email', '--to', to, '--text', 'The office is closed', '--watch']);
};

test('a mail whose answer is lost goes out once more, as the same mail', async () => {
  sandbox.faults.set([{ provider: 'smtp', route: 'send', times: 1, fault: { kind: 'reset', processed: true } }]);
  const { code, stdout, stderr } = await mail('ann@example.com');
  assert.equal(code, 0, stdout + stderr);
  const [first, second, ...others] = sandbox.ledger.entries({ provider: 'smtp', recipient: 'ann@example.com' });
  assert.ok(first?.key && second?.key);
  assert.deepEqual([second.key, second.body, others], [first.key, first.body, []]);
  assert.match(first.key, /^<ms-[0-9a-f-]{36}@example\.com>$/);
});

test('one dead address of many is told, with the words of the relay', async () => {
  const { code, stdout } = await mail('bo@example.com,550-5.1.1@example.com,cy@example.com');
  assert.equal(code, 1);
  assert.match(stdout, /^PARTIAL_SUCCESS/);
  assert.match(stdout, /FAILURE {2}.*550 5\.1\.1 as its name says.*550-5\.1\.1@example\.com/);
  for (const name of ['bo', 'cy']) assert.equal(sandbox.ledger.countOf('smtp', `${name}@example.com`), 1);
});
