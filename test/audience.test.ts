import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Client, createClient } from '../src/client/client.ts';
import type { BeckonProcess } from './support/beckon.ts';
import { botIdOf, type HookStage, openHookStage } from './support/hook-stage.ts';
import { runCli } from './support/run-cli.ts';

const PEOPLE = 250;
const WORDS = { channel: 'ivr', connection: 'Hook', message: { type: 'text', val: 'Hello {name}' } } as const;

/** So that nobody is sent anything while the test lasts. */
const LATER = { ...WORDS, sendAt: new Date(Date.now() + 3_600_000).toISOString() };

describe('an audience of any size', () => {
  let stage: HookStage;
  let server: BeckonProcess;
  let client: Client;
  let file: string;
  before(async () => {
    stage = await openHookStage({ bots: ['ann', 'bob', 'cid'] });
    server = await start();
    client = createClient({ url: server.url, token: stage.token });
    file = join(stage.folder, 'people.csv');
    const rows = Array.from({ length: PEOPLE }, (_, index) => `person-${index}@example.com,"Person, ${index}"`);
    await writeFile(file, ['identity,name', ...rows].join('\r\n'));
  });
  after(() => stage.close());
  const start = () => stage.start(['--database', `sqlite:${join(stage.folder, 'beckon.db')}`]);
  const send = (bot: string, ...args: readonly string[]) => {
    const target = ['--url', server.url, '--token', stage.token, '--bot', botIdOf(bot)];
    return runCli(['send', ...args, ...target]);
  };
  const inWords = ['--channel', 'ivr', '--instance', 'Hook', '--text', 'Hello {name}'];

  it('is sent from a file by one command, everybody once and with their own words', async () => {
    const { code, stdout, stderr } = await send('ann', '--audience', file, ...inWords, '--watch');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^250 delivered {2}ds-/);
    assert.match(stderr, /Uploading: 100 % .*, 250 recipients/);
    assert.equal(stage.sandbox.ledger.total('hooks'), PEOPLE);
  });

  it('goes on where it was interrupted, also over the death of the server, and sends nobody anything before', async () => {
    const botId = botIdOf('bob');
    const before = stage.sandbox.ledger.total('hooks');
    const { id } = await client.audience.open({ botId, body: { ...LATER, audience: { upload: true } } });
    const text = Array.from({ length: 10_300 }, (_, index) => `"person-${index}@example.com"`);
    const ndjson = join(stage.folder, 'people.ndjson');
    await writeFile(ndjson, `${text.join('\n')}\n`);
    const body = `${text.slice(0, 10_000).join('\n')}\n`;
    const key = { botId, notificationId: id };
    const first = { ...key, chunk: 0, body, mediaType: 'application/x-ndjson' } as const;
    assert.deepEqual(await client.audience.add(first), { chunk: 0, recipients: 10_000, suppressed: 0 });
    await server.kill();
    server = await start();
    client = createClient({ url: server.url, token: stage.token });
    const { counts, state } = await client.notification(key);
    assert.deepEqual([state, counts.total, counts.pending], ['receiving', 10_000, 10_000]);
    await assert.rejects(client.audience.seal({ ...key, recipients: 10_300, chunks: 2 }), {
      code: 'audience_incomplete',
    });
    assert.deepEqual(await client.audience.add(first), { chunk: 0, recipients: 10_000, suppressed: 0 });
    const { code, stdout, stderr } = await send('bob', '--audience', ndjson, '--resume', id);
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^Accepted 10300 recipients as ${id}`));
    const sealed = await client.notification(key);
    assert.deepEqual([sealed.state, sealed.counts.pending], ['scheduled', 10_300]);
    const again = await send('bob', '--audience', ndjson, '--resume', id);
    assert.deepEqual([again.code, /has all its recipients: 10300/.test(again.stderr)], [2, true]);
    assert.equal(stage.sandbox.ledger.total('hooks'), before);
  });

  it('names the line and the column of what cannot be sent, and goes on once it is mended', async () => {
    const bad = join(stage.folder, 'bad.csv');
    const rows = Array.from({ length: 10_050 }, (_, index) => `p${index}@example.com,x`);
    const spoilt = rows.with(10_010, ',nobody').with(10_020, `q@example.com,${'x'.repeat(201)}`);
    await writeFile(bad, ['identity,name', ...spoilt].join('\n'));
    const words = join(stage.folder, 'words.json');
    await writeFile(words, JSON.stringify(LATER));
    const refused = await send('cid', '--audience', bad, '--json', words);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /line 10012: needs either identity/);
    assert.match(refused.stderr, /line 10022: parameters\.name: is too long; at most 200 characters/);
    const id = /--resume (ds-[0-9a-f-]+)/.exec(refused.stderr)?.[1] ?? '';
    await writeFile(bad, ['identity,name', ...rows].join('\n'));
    const mended = await send('cid', '--audience', bad, '--resume', id);
    assert.equal(mended.code, 0, mended.stderr);
    await writeFile(bad, ['identity,name', ...rows.with(5, 'other@example.com,x')].join('\n'));
    const { id: other } = await client.audience.open({
      botId: botIdOf('cid'),
      body: { ...LATER, audience: { upload: true } },
    });
    const key = { botId: botIdOf('cid'), notificationId: other };
    await client.audience.add({ ...key, chunk: 0, body: '"a"', mediaType: 'application/x-ndjson' });
    const changed = await send('cid', '--audience', bad, '--resume', other);
    assert.deepEqual([changed.code, /is not what it was/.test(changed.stderr)], [2, true]);
  });

  it('leaves out who is named again, and has chunks to look through', async () => {
    const botId = botIdOf('ann');
    const body = { ...WORDS, audience: { upload: true }, deduplicate: true } as const;
    const { id } = await client.audience.open({ botId, body });
    const key = { botId, notificationId: id };
    const mediaType = 'application/x-ndjson';
    for (const chunk of [0, 1]) await client.audience.add({ ...key, chunk, body: '"A@x.y"\n"b"\n', mediaType });
    const chunks = await Array.fromAsync(client.audience.chunks(key));
    assert.deepEqual(
      chunks.map(({ chunk, recipients, suppressed }) => [chunk, recipients, suppressed]),
      [
        [0, 2, 0],
        [1, 2, 2],
      ],
    );
    await client.audience.seal({ ...key, recipients: 4, chunks: 2 });
    let done = await client.notification(key);
    for await (const _ of client.events(key)) done = await client.notification(key);
    assert.deepEqual([done.counts.delivered, done.counts.suppressed, done.reasons], [2, 2, { duplicate: 2 }]);
  });
});
