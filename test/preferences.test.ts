import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { SendBody } from '../src/client/send-documents.ts';
import { openSandboxStage, type SandboxStage } from './support/sandbox-stage.ts';

const ann = 'u-00000000-0000-5000-8000-00000000a000';

describe('preferences', () => {
  let stage: SandboxStage;
  before(async () => {
    stage = await openSandboxStage();
    await stage.know([{ id: ann, email: 'ann@x.org' }, { email: 'bo@x.org' }]);
  });
  after(() => stage.close());

  const BODY: SendBody = {
    channel: 'ivr',
    message: { type: 'text', val: 'Hi' },
    recipients: ['ann@x.org', 'bo@x.org', 'stranger@x.org'],
  };
  async function outcome(more: Partial<SendBody>) {
    const { client, botId } = stage;
    const sent = await client.notifications.send({ botId, body: { ...BODY, ...more } });
    const { counts, reasons } = await stage.untilOver(sent.id);
    return { delivered: counts.delivered, suppressed: counts.suppressed, reasons };
  }

  it('keep what is declined from those who declined it, and from nobody else', async () => {
    const { client, botId } = stage;
    const key = { botId, personId: ann };
    assert.deepEqual(await client.preferences.get(key), { optOuts: [] });
    const optOuts = [
      { category: 'alerts', channel: 'sms' },
      { category: 'newsletter', channel: null },
    ];
    assert.deepEqual(await client.preferences.put({ ...key, optOuts }), { optOuts });
    const spared = { delivered: 2, suppressed: 1, reasons: { category_declined: 1 } };
    const everybody = { delivered: 3, suppressed: 0, reasons: {} };
    assert.deepEqual(await outcome({ category: 'newsletter' }), spared);
    assert.deepEqual(await outcome({ category: 'alerts' }), everybody);
    assert.deepEqual(await outcome({ category: 'other' }), everybody);
    assert.deepEqual(await outcome({}), everybody);
    const told = await client.notifications.preflight({ botId, body: { ...BODY, category: 'newsletter' } });
    assert.deepEqual([told.ready, told.reasons], [2, { category_declined: 1 }]);
    await client.preferences.put({ ...key, optOuts: [] });
    assert.deepEqual(await outcome({ category: 'newsletter' }), everybody);
  });

  it('are overridden by what is urgent, for a reason that is kept', async () => {
    const { client, botId } = stage;
    await client.preferences.put({ botId, personId: ann, optOuts: [{ category: 'drills', channel: 'ivr' }] });
    const reason = 'The building is being evacuated';
    const urgent = { category: 'drills', priority: 'urgent', overridePreferences: { reason } } as const;
    assert.equal((await outcome({ ...urgent })).delivered, 3);
    const [kept] = (await client.notifications.list({ botId })).notifications;
    assert.deepEqual([kept?.category, kept?.preferencesOverride], ['drills', { reason }]);
    await assert.rejects(outcome({ ...urgent, priority: 'normal' }), /\/overridePreferences: is for what is urgent/);
    const { category: _, ...bare } = urgent;
    await assert.rejects(outcome(bare), /\/overridePreferences: overrides nothing without a category/);
  });

  it('are refused for people and channels that are none', async () => {
    const { client, botId } = stage;
    const optOuts = [{ category: 'news', channel: 'pigeon' }];
    await assert.rejects(
      client.preferences.put({ botId, personId: ann, optOuts }),
      /\/optOuts\/0\/channel: "pigeon" is no channel/,
    );
    const nobody = 'u-00000000-0000-5000-8000-00000000dead';
    await assert.rejects(client.preferences.get({ botId, personId: nobody }), /no such person/);
  });
});
