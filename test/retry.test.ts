import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Client, createClient } from '../src/client/client.ts';
import { botIdOf, type HookStage, openHookStage, recipientOf } from './support/hook-stage.ts';
import { runCli } from './support/run-cli.ts';

const PEOPLE = 120;
/** A redirect is what the webhook channel follows for nobody: they end as failed at once. */
const REDIRECT = { kind: 'status', status: 302 } as const;

describe('retrying a notification', () => {
  let stage: HookStage;
  let client: Client;
  let url: string;
  before(async () => {
    stage = await openHookStage({ bots: ['ann', 'bob'] });
    ({ url } = await stage.start(['--database', `sqlite:${join(stage.folder, 'beckon.db')}`]));
    client = createClient({ url, token: stage.token });
  });
  after(() => stage.close());

  const onCommandLine = (args: readonly string[], botId: string) =>
    runCli([...args, '--url', url, '--token', stage.token, '--bot', botId]);
  const status = (botId: string, requestId: string) => client.status({ botId, requestId });
  async function untilOver(botId: string, id: string): Promise<void> {
    while ((await status(botId, id)).status === 'IN_PROGRESS');
  }

  it('sends again what came through the Kore routes to whom it did not reach, and Kore documents are exact', async () => {
    const botId = botIdOf('ann');
    const refused = [3, 50, 117].map(recipientOf);
    const rules = refused.map((recipient) =>
      stage.sandbox.faults.add({ provider: 'hooks', recipient, fault: REDIRECT }),
    );
    const { id } = await stage.send(url, { bot: 'ann', text: 'hello', people: PEOPLE });
    assert.ok(id !== null);
    await untilOver(botId, id);
    const before = await status(botId, id);
    assert.equal(before.status, 'PARTIAL_SUCCESS');
    assert.deepEqual(failures(before), refused);

    const none = await client.retry({ botId, notificationId: id, body: { only: { states: ['unknown'] } } });
    assert.partialDeepStrictEqual(none, { retried: 0, isComplete: true });
    for (const rule of rules) stage.sandbox.faults.remove(rule);
    const { code, stdout } = await onCommandLine(['retry', id], botId);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /: 3 recipients are tried again; it expires at 2/);
    await untilOver(botId, id);
    const { status: word, count, percentageComplete, statusLogs } = await status(botId, id);
    assert.deepEqual([word, count, percentageComplete, statusLogs.length], ['SUCCESS', PEOPLE, 100, PEOPLE]);
    assert.equal(stage.sandbox.ledger.total('hooks'), PEOPLE);
    const { counts, reasons } = await client.notification({ botId, notificationId: id });
    assert.partialDeepStrictEqual(counts, { delivered: PEOPLE, failed: 0, pending: 0 });
    assert.deepEqual(reasons, {});
  });

  it('sends each recipient their own words again, and gives them more time', async () => {
    const botId = botIdOf('bob');
    const rule = stage.sandbox.faults.add({ provider: 'hooks', fault: REDIRECT });
    const { id } = await client.notifications.send({
      botId,
      body: {
        channel: 'ivr',
        message: { type: 'text', val: 'Hello {name}' },
        recipients: [
          { identity: 'ann@x.org', parameters: { name: 'Ann' } },
          { identity: 'bob@x.org', message: { type: 'text', val: 'Only for Bob' } },
        ],
      },
    });
    const request = { botId, notificationId: id };
    while ((await client.notification(request)).finishedAt === null);
    stage.sandbox.faults.remove(rule);
    const from = stage.sandbox.ledger.total('hooks');
    await client.retry({ ...request, body: {} });
    while ((await client.notification(request)).finishedAt === null);
    assert.equal(stage.sandbox.ledger.total('hooks'), from + 2);
    const bodies = stage.sandbox.ledger
      .entries({ provider: 'hooks' })
      .slice(-2)
      .map((entry) => JSON.stringify(entry));
    assert.ok(
      bodies.some((body) => body.includes('Hello Ann')),
      bodies.join('\n'),
    );
    assert.ok(
      bodies.some((body) => body.includes('Only for Bob')),
      bodies.join('\n'),
    );
    const { stdout, code } = await onCommandLine(['extend', id, '2020-01-01T00:00:00Z'], botId);
    assert.notEqual(code, 0, stdout);
  });
});

const failures = ({ statusLogs }: Awaited<ReturnType<Client['status']>>): string[] =>
  statusLogs.filter((log) => log.status === 'FAILURE').map(({ originalId }) => originalId);
