import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';

it('leaves the process the code that it ends with', () => {
  const module = new URL('embedded-postgres.ts', import.meta.url).href;
  const script = `const { importEmbeddedPostgres } = await import('${module}');
    await importEmbeddedPostgres();
    process.exitCode = 3;`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  assert.equal(status, 3, stderr);
});
