import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { type Client, createClient } from '../src/client/client.ts';
import { sandboxConfig } from '../src/commands/sandbox-config.ts';
import { randomId } from '../src/model/ids.ts';
import { SCOPE_ADMIN } from '../src/model/tenancy.ts';
import { teamsConversationId } from '../src/sandbox/ids.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { type BeckonProcess, startBeckon, untilFinished } from './support/beckon.ts';
import { ROOT } from './support/packed.ts';
import { LAUNCHER, runCli } from './support/run-cli.ts';

const run = promisify(execFile);

interface Block {
  readonly place: string;
  readonly code: string;
  /** Why no test runs it; null: this one does. */
  readonly reason: string | null;
}

function blocksOf(path: string): Block[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  return [...text.matchAll(/^( *)```(?:sh|bash|shell)([^\n]*)\n([\s\S]*?)^ *```$/gm)].map((found) => {
    const [, indent = '', info = '', code = ''] = found;
    const line = text.slice(0, found.index).split('\n').length;
    const reason = /^ reason=(.+)$/.exec(info)?.[1] ?? null;
    assert.ok(info === '' || reason !== null, `${path}:${line}: "${info}" is no reason=…`);
    return { place: `${path}:${line}`, code: code.replaceAll(`\n${indent}`, '\n'), reason };
  });
}

const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: ROOT, exclude: ['**/.vitepress'] })];
const blocks = pages.flatMap(blocksOf);

/** People and texts that the pages speak of. */
const PEOPLE = ['john@abc.com', 'jane@abc.com', 'asha@abc.com', 'ann@example.com'];

function personAt(email: string, { urls, credentials }: Sandbox) {
  const { appId, tenantId } = credentials.teams;
  const channelId = `29:${email}`;
  const conversationId = teamsConversationId(appId, { member: channelId, tenantId, generation: 1 });
  const reference = { conversationId, serviceUrl: urls.teams };
  return { email, name: email, addresses: [{ channel: 'msteams', channelId, reference }] };
}

const WELCOME = {
  parameters: { name: { type: 'string', maxLength: 80 } },
  variants: { en: { message: { type: 'text', val: 'Welcome, {name}!' } } },
  default: 'en',
};

/** As a reader who has done what the pages say before: a server that runs, a configuration, people, a token. */
describe('every command of the documentation', () => {
  const folder = mkdtempSync(join(tmpdir(), 'beckon-docs-commands-'));
  const adminId = randomId('cs');
  let sandbox: Sandbox;
  let server: BeckonProcess;
  let client: Client;
  let token: string;
  let botId: string;
  let clientId: string;
  let personId: string;

  before(async () => {
    sandbox = await startSandbox({ limits: 'off' });
    const sample = sandboxConfig(sandbox);
    ({ botId, clientId } = sample);
    const [app] = [sample.file['apps']].flat();
    const scopes = [SCOPE_ADMIN];
    const apps = [app, { ...Object(app), clientId: adminId, kind: 'admin', bots: [], scopes }];
    const files = {
      'beckon.yaml': stringify({ ...sample.file, apps }, { aliasDuplicateObjects: false }),
      'people.ndjson': PEOPLE.map((email) => JSON.stringify(personAt(email, sandbox))).join('\n'),
      'people.csv': 'email,name\njohn@abc.com,John\njane@abc.com,Jane\n',
      'welcome.json': JSON.stringify(WELCOME),
      'bin/npx': `#!/bin/sh\n[ "$1" = beckon ] && shift && exec "${process.execPath}" "${LAUNCHER}" "$@"\nexit 99\n`,
      // Refusals end a block, and nothing but the answer is printed.
      'bin/curl': '#!/bin/sh\nexec /usr/bin/curl -fsS "$@"\n',
    };
    for (const name of ['bin', 'data', 'backups']) mkdirSync(join(folder, name));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
    for (const name of ['npx', 'curl']) chmodSync(join(folder, 'bin', name), 0o700);
    server = await startBeckon(['--config', join(folder, 'beckon.yaml'), '--database', 'sqlite::memory:']);
    const config = join(folder, 'beckon.yaml');
    assert.equal((await runCli(['migrate', '--database', `sqlite:${folder}/data/beckon.db`])).code, 0);
    token = (await runCli(['token', '--app', clientId, '--config', config])).stdout.trim();
    client = createClient({ url: server.url, token });
    await client.importPeople({ botId, people: files['people.ndjson'], mediaType: 'application/x-ndjson' });
    const { people } = await client.people.list({ botId, q: 'john@abc.com' });
    personId = people[0]?.id ?? '';
  });
  after(async () => {
    await server.kill();
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** One that is over, as it came through Kore's route. */
  async function endedNotification(): Promise<string> {
    const message = { type: 'text', val: 'hello' } as const;
    const body = { channel: 'email', userIdentityType: 'resolve', message, identities: ['john@abc.com'] } as const;
    const { _id: requestId } = await client.notify({ botId, body });
    await untilFinished(server, () => client.status({ botId, requestId }));
    return requestId;
  }

  async function scheduledNotification(): Promise<string> {
    const message = { type: 'text', val: 'hello' } as const;
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    return (
      await client.notifications.send({
        botId,
        body: { channel: 'email', message, recipients: ['john@abc.com'], sendAt },
      })
    ).id;
  }

  /** What stands for something of the reader's is put in. */
  async function fillIn(code: string): Promise<string> {
    const isSteered = /\b(cancel|pause|retry|extend)\b/.test(code);
    const id = code.includes('ds-…') ? await (isSteered ? scheduledNotification() : endedNotification()) : '';
    return code
      .replaceAll('ds-…', id)
      .replaceAll(/https:\/\/beckon\.example\.com|http:\/\/127\.0\.0\.1:8080/g, server.url)
      .replaceAll(/\bst-(…|736ff917[0-9a-f-]+)/g, botId)
      .replaceAll(/\bcs-(…|1e845b00[0-9a-f-]+)/g, code.includes('audit') ? adminId : clientId)
      .replaceAll(/\bu-…/g, personId)
      .replaceAll('/var/lib/beckon/', `${folder}/data/`)
      .replaceAll('/mnt/backups/', `${folder}/backups/`)
      .replaceAll(/\b2026-\d\d-\d\dT[\d:]+Z/g, new Date(Date.now() + 86_400_000).toISOString());
  }

  for (const { place, code, reason } of blocks) {
    it(place, { skip: reason ?? false, timeout: 60_000 }, async () => {
      const script = await fillIn(code);
      assert.doesNotMatch(script, /…/, 'something stands for what no test can know: give the block a reason=');
      const env = {
        PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
        HOME: folder,
        BECKON_URL: server.url,
        BECKON_LOG_LEVEL: 'error',
        TOKEN: token,
      };
      await run('bash', ['--norc', '-euo', 'pipefail', '-c', script], { cwd: folder, env });
    });
  }

  it('is run but for few', () => {
    const left = blocks.filter(({ reason }) => reason !== null);
    assert.ok(left.length <= blocks.length / 3, `${left.length} of ${blocks.length} have a reason not to be run`);
  });
});
