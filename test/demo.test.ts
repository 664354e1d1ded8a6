import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { CHANNELS } from '../src/channels/channels.ts';
import { isJsonObject, type Json, type JsonObject, parseJsonObject } from '../src/model/json.ts';
import { outputUntil, runCli, startCli } from './support/run-cli.ts';

const JOB_KEYS =
  '_id status percentageComplete streamId jobType action countOfDockStatuses createdBy store statusLogs lMod createdOn requestedTime __v count';
const SUCCESS_KEYS =
  '_id requestId createdBy channel comments streamId koreId channelId messagestoreId originalId status createdOn __v';
const FAILURE_KEYS = '_id requestId originalId status createdBy comments streamId channel createdOn __v';

const keysOf = (value: Json | undefined): string => (isJsonObject(value) ? Object.keys(value).join(' ') : '');

test('--once --json prints the final v1 status document and nothing else', async () => {
  // What the environment says about servers is not the demo's business.
  const env = { BECKON_DATABASE: 'postgres://127.0.0.1:1/none', BECKON_PORT: '1', BECKON_LOG_LEVEL: 'trace' };
  const { code, stdout, stderr } = await runCli(['demo', '--once', '--json'], { env });
  assert.deepEqual([code, stderr], [0, '']);
  const job: JsonObject = parseJsonObject(stdout) ?? {};
  assert.equal(keysOf(job), JOB_KEYS);
  assert.equal(job['status'], 'PARTIAL_SUCCESS');
  assert.equal(job['percentageComplete'], 100);
  assert.equal(job['count'], 1_000);
  const logs = Array.isArray(job['statusLogs']) ? job['statusLogs'].filter(isJsonObject) : [];
  assert.equal(logs.length, 1_000);
  const { SUCCESS = [], FAILURE = [] } = Object.groupBy(logs, (log) => String(log['status']));
  assert.equal(SUCCESS.length + FAILURE.length, 1_000);
  assert.ok(SUCCESS.length > 900 && FAILURE.length > 10);
  assert.ok(SUCCESS.every((log) => keysOf(log) === SUCCESS_KEYS));
  assert.ok(FAILURE.every((log) => keysOf(log) === FAILURE_KEYS));
  assert.ok(FAILURE.some((log) => log['comments'] === "'Identity is not associated with the channel'"));
  const milliseconds =
    Math.max(...logs.map((log) => Date.parse(String(log['createdOn'])))) - Date.parse(String(job['createdOn']));
  assert.ok(milliseconds < 15_000, `the delivery took ${milliseconds} ms`);
});

test('a person sees what happened and what to try; what is offered works; Ctrl-C cleans up', async () => {
  const child = startCli(['demo']);
  const output = await outputUntil(child, /-d '[^\n]*\n/);
  for (const part of [
    'Loaded 1200 people',
    'PARTIAL_SUCCESS  100 %',
    'tried those again',
    'Try next',
    'curl -X POST',
  ]) {
    assert.ok(output.includes(part), part);
  }
  const words = /npx beckon (send .*)/.exec(output)?.[1]?.split(' ') ?? [];
  const sent = await runCli(words);
  assert.equal(sent.code, 0, sent.stderr);
  assert.match(sent.stdout, /^SUCCESS/);

  const [, url = ''] = /curl -X POST (\S+)/.exec(output) ?? [];
  const [, token = ''] = /'auth: ([^']+)'/.exec(output) ?? [];
  const [, body = ''] = /-d '([^\n]+)'/.exec(output) ?? [];
  const headers = { auth: token, 'content-type': 'application/json' };
  assert.equal((await fetch(url, { method: 'POST', headers, body })).status, 200);

  const folder = dirname(words[words.indexOf('--config') + 1] ?? '');
  assert.ok(existsSync(folder));
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.ok(!existsSync(folder));
});

test('Ctrl-C amid the delivery ends it and cleans up', async () => {
  const child = startCli(['demo']);
  const exited = once(child, 'exit');
  await outputUntil(child, /Loaded/);
  child.kill('SIGINT');
  assert.deepEqual(await exited, [1, null]);
});

test('--channels all says it on every channel and shows what the providers say later', async () => {
  const { code, stdout, stderr } = await runCli(['demo', '--channels', 'all', '--once', '--json']);
  assert.deepEqual([code, stderr], [0, '']);
  const parts: unknown = JSON.parse(stdout);
  assert.ok(Array.isArray(parts));
  const byChannel = new Map(parts.map((part) => [part.channel, part]));
  assert.deepEqual([...byChannel.keys()].toSorted(), CHANNELS.map((channel) => channel.id).toSorted());
  for (const part of parts) {
    const { total, delivered, failed, pending } = part.counts;
    assert.deepEqual([total, pending, delivered + failed], [40, 0, 40], part.channel);
    assert.ok(delivered >= 36, part.channel);
  }
  // Nobody is left without a word: whom WhatsApp took in has read it, whom Twilio took in has it or cannot have it.
  const whatsapp = byChannel.get('whatsapp');
  assert.equal(whatsapp.receipts.read, whatsapp.counts.delivered);
  const sms = byChannel.get('sms');
  assert.equal(sms.receipts.delivered + sms.receipts.failed, sms.counts.delivered);
});

test('--channels names those there are when one is unknown', async () => {
  const { code, stderr } = await runCli(['demo', '--channels', 'msteams,fax']);
  assert.equal(code, 2);
  assert.match(stderr, /^beckon: --channels: "fax" is not a channel\. There are: email, .*; or all\.\n$/);
});
