import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BOT, call, OTHER_BOT, post, type Rig, startRig, tokenFor } from '../../../test/support/http-rig.ts';
import { connectionId, randomId } from '../../model/ids.ts';

const SEND = {
  channel: 'msteam',
  userIdentityType: 'resolve',
  message: { type: 'text', val: 'Hello' },
  identities: ['a@abc.com', 'b@abc.com', 'c@abc.com'],
};

describe('POST /notifications/:id/cancel', () => {
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
  const cancel = async (id: string, { bot = BOT, app = 'cs-builder', verb = 'cancel', headers = {} } = {}) =>
    call(rig, `/api/v1/bots/${bot}/notifications/${id}/${verb}`, {
      method: 'POST',
      headers: { auth: await tokenFor(app), ...headers },
    });

  it('answers what became of everybody, the same each time, and marks the notification', async () => {
    const id = await send();
    const cancelledAt = new Date(rig.clock.now()).toISOString();
    const answer = { id, cancelledAt, cancelled: 3, inFlight: 0, alreadyFinal: 0 };
    const first = await cancel(id);
    assert.deepEqual([first.status, first.json], [200, answer]);
    rig.clock.advance(5_000);
    assert.deepEqual((await cancel(id)).json, answer);
    const shown = await call(rig, `/api/v1/bots/${BOT}/notifications/${id}`, {
      headers: { auth: await tokenFor('cs-builder') },
    });
    assert.partialDeepStrictEqual(shown.json, { id, cancelledAt, counts: { pending: 3, cancelled: 0 } });
  });

  it('gives workers a second to let go before it says what they hold', async () => {
    const id = await send();
    const queue = {
      lane: 'normal',
      size: 'small',
      botId: BOT,
      connectionId: connectionId(BOT, 'msteams', null),
    } as const;
    await rig.store.claimDue({ queue, owner: 'worker', leaseMs: 60_000, limit: 10 });
    // The store is told of what was accepted; from there on only the cancel waits.
    rig.clock.advance(500);
    const waiting = rig.clock.waiting();
    const asked = cancel(id);
    let isAnswered = false;
    void asked.then(() => {
      isAnswered = true;
    });
    while (!isAnswered) {
      if (rig.clock.waiting() > waiting) rig.clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.partialDeepStrictEqual((await asked).json, { cancelled: 0, inFlight: 3, alreadyFinal: 0 });
  });

  it("knows no stranger's notification, and nobody without the scope", async () => {
    const id = await send();
    assert.equal((await cancel(randomId('ds'))).status, 404);
    assert.equal((await cancel('ds-1')).status, 404);
    assert.equal((await cancel(id, { bot: OTHER_BOT, app: 'cs-both' })).status, 404);
    assert.equal((await cancel(id, { app: 'cs-scopeless' })).status, 403);
    assert.equal((await cancel(id, { headers: { auth: '' } })).status, 401);
    assert.equal((await cancel(id, { verb: 'cancel?now=1' })).status, 400);
    const shown = await rig.store.findNotification({ botId: BOT, notificationId: id });
    assert.equal(shown?.cancelledAt, null);
  });
});
