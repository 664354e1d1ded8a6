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

const folder = mkdtempSync(join(tmpdir(), 'beckon-webhook-'));
const config = join(folder, 'beckon.yaml');
let sandbox: Sandbox;
let server: BeckonProcess;
let clientId: string;

before(async () => {
  sandbox = await startSandbox();
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

const callsToHook = () => sandbox.stats().calls.hooks?.['deliver']?.calls;

function post(to: string) {
  const app = ['--url', server.url, '--config', config, '--app', clientId];
  const what = ['--version', '2', '--channel', 'ivr', '--instance', 'Webhook', '--to', to, '--text', 'Lunch is ready'];
  return runCli(['send', ...app, ...what, '--watch']);
}

test('a webhook that is gone is called once, told in the log, and holds nobody', async () => {
  assert.equal((await post('ann@example.com')).code, 0);
  assert.equal(callsToHook(), 1);

  sandbox.faults.set([{ provider: 'hooks', times: 1, fault: { kind: 'status', status: 410, body: '' } }]);
  const told = server.next(/"connection held"/);
  for (const to of ['ann@example.com', 'bo@example.com,cy@example.com']) {
    const { code, stdout } = await post(to);
    assert.equal(code, 1);
    assert.match(stdout, /FAILURE {2}.*answered 410: it is gone for good.*@example\.com/);
  }
  assert.match(await told, /"level":"error".*answered 410: it is gone for good.*off until its url is changed/);
  assert.equal(callsToHook(), 2, 'the webhook would take messages again, and must not get any');
});
