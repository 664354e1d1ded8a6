import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BOT, call, type Rig, startRig, tokenFor } from '../../../test/support/http-rig.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';

const RECIPIENTS = Array.from({ length: 300 }, (_, i) => `p${i}@abc.com`);

describe('sending by rules', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  const send = async (rules: JsonObject) =>
    call(rig, `/api/v1/bots/${BOT}/notifications`, {
      method: 'POST',
      headers: { auth: await tokenFor('cs-builder'), 'content-type': 'application/json' },
      body: JSON.stringify({
        channel: 'msteams',
        message: { type: 'text', val: 'x' },
        recipients: RECIPIENTS,
        ...rules,
      }),
    });

  const kept: readonly (readonly [JsonObject, JsonObject])[] = [
    [{ canary: { first: 10 } }, { canary: { recipients: 10, maxFailureShare: 0.05, next: 'continue' } }],
    [
      { canary: { share: 0.011, maxFailureShare: 0, next: 'pause' } },
      { canary: { recipients: 4, maxFailureShare: 0, next: 'pause' } },
    ],
    [{ canary: { share: 0 } }, { canary: { recipients: 1, maxFailureShare: 0.05, next: 'continue' } }],
    [{ pauseWhen: { failureShare: 0.1 } }, { pauseWhen: { failureShare: 0.1, after: 100 } }],
    [{ pauseWhen: { failureShare: 0, after: 1 } }, { pauseWhen: { failureShare: 0, after: 1 } }],
  ];
  for (const [rules, options] of kept) {
    it(`keeps ${JSON.stringify(rules)}`, async () => {
      const { status, json } = await send(rules);
      assert.equal(status, 202);
      assert.ok(isJsonObject(json));
      const found = await rig.store.findNotification({ botId: BOT, notificationId: String(json['id']) });
      assert.deepEqual(found?.options, options);
    });
  }

  const refused: readonly (readonly [JsonObject, string, RegExp])[] = [
    [{ canary: {} }, '/canary', /needs either first or share/],
    [{ canary: { first: 1, share: 0.1 } }, '/canary', /needs either first or share/],
    [{ canary: { first: 300 } }, '/canary/first', /must leave somebody of the 300 recipients out/],
    [{ canary: { share: 1 } }, '/canary/share', /must leave somebody/],
    [{ canary: { first: 0 } }, '/canary/first', /1/],
    [{ canary: { first: 1, next: 'stop' } }, '/canary/next', /continue/],
    [{ pauseWhen: {} }, '/pauseWhen', /failureShare/],
    [{ pauseWhen: { failureShare: 10 } }, '/pauseWhen/failureShare', /1/],
    [{ pauseWhen: { failureShare: 0.1, after: 0 } }, '/pauseWhen/after', /1/],
  ];
  for (const [rules, pointer, detail] of refused) {
    it(`refuses ${JSON.stringify(rules)} and says where`, async () => {
      const { status, json } = await send(rules);
      assert.ok(isJsonObject(json));
      assert.equal(status, 400);
      assert.ok(String(json['pointer']).startsWith(pointer), String(json['pointer']));
      assert.match(String(json['detail']), detail);
    });
  }
});
