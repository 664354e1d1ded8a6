import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { installPacked, type Packed, packClone, ROOT, runIn } from './support/packed.ts';

const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

describe('the package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'beckon-package-'));
  let packed: Packed;
  let home: string;
  let beckon: string;
  before(async () => {
    packed = await packClone(folder);
    home = await installPacked(folder, packed);
    beckon = join(home, 'node_modules/beckon');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('holds the program, its documentation, the types of the client, and nothing else', () => {
    const expected =
      /^(LICENSE|README\.md|CHANGELOG\.md|package\.json|bin\/beckon\.mjs|docs\/.+\.md|dist\/(console|reference)\/.+|dist\/.+\.js|dist\/(client|model)\/.+\.d\.ts)$/;
    assert.deepEqual(
      packed.paths.filter((path) => !expected.test(path) || /\btest\b|\bexam\b/.test(path)),
      [],
    );
    for (const path of ['dist/console/index.html', 'dist/reference/swagger-ui.css', 'dist/client/client.d.ts'])
      assert.ok(packed.paths.includes(path), path);
  });

  it('needs nothing that it does not bring along', () => {
    const scripts = packed.paths.filter((path) => /^dist\/(?!console\/|reference\/).+\.js$/.test(path));
    for (const path of scripts) {
      for (const specifier of bareImportsOf(join(beckon, path))) {
        const [name = ''] = specifier.match(/^(@[^/]+\/)?[^/]+/) ?? [];
        assert.ok(isBuiltin(specifier) || name in dependencies, `${path} imports ${specifier}`);
      }
    }
  });

  it('runs the demo in an empty folder', async () => {
    const job = JSON.parse(await runIn(home, 'npx', ['beckon', 'demo', '--once', '--json']));
    assert.deepEqual([job.status, job.count], ['PARTIAL_SUCCESS', 1_000]);
  });

  it('has a client that needs no other package and no Node', () => {
    const seen = new Set([join(beckon, 'dist/client/client.js')]);
    for (const path of seen) {
      assert.deepEqual(bareImportsOf(path), [], path);
      for (const specifier of importsOf(path)) seen.add(join(dirname(path), specifier));
    }
    assert.ok(seen.size > 5);
  });

  it('has a client a program can use', async () => {
    const program = `
      import { ClientError, createClient } from 'beckon/client';
      const client = createClient({ url: 'http://127.0.0.1:1', token: 'a.b.c', fetch: async () => Response.json({ code: 'not_found', title: 'None' }, { status: 404 }) });
      const error = await client.notification({ botId: 'st-1', notificationId: 'ds-1' }).catch((error) => error);
      console.log(error instanceof ClientError, error.status, error.code);`;
    assert.equal(await runIn(home, process.execPath, ['--input-type=module', '-e', program]), 'true 404 not_found\n');
  });

  for (const moduleResolution of ['nodenext', 'bundler']) {
    it(`has types that hold under strict (${moduleResolution})`, async () => {
      const errors = await compile(moduleResolution);
      assert.deepEqual(errors, ['misuse.ts(4,45): error TS2339', 'misuse.ts(5,51): error TS2741']);
    });
  }

  /** Programs of somebody who has no types but the package's own and the browser's. */
  async function compile(moduleResolution: string): Promise<string[]> {
    const project = join(home, moduleResolution);
    mkdirSync(project);
    const module = moduleResolution === 'bundler' ? 'esnext' : moduleResolution;
    const strictness = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false };
    const surroundings = { lib: ['es2024', 'dom', 'dom.asynciterable'], types: [], target: 'es2024' };
    const compilerOptions = { module, moduleResolution, noEmit: true, ...strictness, ...surroundings };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
    writeFileSync(join(project, 'use.ts'), USE);
    writeFileSync(join(project, 'misuse.ts'), MISUSE);
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const output = await runIn(project, process.execPath, [tsc, '-p', '.', '--pretty', 'false']).then(
      (stdout) => stdout,
      (error: { readonly stdout: string }) => error.stdout,
    );
    return output.split('\n').flatMap((line) => line.match(/^\S+: error TS\d+/)?.[0] ?? []);
  }
});

const USE = `
import { type Client, ClientError, createClient, type Notification, type SendBody } from 'beckon/client';
const client: Client = createClient({ url: 'https://beckon.example.com', token: async () => 'a.b.c' });
const body: SendBody = { channel: 'msteams', message: { type: 'text', val: 'Hi' }, recipients: ['a@b.c'] };
export async function tell(): Promise<number> {
  try {
    const sent: Notification = await client.notifications.send({ botId: 'st-1', body });
    for await (const event of client.events({ botId: 'st-1', notificationId: sent.id })) console.log(event.progress.counts.pending);
    return sent.counts.total;
  } catch (error) {
    if (error instanceof ClientError && error.status === 429) return 0;
    throw error;
  }
}
`;

const MISUSE = `
import { createClient } from 'beckon/client';
const client = createClient({ url: 'https://beckon.example.com', token: 'a.b.c' });
export const unknown = client.notifications.broadcast({});
export const nameless = client.notifications.list({});
`;

const IMPORT = /^(?:import|export) [^'"=;()]*\bfrom '([^'\n]+)'|^import '([^'\n]+)'|\bimport\('([^'\n]+)'\)/gm;
const importsOf = (path: string): string[] =>
  [...readFileSync(path, 'utf8').matchAll(IMPORT)].map((found) => found.slice(1).find((name) => name) ?? '');

const bareImportsOf = (path: string): string[] => importsOf(path).filter((specifier) => !specifier.startsWith('.'));
