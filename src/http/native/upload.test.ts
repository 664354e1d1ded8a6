import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { spool } from './upload.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'beckon-spool-'));
});
after(() => rmSync(folder, { recursive: true }));

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

const textOf = async (source: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(source)).toString();

test('what was spooled can be read twice, larger than one read', async () => {
  const large = 'x'.repeat(100_000);
  const texts = await spool(chunks('a', large, 'b'), folder, async (open) => [
    await textOf(open()),
    await textOf(open()),
  ]);
  assert.deepEqual(texts, [`a${large}b`, `a${large}b`]);
});

test('the spooled file has no name, so nothing stays behind after a crash', async () => {
  const names = await spool(chunks('secret'), folder, async () => readdirSync(folder));
  assert.deepEqual(names, []);
});

test('a failing upload and a failing use both pass on and leave nothing', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a');
    throw new Error('upload broke');
  }
  await assert.rejects(
    spool(broken(), folder, async () => {}),
    /upload broke/,
  );
  await assert.rejects(
    spool(chunks('a'), folder, async () => {
      throw new Error('use broke');
    }),
    /use broke/,
  );
  assert.deepEqual(readdirSync(folder), []);
});

test('a folder that cannot be written is named', async () => {
  await assert.rejects(
    spool(chunks('a'), join(folder, 'missing'), async () => {}),
    /ENOENT.*missing/,
  );
});
