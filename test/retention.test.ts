import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { keepRetention } from '../src/engine/retention.ts';
import { isJsonObject } from '../src/model/json.ts';
import { BOT, call, post, type Rig, startRig, tokenFor } from './support/http-rig.ts';

const DAY_MS = 86_400_000;
const V1 = {
  channel: 'msteams',
  userIdentityType: 'resolve',
  message: { type: 'text', val: 'x' },
  identities: ['ann@abc.com', 'bo@abc.com'],
};

describe('what is kept no longer', () => {
  let rig: Rig;
  let stop: () => void;
  before(async () => {
    rig = await startRig({ retention: { recipientsDays: 90, notificationsDays: 400 } });
    const tenancy = {
      bots: () => [{ id: BOT, name: 'HR assistant' }],
      retention: () => ({ recipientsDays: 90, notificationsDays: 400 }),
    };
    stop = keepRetention({ store: rig.store, tenancy, clock: rig.clock, logger: { error: assert.fail } });
  });
  after(async () => {
    stop();
    await rig.close();
  });

  const ask = async (path: string, method = 'GET') => {
    const headers = {
      auth: await tokenFor('cs-builder'),
      ...(method === 'POST' && { 'content-type': 'application/json' }),
    };
    const url = `/api/v1/bots/${BOT}/notifications/${path}`;
    const { status, json } = await call(rig, url, { method, headers, ...(method === 'POST' && { body: '{}' }) });
    assert.ok(isJsonObject(json));
    return { status, json };
  };

  /** Lets time pass, and what became due thereby be done. */
  async function pass(days: number): Promise<void> {
    rig.clock.advance(days * DAY_MS);
    for (let turns = 0; turns < 50; turns += 1) {
      await rig.store.ping();
      rig.clock.advance(1);
    }
  }

  it('is said to be removed, and when, in place of a list that is not whole', async () => {
    const sent = await post(rig, 'notify', V1);
    assert.ok(isJsonObject(sent.json));
    const id = String(sent.json['_id']);
    const key = { botId: BOT, notificationId: id };
    await rig.store.cancel({ ...key, at: rig.clock.now() });
    await rig.store.endCancelled({ at: rig.clock.now(), limit: 10 });
    const endedAt = rig.clock.now();
    const untilIso = new Date(endedAt + 90 * DAY_MS).toISOString();
    assert.partialDeepStrictEqual((await ask(id)).json, { recipientsKeptUntil: untilIso, recipientsRemovedAt: null });
    const before = (await post(rig, `notify/status/${id}`, {})).json;

    await pass(91);
    const removed = (await ask(id)).json;
    assert.partialDeepStrictEqual(removed, { counts: { total: 2, cancelled: 2 }, reasons: { cancelled: 2 } });
    const removedAt = String(removed['recipientsRemovedAt']);
    assert.ok(Date.parse(removedAt) > endedAt + 90 * DAY_MS);
    for (const [path, method] of [
      [`${id}/recipients`, 'GET'],
      [`${id}/recall`, 'POST'],
    ] as const) {
      const { status, json } = await ask(path, method);
      assert.deepEqual([status, json['code']], [410, 'recipients_removed']);
      assert.match(String(json['detail']), new RegExp(removedAt));
    }
    const after = (await post(rig, `notify/status/${id}`, {})).json;
    assert.ok(isJsonObject(before) && isJsonObject(after));
    assert.equal(after['count'], 0);
    assert.deepEqual(
      [after['status'], after['percentageComplete'], after['store']],
      [before['status'], before['percentageComplete'], before['store']],
    );

    await pass(310);
    assert.equal((await ask(id)).status, 404);
  });
});
