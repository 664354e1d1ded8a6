import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = globSync('src/**/*.{ts,tsx}', { cwd: root }).sort();

/**
 * Which rooms a room may look into, besides itself. Arrows go one way: a room that is not named here cannot be reached,
 * and a new room has to be placed before anything may use it.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  model: [],
  render: ['model'],
  memory: ['model'],
  store: ['model', 'memory'],
  log: ['model', 'config'],
  metrics: ['model'],
  tracing: ['model'],
  channels: ['model'],
  directory: ['model', 'store'],
  config: ['model', 'channels'],
  client: ['model'],
  console: ['client', 'model'],
  tenancy: ['model', 'store', 'channels', 'config'],
  sandbox: ['model'],
  engine: ['model', 'store', 'channels', 'directory', 'render'],
  http: ['model', 'store', 'channels', 'directory', 'render', 'tenancy'],
  serve: ['model', 'store', 'channels', 'config', 'engine', 'http', 'log', 'metrics', 'render', 'tenancy', 'tracing'],
  commands: [
    'model',
    'store',
    'channels',
    'config',
    'client',
    'directory',
    'http',
    'log',
    'memory',
    'sandbox',
    'serve',
    'tracing',
  ],
  main: ['commands'],
};

/** The port of the store is all that those above it may know; only the composition root opens one. */
const STORE_INSIDES = /^src\/store\/(?!port(\.ts$|\/))/;
const MAY_OPEN_STORE = /^src\/(serve\.ts|commands\/|store\/)/;

describe('architecture', () => {
  for (const path of sources) {
    it(`${path} imports only what it may`, () => {
      for (const target of importsOf(path)) assertMayImport(path, target);
    });
  }

  it('has no room that nobody placed', () => {
    const rooms = new Set(sources.map(roomOf));
    assert.deepEqual(
      [...rooms].filter((room) => !(room in ROOMS)),
      [],
    );
  });

  it('reads time and chance in one place', () => {
    const pattern =
      /\bDate\.now\(|new Date\(\)|Math\.random\(|\bperformance\.now\(|(?<![.\w])setTimeout\(|(?<![.\w])setInterval\(/;
    const allowed = /^src\/(model\/clock\.ts$|sandbox\/|commands\/)|\.test\.ts$/;
    assert.deepEqual(
      findIn(pattern, (path) => !allowed.test(path)),
      [],
    );
  });

  it('switches no rule off', () => {
    assert.deepEqual(
      findIn(/biome-ignore|@ts-ignore|@ts-expect-error|@ts-nocheck/, () => true),
      [],
    );
  });

  it('never asks whether it is under test', () => {
    assert.deepEqual(
      findIn(/NODE_ENV/, () => true),
      [],
    );
  });

  it('has no barrel and no drawer for odds and ends', () => {
    assert.deepEqual(
      sources.filter((path) => /\/(index|utils?|helpers?|common|misc)\.tsx?$/.test(path)),
      [],
    );
    assert.deepEqual(
      findIn(/^export \* from/m, () => true),
      [],
    );
  });
});

function assertMayImport(from: string, to: string): void {
  const [room, target] = [roomOf(from), roomOf(to)];
  if (from.endsWith('.test.ts') || to.startsWith('test/')) {
    assert.ok(from.endsWith('.test.ts') || from.startsWith('test/'), `${from} imports test code: ${to}`);
    return;
  }
  assert.ok(room === target || ROOMS[room]?.includes(target), `${from} (${room}) may not look into ${to} (${target})`);
  if (STORE_INSIDES.test(to))
    assert.match(from, MAY_OPEN_STORE, `${from} must know the store by its port only, not ${to}`);
}

const roomOf = (path: string): string =>
  path
    .replace(/^src\//, '')
    .replace(/\.tsx?$/, '')
    .split('/')[0] ?? '';

function importsOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1] ?? '');
  return specifiers.map((specifier) => relative(root, join(root, dirname(path), specifier)));
}

function findIn(pattern: RegExp, filter: (path: string) => boolean): string[] {
  return sources.filter(filter).filter((path) => pattern.test(readFileSync(join(root, path), 'utf8')));
}
