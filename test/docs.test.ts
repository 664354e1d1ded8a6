import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { CHANNELS } from '../src/channels/channels.ts';
import { isJsonObject } from '../src/model/json.ts';
import { runCli } from './support/run-cli.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const pageOf = (id: string) => readFileSync(join(root, `docs/channels/${id}.md`), 'utf8');
const page = CHANNELS.map(({ id }) => pageOf(id)).join('\n');
const samples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => yaml);
const folder = mkdtempSync(join(tmpdir(), 'beckon-docs-'));
after(() => rmSync(folder, { recursive: true }));

/** What the samples name stands for something of its kind; `env` and `file` themselves are followed. */
const ENV = Object.fromEntries(
  [...page.matchAll(/\{ env: (\w+) \}/g)].map(([, name = '']) => [name, standInFor(name)]),
);

function standInFor(name: string): string {
  if (name.includes('PRIVATE_KEY') && name.startsWith('CHAT'))
    return '-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----';
  if (name.startsWith('VAPID')) return 'a'.repeat(43);
  if (name.includes('WEBHOOK')) return 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  return 'a-secret-of-thirty-two-characters-or-more';
}

describe('docs/channels/', () => {
  test('shows connections that can be used as they stand', async () => {
    assert.equal(samples.length, CHANNELS.length + 1);
    writeFileSync(join(folder, 'dkim.pem'), 'a key');
    const connections = samples.map((yaml) => parse(yaml));
    const bots = [
      {
        id: 'st-736ff917-d836-55b4-9a6b-3dad20c09af3',
        connections: connections.filter(({ provider }) => provider !== 'generic'),
      },
      {
        id: 'st-736ff917-d836-55b4-9a6b-3dad20c09af4',
        connections: connections.filter(({ provider }) => provider === 'generic'),
      },
    ];
    const path = join(folder, 'beckon.yaml');
    writeFileSync(path, stringify({ bots }), { mode: 0o600 });
    const { code, stdout, stderr } = await runCli(['config', 'check', '--config', path], { env: ENV });
    assert.deepEqual([code, stderr], [0, ''], stdout + stderr);
  });

  for (const channel of CHANNELS) {
    test(`explains every setting of ${channel.id}`, () => {
      const properties: unknown = Reflect.get(channel.settings, 'properties');
      assert.ok(isJsonObject(properties));
      for (const key of Object.keys(properties)) assert.match(pageOf(channel.id), new RegExp(`\\b${key}\\b`), key);
    });
  }
});

test('docs/operations.md names log lines that exist', () => {
  const operations = readFileSync(join(root, 'docs/operations.md'), 'utf8');
  const table = operations.split('| log line |')[1]?.split('## ')[0] ?? '';
  const events = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, event = '']) => event);
  assert.ok(events.length >= 6);
  const sources = globSync('src/**/*.ts', { cwd: root }).map((path) => readFileSync(join(root, path), 'utf8'));
  for (const event of events)
    assert.ok(
      sources.some((source) => source.includes(`'${event}'`)),
      event,
    );
});
