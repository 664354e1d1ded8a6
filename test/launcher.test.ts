import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LAUNCHER, outputUntil, runCli, startCli } from './support/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'beckon-launcher-'));
after(() => rmSync(folder, { recursive: true }));

/** An installation for which this very Node is too old, with the main file given and perhaps a Node of its own. */
function install(name: string, needed: string, main: string, withPinnedNode: boolean): string {
  const root = join(folder, name);
  for (const part of ['bin', 'src', 'node_modules/node/bin']) mkdirSync(join(root, part), { recursive: true });
  const launcher = join(root, 'bin/beckon.mjs');
  copyFileSync(LAUNCHER, launcher);
  writeFileSync(join(root, 'package.json'), JSON.stringify({ type: 'module', engines: { node: `>=${needed}` } }));
  writeFileSync(join(root, 'src/main.ts'), main);
  if (withPinnedNode) symlinkSync(process.execPath, join(root, 'node_modules/node/bin/node'));
  return launcher;
}

test('an old Node without a newer one is refused in one sentence', async () => {
  const launcher = install('alone', '999.1.0', 'console.log("must not run")', false);
  const { code, stdout, stderr } = await runCli(['serve'], { launcher });
  assert.deepEqual([code, stdout], [78, '']);
  assert.equal(stderr, `beckon: needs Node 999.1.0 or newer, and this is ${process.versions.node}.\n`);
});

test('a Node that is new enough runs the program itself', async () => {
  for (const needed of [process.versions.node, '24.0.0', '9.99.99']) {
    const main = 'const pid: number = process.ppid; console.log(pid)';
    const launcher = install(`fits-${needed}`, needed, main, true);
    assert.equal((await runCli([], { launcher })).stdout, `${process.pid}\n`, needed);
  }
});

test('a server begins with as much room for garbage as it needs, in the same process', async () => {
  const main = 'console.log(JSON.stringify([process.execArgv.join(), process.pid, process.argv.slice(2)]))';
  const begun = async (command: string, env: Readonly<Record<string, string>> = {}) => {
    const child = startCli([command, '--port', '1'], { launcher: install('lean', '24.0.0', main, false), env });
    const [flags, pid, words] = JSON.parse(await outputUntil(child, /]]/));
    assert.deepEqual([pid, words], [child.pid, [command, '--port', '1']]);
    return flags;
  };
  const lean = '--max-semi-space-size=12,--heap-growing-percent=50,--expose-gc,--no-flush-bytecode';
  assert.equal(await begun('serve'), lean);
  assert.equal(await begun('send'), '');
  assert.equal(await begun('serve', { NODE_OPTIONS: '--max-semi-space-size=4' }), '', 'against who said otherwise');
  const old = await runCli(['serve'], { launcher: install('lean-pinned', '999.0.0', main, true) });
  assert.equal(JSON.parse(old.stdout)[0], lean, 'an old Node hands it over');
});

test('a server whose parent speaks to it over a channel keeps that', async () => {
  const main = 'process.send?.(process.execArgv.join()); process.disconnect?.();';
  const child = fork(install('channel', '24.0.0', main, false), ['serve'], { execArgv: [] });
  assert.deepEqual((await once(child, 'message')).slice(0, 1), ['']);
});

test('a package without the source runs as JavaScript, because Node reads no TypeScript there', async () => {
  const launcher = install('node_modules/beckon', '24.0.0', '', false);
  rmSync(join(folder, 'node_modules/beckon/src'), { recursive: true });
  const dist = join(folder, 'node_modules/beckon/dist');
  mkdirSync(dist);
  writeFileSync(join(dist, 'main.js'), 'console.log("compiled")');
  assert.equal((await runCli([], { launcher })).stdout, 'compiled\n');
});

test('an old Node hands over to the installed one: words, streams and exit code', async () => {
  const main = `
    process.stdin.setEncoding('utf8').on('data', (text: string) => {
      console.log(process.argv.slice(2).join('|') + '|' + text);
      process.exit(75);
    });`;
  const launcher = install('words', '999.0.0', main, true);
  const { code, stdout, stderr } = await runCli(['send', '--to', 'a b'], { launcher, stdin: 'hello' });
  assert.deepEqual([code, stdout, stderr], [75, 'send|--to|a b|hello\n', '']);
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`${signal} reaches the program once`, async () => {
    const main = `
      let count: number = 0;
      process.on('${signal}', () => { count += 1; setTimeout(() => process.exit(40 + count), 100); });
      setInterval(() => {}, 1000);
      console.log('ready');`;
    const launcher = install(signal, '999.0.0', main, true);
    const child = startCli([], { launcher });
    await outputUntil(child, /ready/);
    child.kill(signal);
    assert.deepEqual(await once(child, 'exit'), [41, null]);
  });
}
