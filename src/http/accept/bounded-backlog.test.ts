import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { BOT, OTHER_BOT, post, type Reply, type Rig, startRig, tokenFor } from '../../../test/support/http-rig.ts';
import { startPostgres, type TestPostgres } from '../../../test/support/postgres.ts';
import { allDelivered, claimAll, record } from '../../store/exam-samples.ts';
import { StoreUnavailable } from '../../store/port/errors.ts';
import type { Store } from '../../store/port.ts';

const folder = mkdtempSync(join(tmpdir(), 'beckon-backlog-'));
let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
});
after(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true });
});

const DATABASES: Readonly<Record<string, () => string | Promise<string>>> = {
  SQLite: () => `sqlite:${join(folder, `${randomUUID()}.db`)}`,
  PostgreSQL: () => postgres.createDatabase(),
};
const TELL_EVERY_MS = 500;

for (const [name, createDatabase] of Object.entries(DATABASES)) {
  describe(`a backlog with a limit, ${name}`, () => {
    it('refuses a bot that has too many, in the words of its route, and takes more when some are done', async (t) => {
      const rig = await openRig(t, await createDatabase(), { maxBotBacklog: 4 });
      assert.deepEqual([(await send(rig, 3)).status, (await send(rig, 3)).status], [200, 200]);
      for (const route of ['notify', 'notifyV2']) {
        const refused = await send(rig, 1, { route });
        assert.equal(refused.status, 429);
        assert.equal(refused.headers.get('retry-after'), '5');
        assert.deepEqual(refused.json, {
          errors: [
            {
              msg:
                'Too Many Requests: 4 recipients of this bot wait to be sent to, which is the limit; ' +
                'come again when some are done, or raise --max-bot-backlog',
              code: 429,
            },
          ],
        });
      }
      assert.equal((await send(rig, 3, { bot: OTHER_BOT })).status, 200);
      await deliver(rig.store);
      rig.clock.advance(TELL_EVERY_MS);
      assert.equal((await send(rig, 1)).status, 200);
      assert.equal((await send(rig, 1)).status, 429);
    });

    it('refuses everybody when all have too many together', async (t) => {
      const rig = await openRig(t, await createDatabase(), { maxBacklog: 4 });
      assert.deepEqual([(await send(rig, 2)).status, (await send(rig, 2, { bot: OTHER_BOT })).status], [200, 200]);
      const refused = await send(rig, 1);
      assert.equal(refused.status, 503);
      assert.equal(refused.headers.get('retry-after'), '5');
      assert.match(
        refused.text,
        /^\{"errors":\[\{"msg":"Service Unavailable: 4 recipients of all bots wait .* --max-backlog","code":503\}\]\}$/,
      );
      await deliver(rig.store);
      rig.clock.advance(TELL_EVERY_MS);
      assert.equal((await send(rig, 1)).status, 200);
    });

    it('still knows after a restart', async (t) => {
      const database = await createDatabase();
      const first = await openRig(t, database, { maxBotBacklog: 4 });
      assert.equal((await send(first, 4)).status, 200);
      await first.close();
      const second = await openRig(t, database, { maxBotBacklog: 4 });
      assert.equal((await send(second, 1)).status, 429);
    });

    it('answers a call that was accepted before as it did then', async (t) => {
      const rig = await openRig(t, await createDatabase(), { maxBotBacklog: 1 });
      const headers = { 'idempotency-key': 'key-1' };
      const [accepted, again] = [await send(rig, 1, { headers }), await send(rig, 1, { headers })];
      assert.deepEqual([accepted.status, again.status, again.text], [200, 200, accepted.text]);
      assert.equal((await send(rig, 1)).status, 429);
    });
  });
}

it('servers over one database hear of each other within half a second', async (t) => {
  const database = await postgres.createDatabase();
  const [one, other] = [
    await openRig(t, database, { maxBotBacklog: 4 }),
    await openRig(t, database, { maxBotBacklog: 4 }),
  ];
  // Each has asked once, and does not ask again before it is time.
  for (const rig of [one, other]) assert.equal((await send(rig, 1)).status, 200);
  assert.equal((await send(one, 3)).status, 200);
  assert.equal((await send(other, 1)).status, 200);
  await one.tell();
  await other.tell();
  assert.equal((await send(other, 1)).status, 429);
  assert.equal((await send(one, 1)).status, 429);
});

it('a call that is not accepted takes no room', async (t) => {
  let isAway = true;
  const rig = await startRig({
    backlogLimits: { maxBotBacklog: 2, maxBacklog: 0 },
    around: (store) => ({
      ...store,
      accept: async (request) => {
        if (isAway) throw new StoreUnavailable('away');
        return store.accept(request);
      },
    }),
  });
  t.after(() => rig.close());
  assert.deepEqual([(await send(rig, 2)).status, (await send(rig, 2)).status], [503, 503]);
  isAway = false;
  assert.equal((await send(rig, 2)).status, 200);
  assert.equal((await send(rig, 1)).status, 429);
});

it('asks the store twice a second at the most, however many calls there are', async (t) => {
  let asked = 0;
  const rig = await startRig({
    backlogLimits: { maxBotBacklog: 40, maxBacklog: 0 },
    around: (store) => ({
      ...store,
      tellAccepted: (request) => {
        asked += 1;
        return store.tellAccepted(request);
      },
    }),
  });
  t.after(() => rig.close());
  for (let calls = 0; calls < 60; calls += 1) await send(rig, 1);
  assert.equal(asked, 1);
  rig.clock.advance(TELL_EVERY_MS);
  await Promise.all(Array.from({ length: 20 }, () => send(rig, 1)));
  assert.equal(asked, 2);
});

interface Limits {
  readonly maxBotBacklog?: number;
  readonly maxBacklog?: number;
}

interface BacklogRig extends Rig {
  /** Lets time pass until the server tells the store; resolves when it has the answer. */
  tell(): Promise<void>;
}

/** No engine works on it: recipients wait until they are said to be delivered. */
async function openRig(t: TestContext, database: string, limits: Limits): Promise<BacklogRig> {
  let told = 0;
  const around = (store: Store): Store => ({
    ...store,
    async tellAccepted(request) {
      const answer = await store.tellAccepted(request);
      told += 1;
      return answer;
    },
  });
  const rig = await startRig({ database, around, backlogLimits: { maxBotBacklog: 0, maxBacklog: 0, ...limits } });
  let closed: Promise<void> | null = null;
  const close = () => {
    closed ??= rig.close();
    return closed;
  };
  t.after(close);
  const tell = async () => {
    const before = told;
    rig.clock.advance(TELL_EVERY_MS);
    while (told === before) await new Promise(setImmediate);
  };
  return { ...rig, close, tell };
}

async function send(
  rig: Rig,
  people: number,
  {
    route = 'notify',
    bot = BOT,
    headers = {},
  }: { route?: string; bot?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const text = { type: 'text', value: 'Hi' };
  const addresses = Array.from({ length: people }, (_, index) => `p${index}@abc.com`);
  const identities = route === 'notify' ? addresses : addresses.map((email) => ({ email }));
  const body = { channel: 'msteams', message: text, userIdentityType: 'resolve', identities };
  return post(rig, route, body, { bot, headers, token: await tokenFor('cs-both') });
}

/** One batch of the bot. */
async function deliver(store: Store): Promise<void> {
  const states = await store.listQueues({ after: null, limit: 10 });
  const state = states.find(({ queue }) => queue.botId === BOT);
  assert.ok(state);
  await record(store, (await claimAll(store, state.queue)).slice(0, 1).map(allDelivered));
}
