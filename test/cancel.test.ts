import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Client, createClient } from '../src/client/client.ts';
import { randomId } from '../src/model/ids.ts';
import { cancelAtFullRate } from './faults/cancel.ts';
import { type Finding, partsOf } from './faults/fault.ts';
import type { BeckonProcess } from './support/beckon.ts';
import { botIdOf, type HookStage, openHookStage } from './support/hook-stage.ts';
import { runCli } from './support/run-cli.ts';
import { chooseSeed } from './support/seed.ts';

const PEOPLE = 200;

describe('cancelling a notification', () => {
  let stage: HookStage;
  let server: BeckonProcess;
  let client: Client;
  before(async () => {
    stage = await openHookStage({ bots: ['ann', 'bob'] });
    server = await stage.start(['--database', 'sqlite::memory:']);
    client = createClient({ url: server.url, token: stage.token });
  });
  after(() => stage.close());

  async function send(bot: string): Promise<string> {
    const { id } = await stage.send(server.url, { bot, text: 'hello', people: PEOPLE });
    assert.ok(id !== null);
    return id;
  }
  const cancelOnCommandLine = (botId: string, id: string) =>
    runCli(['cancel', id, '--url', server.url, '--token', stage.token, '--bot', botId]);

  it('ends everybody who waits, however long they would have waited, in the words of Kore', async () => {
    const botId = botIdOf('ann');
    const wait = { kind: 'status', status: 503, retryAfterSeconds: 3_600 } as const;
    const rule = stage.sandbox.faults.add({ provider: 'hooks', fault: wait });
    const id = await send('ann');
    await server.line(/provider failing/);
    const { code, stdout } = await cancelOnCommandLine(botId, id);
    assert.equal(code, 0);
    assert.match(stdout, /is cancelled: 200 recipients are not sent it, 0 had their end before/);
    let status = await client.status({ botId, requestId: id });
    while (status.status === 'IN_PROGRESS') status = await client.status({ botId, requestId: id });
    const { percentageComplete, count, statusLogs } = status;
    assert.deepEqual([status.status, percentageComplete, count], ['FAILURE', 100, PEOPLE]);
    assert.deepEqual(
      new Set(statusLogs.map((log) => `${log.status} ${log.comments}`)),
      new Set(['FAILURE The notification was cancelled [cancelled] Send it again if it was cancelled by mistake.']),
    );
    const again = await client.cancel({ botId, notificationId: id });
    assert.deepEqual(again, { ...again, cancelled: PEOPLE, inFlight: 0, alreadyFinal: 0 });
    const shown = await client.notification({ botId, notificationId: id });
    assert.equal(shown.cancelledAt, again.cancelledAt);
    stage.sandbox.faults.remove(rule);
    assert.equal(stage.sandbox.ledger.total('hooks'), 0);
  });

  it('changes nothing that was over, and knows no other bot', async () => {
    const botId = botIdOf('bob');
    const id = await send('bob');
    await stage.sandbox.until(() => stage.sandbox.ledger.total('hooks') === PEOPLE);
    while ((await client.status({ botId, requestId: id })).status === 'IN_PROGRESS');
    const { code, stdout } = await cancelOnCommandLine(botId, id);
    assert.deepEqual([code, stdout], [0, `${id} was over: all 200 recipients had their end before\n`]);
    await assert.rejects(client.cancel({ botId, notificationId: randomId('ds') }), { status: 404 });
  });
});

/* F41 in short; `npm run test:faults F41` runs it long, with its control. */
const seed = chooseSeed();

describe(`cancelling at full rate, seed ${seed} (BECKON_SEED repeats it)`, () => {
  const check = (name: string, run: () => Promise<Finding>) =>
    it(name, { timeout: 60_000 }, async (test) => {
      const { figure, bar, ok } = await run();
      test.diagnostic(`${figure} (bar: ${bar})`);
      assert.ok(ok, `${figure}; bar: ${bar}; seed ${seed}`);
    });

  check('on SQLite', () => cancelAtFullRate({ rounds: 1, rows: 2_000 }, partsOf(seed)));
  check('on two nodes over PostgreSQL', () =>
    cancelAtFullRate({ rounds: 1, rows: 2_000, postgres: true }, partsOf(seed)),
  );
});
