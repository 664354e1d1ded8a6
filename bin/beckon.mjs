#!/usr/bin/env node
// The door of the program, in JavaScript any Node can read: it hands over to the first Node that is new enough.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import * as module from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const { engines } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const needed = engines.node.replace('>=', '');
// A checkout runs as it was written; a package has the program as JavaScript, for Node reads no TypeScript in node_modules.
const source = new URL('src/main.ts', root);
const main = existsSync(source) ? source : new URL('dist/main.js', root);
const self = fileURLToPath(import.meta.url);

/** Half of a short command's time is reading its own source; beside the packages only their owner can write. */
const cache = fileURLToPath(new URL('node_modules/.cache/beckon', root));
/**
 * What a server does not need V8 would take as well: 64 MB twice for what is young, and for what is old four times what is in
 * use. That is 140 MB at the peak, for no speed (docs/performance.md). And a thread that is at rest gives back what it does not
 * hold (src/memory/at-rest.ts), for which it needs `gc`; what was compiled it holds, or it would begin anew after each rest.
 * It can be said only where a process begins.
 */
const FRUGAL = ['--max-semi-space-size=12', '--heap-growing-percent=50', '--expose-gc', '--no-flush-bytecode'];
const LEAN = process.argv[2] === 'serve' ? FRUGAL : [];

if (!isAtLeast(process.versions.node, needed)) runWithPinnedNode();
else if (LEAN.length > 0 && mayBeginAnew()) {
  // The same process goes on as another program: signals, streams and whoever watches it notice nothing.
  process.execve(process.execPath, [process.execPath, ...LEAN, ...process.execArgv, self, ...process.argv.slice(2)]);
} else {
  module.enableCompileCache(cache);
  await import(main.href);
}

/** Not twice, not against who said otherwise, and not where a parent speaks over a channel, which would be closed. */
function mayBeginAnew() {
  const said = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
  return !/semi.space/.test(said) && process.execve !== undefined && process.channel === undefined;
}

/** `npm ci` brings a Node that fits; without it there is nothing to run the program with. */
function runWithPinnedNode() {
  const windows = process.platform === 'win32';
  const pinned = fileURLToPath(new URL(`node_modules/node/bin/node${windows ? '.exe' : ''}`, root));
  if (!existsSync(pinned)) {
    console.error(`beckon: needs Node ${needed} or newer, and this is ${process.versions.node}.`);
    process.exit(78);
  }
  const child = spawn(pinned, [...LEAN, fileURLToPath(main), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { NODE_COMPILE_CACHE: cache, ...process.env },
  });
  // A terminal sends Ctrl-C to both of us; passing it on as well would be the second one, which means "at once".
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

function isAtLeast(version, wanted) {
  const [have, want] = [version, wanted].map((text) => text.split('.').map(Number));
  const differs = [0, 1, 2].find((index) => have[index] !== want[index]);
  return differs === undefined || have[differs] > want[differs];
}
