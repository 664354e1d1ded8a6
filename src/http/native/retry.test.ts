import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { putEnded } from '../../../test/support/ended-notification.ts';
import { BOT, call, OTHER_BOT, type Rig, startRig, tokenFor } from '../../../test/support/http-rig.ts';
import { randomId } from '../../model/ids.ts';

describe('POST /notifications/:id/retry and /extend', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  const ask = async (
    verb: string,
    id: string,
    body: unknown,
    { bot = BOT, app = 'cs-builder', headers = {} }: { bot?: string; app?: string; headers?: object } = {},
  ) =>
    call(rig, `/api/v1/bots/${bot}/notifications/${id}/${verb}`, {
      method: 'POST',
      headers: { auth: await tokenFor(app), 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const shown = async (id: string) =>
    (await call(rig, `/api/v1/bots/${BOT}/notifications/${id}`, { headers: { auth: await tokenFor('cs-builder') } }))
      .json;
  const put = () => putEnded({ store: rig.store, botId: BOT, total: 60 });
  const inMs = (ms: number): string => new Date(rig.clock.now() + ms).toISOString();

  it('brings the failed back, or a reason, or the unknown, and shows the sums', async () => {
    const id = await put();
    const first = await ask('retry', id, {});
    assert.equal(first.status, 202);
    assert.partialDeepStrictEqual(first.json, { id, retry: 1, retried: 10, leftOut: 0, isComplete: true });
    const byReason = await ask('retry', id, { only: { reasons: ['opted_out'] } });
    assert.partialDeepStrictEqual(byReason.json, { retry: 2, retried: 5 });
    const unknown = await ask('retry', id, { only: { states: ['unknown'] } });
    assert.partialDeepStrictEqual(unknown.json, { retry: 3, retried: 10 });
    const counts = { total: 60, pending: 25, delivered: 10, failed: 0, suppressed: 5, expired: 10, unknown: 0 };
    assert.partialDeepStrictEqual(await shown(id), { counts, finishedAt: null });
  });

  it('is one retry by one key, and refuses the key for another', async () => {
    const id = await put();
    const headers = { 'idempotency-key': 'once' };
    const first = await ask('retry', id, {}, { headers });
    const again = await ask('retry', id, {}, { headers });
    assert.deepEqual([again.status, again.json], [202, first.json]);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    const other = await ask('retry', id, { only: { states: ['unknown'] } }, { headers });
    assert.partialDeepStrictEqual(other.json, { status: 422, code: 'idempotency_key_reused' });
  });

  it('gives it the time that is asked for, and later more', async () => {
    const id = await put();
    const expiresAt = inMs(60_000);
    assert.partialDeepStrictEqual((await ask('retry', id, { expiresAt })).json, { expiresAt });
    const later = inMs(120_000);
    const extended = await ask('extend', id, { expiresAt: later });
    assert.deepEqual([extended.status, extended.json], [200, { id, expiresAt: later, pending: 10, alreadyFinal: 50 }]);
    assert.partialDeepStrictEqual((await ask('extend', id, { expiresAt })).json, { expiresAt: later });
  });

  it('refuses what is cancelled', async () => {
    const id = await put();
    await ask('retry', id, {});
    await rig.store.cancel({ botId: BOT, notificationId: id, at: rig.clock.now() });
    assert.partialDeepStrictEqual((await ask('retry', id, {})).json, { status: 409, code: 'notification_cancelled' });
  });

  const BAD: readonly [what: string, verb: string, body: unknown, pointer: string][] = [
    ['nobody wants the delivered twice', 'retry', { only: { states: ['delivered'] } }, '/only/states/0'],
    ['no state at all', 'retry', { only: { states: [] } }, '/only/states'],
    ['an unknown reason', 'retry', { only: { reasons: ['bad luck'] } }, '/only/reasons/0'],
    ['a misspelt key', 'retry', { onyl: {} }, '/onyl'],
    ['a time that is over', 'retry', { expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt'],
    ['a time that is over', 'extend', { expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt'],
    ['a time far away', 'extend', { expiresAt: '2126-01-01T00:00:00Z' }, '/expiresAt'],
  ];
  for (const [what, verb, body, pointer] of BAD) {
    it(`${verb} refuses ${what}`, async () => {
      const id = await put();
      const { status, json } = await ask(verb, id, body);
      assert.equal(status, 400);
      assert.partialDeepStrictEqual(json, { code: 'body_invalid', pointer });
      assert.partialDeepStrictEqual(await shown(id), { counts: { pending: 0 } });
    });
  }

  for (const verb of ['retry', 'extend']) {
    it(`${verb} knows no stranger's notification, and nobody without the scope`, async () => {
      const id = await put();
      const body = verb === 'retry' ? {} : { expiresAt: inMs(60_000) };
      assert.equal((await ask(verb, randomId('ds'), body)).status, 404);
      assert.equal((await ask(verb, id, body, { bot: OTHER_BOT, app: 'cs-both' })).status, 404);
      assert.equal((await ask(verb, id, body, { app: 'cs-scopeless' })).status, 403);
      assert.partialDeepStrictEqual(await shown(id), { counts: { pending: 0 } });
    });
  }
});
