import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BOT, call, OTHER_BOT, post, type Rig, startRig, tokenFor } from '../../../test/support/http-rig.ts';
import { randomId } from '../../model/ids.ts';

const SEND = {
  channel: 'msteam',
  userIdentityType: 'resolve',
  message: { type: 'text', val: 'Hello' },
  identities: ['a@abc.com', 'b@abc.com', 'c@abc.com'],
};

describe('POST /notifications/:id/pause and /resume', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  async function send(): Promise<string> {
    const { text } = await post(rig, 'notify', SEND);
    const id = /ds-[0-9a-f-]{36}/.exec(text)?.[0];
    assert.ok(id);
    return id;
  }
  const ask = async (verb: string, id: string, { bot = BOT, app = 'cs-builder', headers = {} } = {}) =>
    call(rig, `/api/v1/bots/${bot}/notifications/${id}/${verb}`, {
      method: 'POST',
      headers: { auth: await tokenFor(app), ...headers },
    });
  const shown = async (id: string) =>
    (await call(rig, `/api/v1/bots/${BOT}/notifications/${id}`, { headers: { auth: await tokenFor('cs-builder') } }))
      .json;

  it('answer where everybody is, the same each time, and mark the notification and take the mark away', async () => {
    const id = await send();
    const pausedAt = new Date(rig.clock.now()).toISOString();
    const paused = { id, pausedAt, pausedReason: 'caller', waiting: 3, inFlight: 0, alreadyFinal: 0 };
    const first = await ask('pause', id);
    assert.deepEqual([first.status, first.json], [200, paused]);
    rig.clock.advance(5_000);
    assert.deepEqual((await ask('pause', id)).json, paused);
    assert.partialDeepStrictEqual(await shown(id), { pausedAt, pausedReason: 'caller', counts: { pending: 3 } });
    const resumed = { ...paused, pausedAt: null, pausedReason: null };
    for (const _ of [1, 2]) assert.deepEqual((await ask('resume', id)).json, resumed);
    assert.partialDeepStrictEqual(await shown(id), { pausedAt: null, pausedReason: null });
  });

  it('do nothing to what was cancelled', async () => {
    const id = await send();
    await ask('cancel', id);
    assert.partialDeepStrictEqual((await ask('pause', id)).json, { pausedAt: null, waiting: 3 });
  });

  for (const verb of ['pause', 'resume']) {
    it(`${verb} knows no stranger's notification, and nobody without the scope`, async () => {
      const id = await send();
      assert.equal((await ask(verb, randomId('ds'))).status, 404);
      assert.equal((await ask(verb, 'ds-1')).status, 404);
      assert.equal((await ask(verb, id, { bot: OTHER_BOT, app: 'cs-both' })).status, 404);
      assert.equal((await ask(verb, id, { app: 'cs-scopeless' })).status, 403);
      assert.equal((await ask(verb, id, { headers: { auth: '' } })).status, 401);
      assert.equal((await ask(`${verb}?now=1`, id)).status, 400);
      assert.partialDeepStrictEqual(await shown(id), { pausedAt: null });
    });
  }
});
