import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import {
  accepted,
  type EngineRig,
  openEngineRig,
  type RigBot,
  type RigOptions,
} from '../../test/support/engine-rig.ts';
import { cameLate, type FallBack } from '../model/fall-back.ts';
import type { ReceiptState } from '../model/news.ts';
import type { Notification } from '../model/notification.ts';
import type { Outcome } from '../model/outcome.ts';

const refused: Outcome = {
  kind: 'rejected',
  scope: 'recipient',
  reason: 'unreachable_recipient',
  detail: 'no such user',
};
const gone: Outcome = { kind: 'rejected', scope: 'recipient', reason: 'address_gone', detail: 'moved' };
const lost: Outcome = { kind: 'unknown', reason: 'answer_lost', detail: 'reset' };
const failed: Outcome = { kind: 'failed', reason: 'provider_error', detail: 'HTTP 503' };

describe('fall-back', () => {
  let rig: EngineRig;
  afterEach(() => rig.close());

  async function openRig(options: RigOptions): Promise<RigBot> {
    rig = await openEngineRig({ connections: 3, channel: { addressing: 'identity' }, ...options });
    const [bot] = rig.bots;
    assert.ok(bot);
    await rig.engine.start();
    return bot;
  }
  const over = (bot: RigBot, step: number, more: Partial<FallBack> = {}): FallBack => ({
    channel: 'toy',
    channelSpelling: 'toy',
    connectionId: bot.connectionIds[step] ?? '',
    message: null,
    on: ['failure', 'no_address'],
    onUnknown: false,
    ...more,
  });
  const through = (fallBacks: readonly FallBack[], more: Partial<Notification> = {}) => ({
    options: { fallBacks },
    ...more,
  });
  /** Whom each connection was called for, in the order of the bot's connections. */
  const calls = (bot: RigBot) =>
    bot.connectionIds.map((id) => rig.sends.filter((send) => send.connectionId === id).map(({ identity }) => identity));
  const ledger = async (bot: RigBot, notificationId: string) => {
    const filter = { states: null, reasons: null, identity: null, prefix: null };
    const { botId } = bot;
    const page = { botId, notificationId, afterSeq: -1, untilSeq: 1_000, limit: 1_000, filter };
    return (await rig.store.listLedger(page)).map(({ log }) => log);
  };

  it('goes on for whoever is refused, and for nobody else', async () => {
    const bot = await openRig({
      send: ({ identity }, connectionId) =>
        identity.startsWith('no') && connectionId === rig.bots[0]?.connectionId ? refused : accepted,
    });
    const id = await rig.accept(bot, ['ann', 'no-1', 'bob', 'no-2'], through([over(bot, 1)]));
    await rig.clock.advance(2_000);
    assert.deepEqual(calls(bot), [['ann', 'no-1', 'bob', 'no-2'], ['no-1', 'no-2'], []]);
    const logs = await ledger(bot, id);
    const tried = [{ step: 0, reason: 'unreachable_recipient', detail: 'no such user', attempts: 1 }];
    assert.deepEqual(
      logs.map(({ state, attempts, maybeDoubled, route }) => ({ state, attempts, maybeDoubled, route })),
      [
        { state: 'delivered', attempts: 1, maybeDoubled: false, route: undefined },
        { state: 'delivered', attempts: 1, maybeDoubled: false, route: { step: 1, tried } },
        { state: 'delivered', attempts: 1, maybeDoubled: false, route: undefined },
        { state: 'delivered', attempts: 1, maybeDoubled: false, route: { step: 1, tried } },
      ],
    );
    const { counts } = (await rig.store.findNotification({ botId: bot.botId, notificationId: id })) ?? {};
    assert.deepEqual([counts?.delivered, counts?.pending], [4, 0]);
  });

  it('goes through them in order and ends with the last, which is told', async () => {
    const bot = await openRig({ send: () => refused });
    const id = await rig.accept(bot, ['ann'], through([over(bot, 1), over(bot, 2)]));
    await rig.clock.advance(2_000);
    assert.deepEqual(calls(bot), [['ann'], ['ann'], ['ann']]);
    const [log] = await ledger(bot, id);
    assert.deepEqual([log?.state, log?.reason, log?.route?.step], ['failed', 'unreachable_recipient', 2]);
    assert.deepEqual(
      log?.route?.tried.map(({ step }) => step),
      [0, 1],
    );
  });

  it('goes on when attempts are used up, and begins anew', async () => {
    const bot = await openRig({
      send: (_request, connectionId) => (connectionId === rig.bots[0]?.connectionId ? failed : accepted),
    });
    const id = await rig.accept(bot, ['ann'], through([over(bot, 1)], { lane: 'urgent' }));
    await rig.clock.advance(300_000);
    assert.deepEqual(
      calls(bot).map((identities) => identities.length),
      [12, 1, 0],
    );
    const [log] = await ledger(bot, id);
    assert.deepEqual([log?.state, log?.attempts, log?.route?.tried[0]?.attempts], ['delivered', 1, 12]);
  });

  it('goes on from a channel that has no address', async () => {
    const bot = await openRig({
      channel: { addressing: 'directory' },
    });
    const { botId } = bot;
    await rig.store.saveAddresses({
      addresses: [
        {
          botId,
          connectionId: bot.connectionIds[1] ?? '',
          channel: 'toy',
          connectionName: 'toy 1',
          identity: 'ann',
          address: { channelId: 'to:ann', reference: null },
          source: 'import',
          at: 1,
        },
      ],
    });
    const id = await rig.accept(bot, ['ann'], through([over(bot, 1, { on: ['no_address'] })]));
    await rig.clock.advance(2_000);
    assert.deepEqual(calls(bot), [[], ['ann'], []]);
    const [log] = await ledger(bot, id);
    assert.deepEqual([log?.channelId, log?.route?.tried[0]?.reason], ['to:ann', 'not_associated']);
  });

  it('heeds what each channel is for', async () => {
    const bot = await openRig({ send: ({ identity }) => (identity === 'gone' ? gone : refused) });
    const id = await rig.accept(bot, ['gone', 'refused'], through([over(bot, 1, { on: ['no_address'] })]));
    await rig.clock.advance(2_000);
    assert.deepEqual(calls(bot), [['gone', 'refused'], ['gone'], []]);
    const logs = await ledger(bot, id);
    assert.deepEqual(
      logs.map(({ reason, route }) => [reason, route?.step]),
      [
        ['address_gone', 1],
        ['unreachable_recipient', undefined],
      ],
    );
  });

  for (const onUnknown of [false, true]) {
    it(`${onUnknown ? 'goes on and says so' : 'does not go on'} where nobody knows whether it arrived, as told`, async () => {
      const bot = await openRig({
        channel: { addressing: 'identity', afterUnknown: 'hold' },
        send: (_request, connectionId) => (connectionId === rig.bots[0]?.connectionId ? lost : accepted),
      });
      const id = await rig.accept(bot, ['ann'], through([over(bot, 1, { onUnknown })]));
      await rig.clock.advance(2_000);
      assert.deepEqual(calls(bot), [['ann'], onUnknown ? ['ann'] : [], []]);
      const [log] = await ledger(bot, id);
      assert.deepEqual([log?.state, log?.maybeDoubled], onUnknown ? ['delivered', true] : ['unknown', false]);
    });

    it(`${onUnknown ? 'goes on' : 'does not go on'} after a refusal that followed a lost answer`, async () => {
      let attempts = 0;
      const bot = await openRig({
        send: (_request, connectionId) => {
          if (connectionId !== rig.bots[0]?.connectionId) return accepted;
          attempts += 1;
          return attempts === 1 ? lost : refused;
        },
      });
      const id = await rig.accept(bot, ['ann'], through([over(bot, 1, { onUnknown })]));
      await rig.clock.advance(20_000);
      assert.deepEqual(calls(bot), [['ann', 'ann'], onUnknown ? ['ann'] : [], []]);
      const [log] = await ledger(bot, id);
      assert.deepEqual([log?.state, log?.maybeDoubled], onUnknown ? ['delivered', true] : ['failed', true]);
    });
  }

  it('says on each channel what is for it', async () => {
    const bot = await openRig({
      send: ({ message }) => ('text' in message && message.text === 'short' ? accepted : refused),
    });
    await rig.accept(bot, ['ann'], through([over(bot, 1), over(bot, 2, { message: { type: 'text', text: 'short' } })]));
    await rig.clock.advance(2_000);
    assert.deepEqual(
      rig.sends.map(({ message }) => ('text' in message ? message.text : null)),
      ['Hello', 'Hello', 'short'],
    );
  });

  describe('without a receipt', () => {
    const WITHIN_MS = 600_000;
    const bySms = (bot: RigBot, step: number, more: Partial<FallBack> = {}) =>
      over(bot, step, { on: ['failure', 'no_address', 'no_receipt'], receiptWithinMs: WITHIN_MS, ...more });
    const tell = (bot: RigBot, notificationId: string, state: ReceiptState, step = 0, seq = 0) =>
      rig.store.recordReceipts({
        botId: bot.botId,
        connectionId: bot.connectionIds[step] ?? '',
        receipts: [{ notificationId, seq, state, at: rig.clock.now(), reason: null, detail: null }],
      });
    const countsOf = async (bot: RigBot, notificationId: string) =>
      (await rig.store.findNotification({ botId: bot.botId, notificationId }))?.counts;

    it('goes on when the time is over, and not before', async () => {
      const bot = await openRig({});
      const id = await rig.accept(bot, ['ann'], through([bySms(bot, 1)]));
      await rig.clock.advance(WITHIN_MS - 1_000);
      assert.deepEqual(calls(bot), [['ann'], [], []]);
      assert.deepEqual((await countsOf(bot, id))?.pending, 1);
      await rig.clock.advance(5_000);
      assert.deepEqual(calls(bot), [['ann'], ['ann'], []]);
      const [log] = await ledger(bot, id);
      assert.deepEqual(
        [log?.state, log?.maybeDoubled, log?.route],
        ['delivered', false, { step: 1, tried: [{ step: 0, reason: 'no_receipt', detail: null, attempts: 1 }] }],
      );
    });

    for (const state of ['delivered', 'read'] as const) {
      it(`does not go on when it is told in time that it was ${state}`, async () => {
        const bot = await openRig({});
        const id = await rig.accept(bot, ['ann', 'bob'], through([bySms(bot, 1)]));
        await rig.clock.advance(1_000);
        await tell(bot, id, 'sent');
        await tell(bot, id, state);
        await rig.clock.advance(WITHIN_MS + 5_000);
        assert.deepEqual(calls(bot), [['ann', 'bob'], ['bob'], []]);
        const [ann, bob] = await ledger(bot, id);
        assert.deepEqual([ann?.state, ann?.channelId, ann?.route?.step], ['delivered', 'ann', 0]);
        assert.equal(bob?.route?.step, 1);
        assert.deepEqual((await countsOf(bot, id))?.delivered, 2);
      });
    }

    it('sends nothing more when the receipt comes while it is tried again on the next', async () => {
      const bot = await openRig({
        send: (_request, connectionId) => (connectionId === rig.bots[0]?.connectionId ? accepted : failed),
      });
      const id = await rig.accept(bot, ['ann'], through([bySms(bot, 1)]));
      await rig.clock.advance(WITHIN_MS + 1_500);
      const before = rig.sends.length;
      assert.ok(before > 1);
      await tell(bot, id, 'delivered');
      await rig.clock.advance(3_600_000);
      assert.equal(rig.sends.length, before);
      const [log] = await ledger(bot, id);
      assert.deepEqual([log?.state, log?.route?.step, log?.maybeDoubled], ['delivered', 0, false]);
    });

    it('stays with the channel that took it when the next reaches nobody', async () => {
      const bot = await openRig({
        send: (_request, connectionId) => (connectionId === rig.bots[0]?.connectionId ? accepted : refused),
      });
      const id = await rig.accept(bot, ['ann'], through([bySms(bot, 1), over(bot, 2)]));
      await rig.clock.advance(WITHIN_MS + 5_000);
      assert.deepEqual(calls(bot), [['ann'], ['ann'], ['ann']]);
      const [log] = await ledger(bot, id);
      assert.deepEqual(
        [log?.state, log?.channelId, log?.route?.step, log?.route?.tried.map(({ step, reason }) => [step, reason])],
        [
          'delivered',
          'ann',
          0,
          [
            [1, 'unreachable_recipient'],
            [2, 'unreachable_recipient'],
          ],
        ],
      );
    });

    it('goes on from each in turn, and tells of both receipts', async () => {
      const bot = await openRig({});
      const id = await rig.accept(bot, ['ann'], through([bySms(bot, 1), bySms(bot, 2)]));
      await rig.clock.advance(WITHIN_MS + 5_000);
      assert.deepEqual(calls(bot), [['ann'], ['ann'], []]);
      await tell(bot, id, 'delivered');
      await rig.clock.advance(WITHIN_MS + 5_000);
      assert.deepEqual(calls(bot), [['ann'], ['ann'], []], 'it has arrived, if late');
      const filter = { states: null, reasons: null, identity: null, prefix: null };
      const page = { botId: bot.botId, notificationId: id, afterSeq: -1, untilSeq: 9, limit: 9, filter };
      const [line] = await rig.store.listLedger(page);
      assert.equal(line?.log.route?.step, 1);
      assert.ok(cameLate(line?.receipt ?? null, 1));
    });

    it('ends at the expiry, and by a cancel, as what the channel took', async () => {
      const bot = await openRig({});
      const expiring = await rig.accept(
        bot,
        ['ann'],
        through([bySms(bot, 1)], { expiresAt: rig.clock.now() + 60_000 }),
      );
      const cancelled = await rig.accept(bot, ['bob'], through([bySms(bot, 1)]));
      await rig.clock.advance(1_000);
      await rig.store.cancel({ botId: bot.botId, notificationId: cancelled, at: rig.clock.now() });
      rig.engine.heedCallers();
      await rig.clock.advance(1_000);
      assert.deepEqual((await countsOf(bot, cancelled))?.delivered, 1);
      await rig.clock.advance(60_000);
      assert.deepEqual((await countsOf(bot, expiring))?.delivered, 1);
      assert.deepEqual(calls(bot), [['ann', 'bob'], [], []]);
    });
  });

  it('does not go on with what was cancelled or has expired', async () => {
    let refuse: (outcome: Outcome) => void = () => {};
    const bot = await openRig({
      send: () =>
        new Promise((resolve) => {
          refuse = resolve;
        }),
    });
    const cancelled = await rig.accept(bot, ['ann'], through([over(bot, 1)]));
    await rig.clock.advance(10);
    await rig.store.cancel({ botId: bot.botId, notificationId: cancelled, at: rig.clock.now() });
    rig.engine.heedCallers();
    await rig.clock.advance(10);
    refuse(refused);
    await rig.clock.advance(2_000);
    const expired = await rig.accept(bot, ['bob'], through([over(bot, 1)], { expiresAt: rig.clock.now() + 100 }));
    await rig.clock.advance(90);
    await rig.clock.advance(20);
    refuse(refused);
    await rig.clock.advance(2_000);
    assert.deepEqual(calls(bot), [['ann', 'bob'], [], []]);
    assert.deepEqual(
      (await Promise.all([cancelled, expired].map((id) => ledger(bot, id)))).map(([log]) => [
        log?.state,
        log?.route?.step,
      ]),
      [
        ['cancelled', 1],
        ['expired', 1],
      ],
    );
  });
});
