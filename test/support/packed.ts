import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What a clone does not have. */
const LEFT_OUT = new Set(['.git', 'node_modules', 'dist', 'data']);

export interface Packed {
  /** The tarball. */
  readonly file: string;
  /** What is in it. */
  readonly paths: readonly string[];
}

/** What `npm pack` makes of a fresh clone: what is built in this checkout is not touched. */
export async function packClone(folder: string): Promise<Packed> {
  const clone = join(folder, 'clone');
  cpSync(ROOT, clone, { recursive: true, filter: (path) => !LEFT_OUT.has(relative(ROOT, path)) });
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  const stdout = await runIn(clone, 'npm', ['pack', '--json', '--pack-destination', folder]);
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.search(/^\[$/m)));
  return { file: join(folder, filename), paths: files.map(({ path }: { readonly path: string }) => path) };
}

/**
 * Installs the tarball into an empty folder, with the versions our lock names of what it needs: those lie in npm's cache
 * since `npm ci`, so that nothing has to be downloaded.
 */
export async function installPacked(folder: string, { file }: Packed): Promise<string> {
  const home = join(folder, 'empty');
  mkdirSync(home);
  const resolved = `file:${relative(home, file)}`;
  const manifest = { name: 'empty', dependencies: { beckon: resolved } };
  const ours: Lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const needed = Object.entries(ours.packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  const { version, dependencies, bin } = ours.packages[''] ?? {};
  const beckon = { version, resolved, dependencies, bin };
  const packages = { '': manifest, 'node_modules/beckon': beckon, ...Object.fromEntries(needed) };
  writeFileSync(join(home, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(home, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }));
  await runIn(home, 'npm', ['ci', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund']);
  return home;
}

interface Lock {
  readonly packages: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Standard output of a command that has to succeed; of `npm test` around us it is told nothing. */
export async function runIn(cwd: string, command: string, args: readonly string[]): Promise<string> {
  const inherited = Object.entries(process.env).filter(([name]) => !OF_THE_RUN.test(name));
  const { stdout } = await execute(command, args, { cwd, env: Object.fromEntries(inherited), maxBuffer: 16 << 20 });
  return stdout;
}

const execute = promisify(execFile);
const OF_THE_RUN = /^(BECKON_|NODE_TEST_|NODE_OPTIONS$|npm_(package|lifecycle|command|config_local_prefix))/;
