import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { randomId } from '../src/model/ids.ts';
import { type BeckonProcess, startBeckon } from './support/beckon.ts';
import { type CliResult, runCli } from './support/run-cli.ts';

const botId = randomId('st');
const clientId = randomId('cs');
let folder: string;
let server: BeckonProcess;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'beckon-people-cli-'));
  const app = {
    clientId,
    name: 'CI',
    algorithm: 'HS256',
    clientSecret: randomBytes(36).toString('base64url'),
    bots: [botId],
  };
  const config = { bots: [{ id: botId, name: 'Bot' }], apps: [{ ...app, scopes: ['directory:write'] }] };
  writeFileSync(file('beckon.yaml'), stringify(config), { mode: 0o600 });
  server = await startBeckon(['--config', file('beckon.yaml'), '--database', 'sqlite::memory:']);
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

function file(name: string): string {
  return join(folder, name);
}

function people(args: readonly string[], stdin = ''): Promise<CliResult> {
  return runCli(['people', ...args, '--url', server.url, '--app', clientId, '--config', file('beckon.yaml')], {
    stdin,
  });
}

test('imports a file with a bad line, tells which, and exports what was good', async () => {
  writeFileSync(
    file('people.csv'),
    'email,name,msteams.channelId\nann@x.org,=Ann,29:1\nnobody,N,\nbob@x.org,"B, Bob",\n',
  );
  const imported = await people(['import', file('people.csv')]);
  assert.equal(imported.code, 1, imported.stderr);
  assert.equal(imported.stdout, 'line 3: email: "nobody" is not an e-mail address\nImported 2 of 3 lines; 1 bad.\n');
  assert.match(imported.stderr, /^Importing: 100 % \(\d+ of \d+\), bytes sent$/m);

  const exported = await people(['export', file('out.csv')]);
  assert.equal(exported.code, 0, exported.stderr);
  const csv = readFileSync(file('out.csv'), 'utf8');
  assert.match(csv, /,ann@x\.org,,,'=Ann,.*,29:1\r\n/);
  assert.match(csv, /,bob@x\.org,,,"B, Bob",/);
  assert.equal(statSync(file('out.csv')).mode & 0o777, 0o600);
  assert.equal(existsSync(file('out.csv.part')), false);

  const again = await people(['import', file('out.csv'), '--on-error', 'abort']);
  assert.deepEqual([again.code, again.stdout], [0, 'Imported 2 of 2 lines.\n']);

  const printed = await people(['export']);
  const emails = printed.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).email);
  assert.deepEqual([printed.code, emails.sort()], [0, ['ann@x.org', 'bob@x.org']]);
});

test('abort imports nobody and names the line', async () => {
  const refused = await people(['import', '-', '--on-error', 'abort'], '{"email":"new@x.org"}\n{"email":1}\n');
  assert.equal(refused.code, 1);
  assert.equal(refused.stdout, 'line 2: email: must be a text, not the number 1\nImported 0 of 2 lines; 1 bad.\n');
  assert.match(
    refused.stderr,
    /^beckon: The server refused the call: The file cannot be imported as it is: lines are bad, so none was imported/,
  );
  assert.doesNotMatch((await people(['export'])).stdout, /new@x\.org/);
});

test('reads standard input and prints the report as JSON', async () => {
  const imported = await people(['import', '-', '--format', 'csv', '--json'], 'email\nstdin@x.org\n');
  assert.deepEqual([imported.code, JSON.parse(imported.stdout)], [0, { read: 1, imported: 1, bad: 0, errors: [] }]);
});

test('says what is wrong with a header', async () => {
  const refused = await people(['import', '-', '--format', 'csv'], 'mail;name\n');
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /^line 1: mail;name: is one column: separate the columns by commas$/m);
});

const wrong: readonly (readonly [title: string, args: readonly string[], code: number, sentence: RegExp])[] = [
  ['a missing file', ['import', '/nowhere/people.csv'], 2, /\/nowhere\/people\.csv cannot be read: ENOENT/],
  ['a folder', ['import', tmpdir(), '--format', 'csv'], 2, /is a folder; name a file/],
  ['an unknown ending', ['import', 'people.xlsx'], 2, /people\.xlsx: is it NDJSON or CSV\? Give --format/],
  ['an unknown format', ['import', 'people', '--format', 'xml'], 2, /Allowed choices are ndjson, csv/],
  ['a file that cannot be written', ['export', '/nowhere/people.csv'], 78, /\/nowhere\/people\.csv/],
];
for (const [title, args, code, sentence] of wrong) {
  test(`${title} gives one sentence and exit code ${code}`, async () => {
    const result = await people(args);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, sentence);
    assert.doesNotMatch(result.stderr, /\n.*\n/);
  });
}

test('a server that is not there gives exit code 69', async () => {
  writeFileSync(file('one.ndjson'), '{"email":"a@b.c"}\n');
  const url = await freeAddress();
  const args = ['people', 'import', file('one.ndjson'), '--url', url, '--token', 'x', '--bot', botId];
  const result = await runCli(args);
  assert.equal(result.code, 69);
  assert.equal(result.stderr, `beckon: ${url} gave no answer: nothing listens there.\n`);
});

/** Nobody listens there any more. */
async function freeAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}
