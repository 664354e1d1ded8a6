import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { outputUntil, runCli, startCli } from './support/run-cli.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const checkout = mkdtempSync(join(tmpdir(), 'beckon-toy-'));
after(() => rmSync(checkout, { recursive: true }));

test('a new channel is one file and one line', async (t) => {
  const folder = copyCheckout();
  const file = readFileSync(join(root, 'test/support/pigeon.ts'), 'utf8');
  writeFileSync(join(folder, 'src/channels/pigeon.ts'), inItsPlace(file));
  appendFileSync(join(folder, 'src/channels/list.ts'), "export { pigeon } from './pigeon.ts';\n");

  const launcher = join(folder, 'bin/beckon.mjs');
  const loft = await openLoft();
  t.after(() => loft.close());
  const config = writeConfig(loft.url);

  const checked = await runCli(['config', 'check', '--config', config], { launcher });
  assert.deepEqual([checked.code, checked.stderr], [0, '']);
  const printed = await runCli(['config', 'print', '--config', config], { launcher });
  assert.match(printed.stdout, /pigeon/);
  assert.ok(!printed.stdout.includes('coo-coo'), 'the whistle is a secret');

  const server = startCli(['serve', '--config', config, '--port', '0', '--database', 'sqlite::memory:'], { launcher });
  t.after(() => server.kill('SIGKILL'));
  const [, url = ''] = /listens on (\S+)/.exec(await outputUntil(server, /listens on \S+\n/)) ?? [];
  const flags = ['--url', url, '--config', config, '--app', CLIENT_ID, '--channel', 'carrier-pigeon', '--watch'];
  const to = ['ann@example.com', 'bob@example.com', 'tired@example.com'];
  const sent = await runCli(['send', ...flags, '--text', 'Coo', '--to', to.join(',')], { launcher });
  assert.equal(sent.code, 0, sent.stderr);
  assert.match(sent.stdout, /^SUCCESS {2}100 % {2}3 of 3/);
  // The tired one took two flights.
  assert.deepEqual(loft.flights.toSorted(), [
    'ann@example.com',
    'bob@example.com',
    'tired@example.com',
    'tired@example.com',
  ]);

  server.kill('SIGTERM');
  assert.deepEqual(await once(server, 'exit'), [0, null]);
});

/** What a fresh clone holds, with the packages of this one. */
function copyCheckout(): string {
  for (const part of ['bin', 'src', 'package.json'])
    cpSync(join(root, part), join(checkout, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
  return checkout;
}

const inItsPlace = (source: string): string =>
  source.replaceAll("'../../src/channels/", "'./").replaceAll("'../../src/", "'../");

async function openLoft() {
  const flights: string[] = [];
  const server = createServer(async (request, response) => {
    const { to } = JSON.parse(await text(request));
    const isRested = !to.startsWith('tired') || flights.includes(to);
    flights.push(to);
    response.writeHead(request.headers['whistle'] === 'coo-coo' && isRested ? 200 : 503).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { url: `http://127.0.0.1:${address.port}/`, flights, close: () => server.close() };
}

const BOT_ID = 'st-736ff917-d836-55b4-9a6b-3dad20c09af3';
const CLIENT_ID = 'cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9';

function writeConfig(loftUrl: string): string {
  const connections = [{ channel: 'pigeon', loftUrl, whistle: 'coo-coo', allowPrivateNetwork: true }];
  const app = {
    clientId: CLIENT_ID,
    name: 'Test',
    algorithm: 'HS256',
    clientSecret: 'a-secret-of-enough-bytes-for-a-test-of-channels',
    bots: [BOT_ID],
    scopes: ['channel_management:proactive_messages'],
  };
  const path = join(checkout, 'beckon.yaml');
  writeFileSync(path, stringify({ bots: [{ id: BOT_ID, name: 'Loft', connections }], apps: [app] }));
  return path;
}
