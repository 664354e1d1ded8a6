import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { sandboxConfig } from '../src/commands/sandbox-config.ts';
import { subscriptionAt } from '../src/sandbox/push-subscriptions.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { type BeckonProcess, startBeckon } from './support/beckon.ts';
import { runCli } from './support/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'beckon-webpush-'));
const config = join(folder, 'beckon.yaml');
let sandbox: Sandbox;
let server: BeckonProcess;
let app: readonly string[];

before(async () => {
  sandbox = await startSandbox();
  const sample = sandboxConfig(sandbox);
  writeFileSync(config, stringify(sample.file, { aliasDuplicateObjects: false }));
  server = await startBeckon(['--config', config, '--database', 'sqlite::memory:']);
  app = ['--url', server.url, '--config', config, '--app', sample.clientId];
});
after(async () => {
  await server.stop();
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

/** As a line of the directory. */
function browserOf(email: string, name: string): string {
  const { endpoint, keys } = subscriptionAt(sandbox.urls.webpush, name);
  return JSON.stringify({ email, addresses: [{ channel: 'webpush', channelId: endpoint, reference: keys }] });
}

const push = (to: string) => runCli(['send', ...app, '--channel', 'webpush', '--to', to, '--text', 'Lunch', '--watch']);

test('imported browsers get their messages, and one that unsubscribed is forgotten', async () => {
  const lines = [browserOf('ann@example.com', 'ann'), browserOf('bo@example.com', 'gone-bo')].join('\n');
  const imported = await runCli(['people', 'import', '-', ...app], { stdin: lines });
  assert.equal(imported.code, 0, imported.stdout + imported.stderr);

  const first = await push('ann@example.com,bo@example.com');
  assert.equal(first.code, 1);
  assert.match(first.stdout, /^PARTIAL_SUCCESS/);
  assert.match(
    first.stdout,
    /FAILURE.*no longer known to the provider.*answered 410: push subscription has unsubscribed/,
  );
  assert.deepEqual(sandbox.ledger.counts('webpush').recipients, { webpush: { ann: 1 } });
  assert.equal(sandbox.ledger.entries()[0]?.text, 'Lunch');

  const second = await push('bo@example.com');
  assert.match(second.stdout, /FAILURE.*not associated with the channel/);
  assert.equal(sandbox.stats().calls.webpush?.['send']?.calls, 2, 'nobody asks for a browser that is gone');
});
