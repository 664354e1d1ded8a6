import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { outputUntil, startCli } from './support/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'beckon-console-'));
const config = join(folder, 'beckon.yaml');
writeFileSync(config, 'bots: []\napps: []\n', { mode: 0o600 });
after(() => rmSync(folder, { recursive: true }));

describe('beckon serve', () => {
  const database = `sqlite:${join(folder, 'beckon.db')}`;

  async function start(...more: string[]) {
    const args = ['serve', '--config', config, '--database', database, '--port', '0', '--log-level', 'warn', ...more];
    const server = startCli(args);
    const output = await outputUntil(server, /listens on \S+\n/);
    const url = /listens on (\S+)/.exec(output)?.[1] ?? '';
    const link = /https?:\S+\/setup#\S+/.exec(output)?.[0] ?? null;
    const stop = async () => {
      server.kill('SIGTERM');
      assert.deepEqual(await once(server, 'exit'), [0, null]);
    };
    return { url, link, stop };
  }

  const setUp = (url: string, link: string | null) =>
    fetch(`${url}/api/v1/session/setup`, {
      method: 'POST',
      headers: { origin: url, 'content-type': 'application/json' },
      body: JSON.stringify({
        token: new URL(String(link)).hash.slice(1),
        name: 'Ann',
        email: 'ann@abc.com',
        password: 'seven wet umbrellas',
      }),
    });

  test('prints a link for the first admin until there is one, and serves the console unless told not to', async () => {
    const first = await start();
    assert.ok(first.link?.startsWith(`${first.url}/setup#`), String(first.link));
    await first.stop();

    const second = await start('--public-url', 'https://beckon.example.com/');
    assert.ok(second.link?.startsWith('https://beckon.example.com/setup#'), String(second.link));
    assert.equal((await setUp(second.url, first.link)).status, 200, 'the link of an earlier start is still good');
    assert.equal((await setUp(second.url, second.link)).status, 410);
    assert.match((await fetch(second.url)).headers.get('content-type') ?? '', /^text\//);
    await second.stop();

    const third = await start('--no-console');
    assert.equal(third.link, null);
    assert.equal((await fetch(third.url)).status, 404);
    assert.equal((await fetch(`${third.url}/api/v1/session/options`)).status, 200);
    await third.stop();
  });
});
