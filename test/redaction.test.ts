import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Ear } from './support/canaries.ts';
import { type CanaryStage, openCanaryStage } from './support/canary-stage.ts';
import { liveThrough } from './support/canary-story.ts';

const BLABBING = fileURLToPath(new URL('./support/blabbing-server.ts', import.meta.url));

it('no secret is said anywhere, and nothing of a person where operators look', { timeout: 300_000 }, async (t) => {
  const stage = await openCanaryStage();
  t.after(() => stage.close());
  await liveThrough(stage);
  await lookAround(stage);
  await runCommands(stage);
  stage.hearServer();
  hearFiles(stage);
  const { planted, heard, chars } = stage.canaries.extent;
  t.diagnostic(`${planted} canaries, ${heard} texts of ${chars} characters`);
  const ears: readonly Ear[] = ['output', 'log', 'trace', 'metrics', 'audit', 'answer', 'database'];
  assert.deepEqual(
    ears.filter((ear) => !stage.canaries.earsUsed().has(ear)),
    [],
    'nobody listened there',
  );
  assert.deepEqual(stage.canaries.findings(), []);
});

it('hears a server that writes down what it keeps (negative control)', { timeout: 120_000 }, async (t) => {
  const stage = await openCanaryStage(BLABBING);
  t.after(() => stage.close());
  stage.canaries.plant('personal', 'their words', 'Your feathers are ready');
  const message = { type: 'text', val: 'Your feathers are ready' } as const;
  await stage.client.notifications.send({
    botId: stage.botId,
    body: { channel: 'slack', message, recipients: ['a@abc.com'] },
  });
  stage.hearServer();
  assert.deepEqual(stage.canaries.findings(), ['their words in log of the server']);
});

/** What is there for whoever runs it. */
async function lookAround({ ask, client, botId, canaries }: CanaryStage): Promise<void> {
  for (const path of ['/metrics', '/readyz', '/healthz']) await ask(path);
  for (const chain of [botId, null]) {
    canaries.hear(
      'audit',
      'as it is exported',
      await new Response(await client.admin.exportAudit({ botId: chain })).text(),
    );
    await client.admin.audit({ botId: chain, limit: 500 });
  }
}

async function runCommands({ run, flags, server, botId, folder, canaries }: CanaryStage): Promise<void> {
  const password = canaries.plant('secret', 'the password of the database', 'canary-of-a-database');
  const unreachable = `postgres://ann:${password}@127.0.0.1:1/beckon`;
  const app = ['--url', server.url, '--config', flags[1] ?? '', '--app', 'cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9'];
  await run(['config', 'print', ...flags]);
  await run(['config', 'check', ...flags]);
  await run(['doctor', ...flags, '--json']);
  await run(['backup', join(folder, 'copy.db'), ...flags]);
  await run(['audit', 'export', join(folder, 'audit.ndjson'), '--bot', botId, ...app]);
  await run(['config', 'print', '--config', flags[1] ?? '', '--database', unreachable]);
  await run(['doctor', '--config', flags[1] ?? '', '--database', unreachable]);
  await run(['serve', '--config', flags[1] ?? '', '--database', unreachable, '--port', '0']);
}

/** As they lie on the disk: the database, its log, its copy and what was exported, but for the configuration itself. */
function hearFiles({ folder, canaries }: CanaryStage): void {
  for (const name of readdirSync(folder)) {
    if (name === 'beckon.yaml') continue;
    canaries.hear(name.endsWith('.ndjson') ? 'audit' : 'database', name, readFileSync(join(folder, name), 'latin1'));
  }
}
