import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Client, createClient } from '../src/client/client.ts';
import type { BeckonProcess } from './support/beckon.ts';
import { botIdOf, type HookStage, openHookStage } from './support/hook-stage.ts';
import { runCli } from './support/run-cli.ts';

const PEOPLE = 300;

describe('pausing a notification', () => {
  let stage: HookStage;
  let server: BeckonProcess;
  let client: Client;
  before(async () => {
    stage = await openHookStage({ bots: ['ann', 'bob'], perSecond: { ann: 100, bob: 100 }, concurrency: 4 });
    await start();
  });
  after(() => stage.close());

  async function start(): Promise<void> {
    server = await stage.start(['--database', `sqlite:${join(stage.folder, 'beckon.db')}`]);
    client = createClient({ url: server.url, token: stage.token });
  }
  async function send(bot: string, people: number): Promise<string> {
    const { id } = await stage.send(server.url, { bot, text: 'hello', people });
    assert.ok(id !== null);
    return id;
  }
  const onCommandLine = (verb: string, botId: string, id: string) =>
    runCli([verb, id, '--url', server.url, '--token', stage.token, '--bot', botId]);
  const status = (botId: string, id: string) => client.status({ botId, requestId: id });
  async function untilOver(botId: string, id: string): Promise<void> {
    while ((await status(botId, id)).status === 'IN_PROGRESS');
  }

  it('sends nobody more until it is resumed, however often the server is killed, and others meanwhile', async () => {
    const { ledger } = stage.sandbox;
    const botId = botIdOf('ann');
    const id = await send('ann', PEOPLE);
    await stage.sandbox.until(() => ledger.total('hooks') >= 20);
    const first = await client.pause({ botId, notificationId: id });
    assert.equal(first.inFlight, 0);
    const { code, stdout } = await onCommandLine('pause', botId, id);
    assert.equal(code, 0, stdout);
    const [, waiting, final] = /is paused: (\d+) recipients wait, (\d+) had their end before/.exec(stdout) ?? [];
    assert.equal(Number(waiting) + Number(final), PEOPLE, stdout);
    assert.deepEqual([first.waiting, first.alreadyFinal], [Number(waiting), Number(final)]);
    assert.ok(first.waiting > 0);
    assert.equal(ledger.total('hooks'), Number(final));

    await server.kill();
    await start();
    const again = await client.pause({ botId, notificationId: id });
    assert.partialDeepStrictEqual(again, { waiting: Number(waiting), inFlight: 0, alreadyFinal: Number(final) });
    // Of the same bot and connection, and later: it would not be over if the first had gone on.
    await untilOver(botId, await send('ann', 40));
    assert.equal(ledger.total('hooks'), Number(final) + 40);
    assert.equal((await status(botId, id)).status, 'IN_PROGRESS');
    const shown = await client.notification({ botId, notificationId: id });
    assert.deepEqual([shown.pausedAt, shown.pausedReason], [again.pausedAt, 'caller']);

    const resumed = await onCommandLine('resume', botId, id);
    assert.match(resumed.stdout, new RegExp(`is not paused: ${waiting} recipients are to be sent it, ${final} had`));
    await untilOver(botId, id);
    const { status: word, count, statusLogs } = await status(botId, id);
    assert.deepEqual([word, count, statusLogs.length], ['SUCCESS', PEOPLE, PEOPLE]);
    assert.equal(ledger.total('hooks'), PEOPLE + 40);
  });

  it('leaves what was over as it was, and cancels what is paused', async () => {
    const botId = botIdOf('bob');
    const over = await send('bob', 3);
    await untilOver(botId, over);
    const { code, stdout } = await onCommandLine('pause', botId, over);
    assert.deepEqual([code, stdout], [0, `${over} was over: all 3 recipients had their end before\n`]);

    const id = await send('bob', PEOPLE);
    await client.pause({ botId, notificationId: id });
    const { cancelled, inFlight, alreadyFinal } = await client.cancel({ botId, notificationId: id });
    assert.deepEqual([cancelled + alreadyFinal, inFlight], [PEOPLE, 0]);
    await untilOver(botId, id);
    const { counts, pausedAt } = await client.notification({ botId, notificationId: id });
    assert.deepEqual([counts.cancelled, counts.delivered, pausedAt], [cancelled, alreadyFinal, null]);
  });
});
