import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createClient } from '../src/client/client.ts';
import { botIdOf, type HookStage, hookIdOf, openHookStage, recipientOf } from './support/hook-stage.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';

const PEOPLE = 40;
const botId = botIdOf('ann');

describe('callbacks', () => {
  let stage: HookStage;
  let postgres: TestPostgres;
  before(async () => {
    [stage, postgres] = await Promise.all([openHookStage({ bots: ['ann'] }), startPostgres()]);
  });
  after(() => Promise.all([stage.close(), postgres.stop()]));

  it('are posted, signed and once, by one of two servers, and can be looked up at either', {
    timeout: 240_000,
  }, async () => {
    const args = ['--database', await postgres.createDatabase()];
    const servers = await Promise.all([stage.start(args), stage.start(args)]);
    const clients = servers.map(({ url }) => createClient({ url, token: stage.token }));
    const [client, other] = clients;
    assert.ok(client && other);
    // What is told has no recipient and goes by the name of the hook.
    const refusal = { kind: 'status', status: 500 } as const;
    stage.sandbox.faults.add({ provider: 'hooks', recipient: 'ann', times: 1, fault: refusal });
    const { id } = await client.notifications.send({
      botId,
      body: {
        channel: 'ivr',
        message: { type: 'text', val: 'hello' },
        recipients: Array.from({ length: PEOPLE }, (_, i) => recipientOf(i)),
        callback: { connection: 'Hook', on: ['started', 'finished'] },
      },
    });
    const told = () => stage.sandbox.ledger.entries().filter((entry) => entry.recipient === 'ann');
    await stage.sandbox.until(() => told().length === 2);
    const bodies = told().map(({ body }) => JSON.parse(String(body)));
    assert.deepEqual(bodies.map(({ type }) => type).sort(), ['notification.finished', 'notification.started']);
    const finished = bodies.find(({ type }) => type === 'notification.finished');
    assert.partialDeepStrictEqual(finished.data, {
      botId,
      id,
      counts: { total: PEOPLE, delivered: PEOPLE },
      reasons: {},
    });

    let { callbacks } = await other.callbacks({ botId, notificationId: id });
    while (callbacks.some(({ state }) => state === 'pending')) {
      ({ callbacks } = await other.callbacks({ botId, notificationId: id }));
    }
    assert.deepEqual(
      callbacks.map(({ event, state, connectionId }) => [event, state, connectionId]),
      [
        ['started', 'delivered', hookIdOf('ann')],
        ['finished', 'delivered', hookIdOf('ann')],
      ],
    );
    assert.deepEqual(callbacks.flatMap(({ tries }) => tries.map(({ status }) => status)).sort(), [200, 200, 500]);
    assert.deepEqual(new Set(told().map(({ key }) => key)), new Set(callbacks.map((callback) => callback.id)));
  });

  it('tell the end of what nobody was found for, and so do events', { timeout: 120_000 }, async () => {
    const server = await stage.start(['--database', 'sqlite::memory:']);
    const client = createClient({ url: server.url, token: stage.token });
    const before = stage.sandbox.ledger.entries().length;
    const { id } = await client.notifications.send({
      botId,
      body: {
        channel: 'ivr',
        message: { type: 'text', val: 'hello' },
        recipients: { filter: { tags: { any: ['nobody'] } } },
        callback: { connection: 'Hook' },
      },
    });
    await stage.sandbox.until(() => stage.sandbox.ledger.entries().length === before + 2);
    const told = stage.sandbox.ledger.entries().slice(before);
    const bodies = told.map(({ body }) => JSON.parse(String(body))).toSorted((a, b) => (a.type < b.type ? 1 : -1));
    assert.deepEqual(
      bodies.map(({ type, data }) => [type, data.id, data.counts.total, data.counts.pending, data.reason]),
      ['started', 'finished'].map((event) => [`notification.${event}`, id, 0, 0, 'audience_empty']),
    );
    assert.deepEqual([bodies[1].data.reasons, typeof bodies[1].data.finishedAt], [{}, 'string']);

    const key = { botId, notificationId: id };
    const { callbacks } = await client.callbacks(key);
    assert.deepEqual(
      callbacks.map(({ event }) => event),
      ['started', 'finished'],
    );
    const events = await Array.fromAsync(client.events(key));
    assert.deepEqual(
      events.map(({ event, progress }) => [event, progress.counts.total]),
      [['end', 0]],
    );
    assert.equal((await client.notification(key)).finishedAt, bodies[1].data.finishedAt);
  });

  it('go through no connection of somebody else, and none that is no webhook', { timeout: 120_000 }, async () => {
    const server = await stage.start(['--database', 'sqlite::memory:']);
    const client = createClient({ url: server.url, token: stage.token });
    const body = { channel: 'ivr', message: { type: 'text', val: 'x' }, recipients: ['a@b.c'] } as const;
    const send = (callback: object) =>
      client.notifications.send({ botId, body: { ...body, callback: callback as never } });
    for (const [callback, pointer] of [
      [{ connection: 'Nobody' }, '/callback/connection'],
      [{ connection: hookIdOf('bob') }, '/callback/connection'],
      [{ connection: 'Hook', on: [] }, '/callback/on'],
      [{ connection: 'Hook', steps: 101 }, '/callback/steps'],
      [{ connection: 'Hook', url: 'http://169.254.169.254/' }, '/callback'],
    ] as const) {
      await assert.rejects(send(callback), (error: { status?: number; body?: { pointer?: string } }) => {
        assert.equal(error.status, 400);
        assert.ok(error.body?.pointer?.startsWith(pointer), error.body?.pointer);
        return true;
      });
    }
  });
});
