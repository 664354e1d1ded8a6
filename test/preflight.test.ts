import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isJsonObject } from '../src/model/json.ts';
import { openSandboxStage, type SandboxStage } from './support/sandbox-stage.ts';

const text = (val: string) => ({ type: 'text', val }) as const;

describe('a preflight', () => {
  let stage: SandboxStage;
  before(async () => {
    stage = await openSandboxStage(({ bots }) => {
      const [bot] = Array.isArray(bots) ? bots.filter(isJsonObject) : [];
      const connections = Array.isArray(bot?.['connections']) ? bot['connections'].filter(isJsonObject) : [];
      const slack = connections.find(({ channel }) => channel === 'slack');
      assert.ok(slack);
      slack['limits'] = { perSecond: 2 };
    });
    const at = (channelId: string) => [{ channel: 'slack', channelId }];
    await stage.know([
      { email: 'asha@x.org', locale: 'hi', phone: '+49151100', addresses: at('U1') },
      { email: 'bo@x.org', addresses: at('U2') },
      { email: 'cy@x.org' },
    ]);
  });
  after(() => stage.close());

  it('tells who would fail and why, in which language the others get it, and sends nothing', async () => {
    const { client, botId, sandbox } = stage;
    const variants = { en: { message: text('Hi') }, hi: { message: text('नमस्ते') } };
    await client.templates.put({ botId, name: 'hi', definition: { variants, default: 'en' } });
    const recipients = ['asha@x.org', 'bo@x.org', 'cy@x.org', 'stranger@x.org'];
    const told = await client.notifications.preflight({
      botId,
      body: { channel: 'slack', template: { name: 'hi' }, recipients },
    });
    assert.partialDeepStrictEqual(told, {
      recipients: 4,
      ready: 2,
      reasons: { not_associated: 2 },
      failing: [
        { seq: 2, identity: 'cy@x.org', reason: 'not_associated' },
        { seq: 3, identity: 'stranger@x.org', reason: 'not_associated' },
      ],
      languages: { en: 3, hi: 1 },
      unrendered: 0,
      samples: [{ message: text('नमस्ते') }, { message: text('Hi') }],
    });
    assert.equal((await client.notifications.list({ botId })).notifications.length, 0);
    assert.deepEqual(sandbox.ledger.entries({}), []);
  });

  it('of a filter is a plan, which is sent to just those who were found, once', async () => {
    const { client, botId } = stage;
    await stage.know([
      { email: 'pat@x.org', tags: ['floor-3'] },
      { email: 'quinn@x.org', tags: ['floor-3'] },
    ]);
    const recipients = { filter: { tags: { any: ['floor-3'] } } };
    const told = await client.notifications.preflight({
      botId,
      body: { channel: 'ivr', message: text('Hi'), recipients },
    });
    assert.partialDeepStrictEqual(told, {
      isComplete: true,
      recipients: 2,
      ready: 2,
      samples: [{ message: text('Hi') }],
    });
    await stage.know([{ email: 'rae@x.org', tags: ['floor-3'] }]);
    const body = { planId: told.planId ?? '' };
    assert.equal((await client.notifications.list({ botId })).notifications.length, 0);
    const [sent, again] = [
      await client.notifications.launch({ botId, body }),
      await client.notifications.launch({ botId, body }),
    ];
    assert.deepEqual([sent.id, again.id], [told.planId, told.planId]);
    assert.equal((await stage.untilOver(sent.id)).counts.delivered, 2);
    assert.deepEqual(Object.keys(stage.received()).toSorted(), ['pat@x.org', 'quinn@x.org']);
    await assert.rejects(client.notifications.preflight({ botId, body }), { code: 'plan_unknown' });
  });

  it('inspects each message as the channel would', async () => {
    const { client, botId } = stage;
    const recipients = ['asha@x.org', { email: 'bo@x.org', message: text('x'.repeat(60_000)) }];
    const told = await client.notifications.preflight({
      botId,
      body: { channel: 'slack', message: text('Hi'), recipients },
    });
    assert.deepEqual([told.ready, told.reasons], [1, { message_too_large: 1 }]);
    assert.match(told.failing[0]?.detail ?? '', /60,000|40,000/);
    const script = { type: 'script', val: 'print(1)' } as const;
    const printed = await client.notifications.preflight({
      botId,
      body: { channel: 'slack', message: script, recipients },
    });
    assert.equal(printed.unrendered, 1);
  });

  it('reckons with who asked for silence, and refuses what a send refuses', async () => {
    const { client, botId, sandbox } = stage;
    sandbox.people.change({ twilio: [{ match: '+49151101', state: 'stopped' }] });
    const body = { channel: 'sms', message: text('Hi'), recipients: ['+49151101', '+49151102'] };
    const sent = await client.notifications.send({ botId, body });
    await stage.untilOver(sent.id);
    // What a refusal teaches is kept a moment after its recipient is counted.
    let told = await client.notifications.preflight({ botId, body });
    while (told.ready === 2) told = await client.notifications.preflight({ botId, body });
    assert.deepEqual([told.ready, told.reasons], [1, { opted_out: 1 }]);
    await assert.rejects(
      client.notifications.preflight({ botId, body: { ...body, channel: 'smz' } }),
      /\/channel: "smz" is unknown/,
    );
  });

  it('forecasts by the rate at which the connection sends', async () => {
    const { client, botId } = stage;
    const body = { channel: 'slack', message: text('Hi'), recipients: ['asha@x.org', 'bo@x.org', 'cy@x.org'] };
    const unknown = await client.notifications.preflight({ botId, body });
    assert.deepEqual([unknown.forecast.perSecond, unknown.forecast.finishesAt], [null, null]);
    await stage.untilOver((await client.notifications.send({ botId, body: { ...body, recipients: ['bo@x.org'] } })).id);
    const { perSecond, finishesAt } = (await client.notifications.preflight({ botId, body })).forecast;
    assert.equal(perSecond, 2);
    assert.ok(Date.parse(finishesAt ?? '') >= Date.now() + 500);
  });
});
