import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The Beckon after this one: this tree with one more migration. */
export interface NextVersion {
  /** What to start in place of this tree's `bin/beckon.mjs`. */
  readonly script: string;
  remove(): void;
}

export interface NextOptions {
  /** Of its migration; tokens of `src/store/dialect.ts` are filled. */
  readonly statements: readonly string[];
  /** Words of this tree's statements on notifications that are others in the next one. */
  readonly renames?: Readonly<Record<string, string>>;
}

export function makeNextVersion({ statements, renames = {} }: NextOptions): NextVersion {
  const root = mkdtempSync(join(tmpdir(), 'beckon-next-'));
  for (const part of ['bin', 'src', 'package.json']) cpSync(join(ROOT, part), join(root, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  const edit = (file: string, change: (source: string) => string) => {
    const path = join(root, 'src/store', file);
    const [before, after] = [readFileSync(path, 'utf8'), change(readFileSync(path, 'utf8'))];
    if (before === after) throw new Error(`src/store/${file} is no longer written as this test knows it`);
    writeFileSync(path, after);
  };
  const migration = `  ${JSON.stringify(statements)},\n];\n\nexport const SCHEMA_VERSION`;
  edit('migrations.ts', (source) => source.replace('];\n\nexport const SCHEMA_VERSION', () => migration));
  for (const [word, other] of Object.entries(renames)) {
    edit('notifications.ts', (source) => source.replaceAll(word, other));
  }
  return { script: join(root, 'bin/beckon.mjs'), remove: () => rmSync(root, { recursive: true }) };
}
