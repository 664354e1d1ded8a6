import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { accepted, type EngineRig, openEngineRig, type RigBot } from '../../test/support/engine-rig.ts';
import type { NotificationSummary } from '../model/notification.ts';
import type { Options } from '../model/options.ts';
import type { Outcome } from '../model/outcome.ts';

const REFUSED: Outcome = { kind: 'rejected', scope: 'recipient', reason: 'address_dead', detail: 'no' };

describe('rules', () => {
  let rig: EngineRig;
  let bot: RigBot;
  afterEach(() => rig.close());

  /** Of each ten so many are refused. */
  async function open(refusedOfTen: number, perSecond = 0): Promise<void> {
    rig = await openEngineRig({
      perSecond,
      channel: { addressing: 'identity' },
      send: ({ seq }) => (seq % 10 < refusedOfTen ? REFUSED : accepted),
    });
    const [first] = rig.bots;
    assert.ok(first);
    bot = first;
    await rig.engine.start();
  }

  const people = (count: number) => Array.from({ length: count }, (_, i) => `p${i}@abc.com`);
  const send = (count: number, options: Options) =>
    rig.accept(bot, people(count), { options, expiresAt: rig.clock.now() + 86_400_000 });
  const find = async (notificationId: string): Promise<NotificationSummary> => {
    const found = await rig.store.findNotification({ botId: bot.botId, notificationId });
    assert.ok(found);
    return found;
  };
  const resume = (notificationId: string) => rig.store.resume({ botId: bot.botId, notificationId });
  const canary = { recipients: 150, maxFailureShare: 0.2, next: 'continue' } as const;

  it('let the others follow a canary that went well, and none before', async () => {
    await open(2, 100);
    const id = await send(400, { canary });
    await rig.clock.advance(1_450);
    assert.ok(rig.sends.length > 100);
    assert.ok(rig.sends.every(({ seq }) => seq < 150));
    await rig.clock.advance(10_000);
    const { counts, finishedAt } = await find(id);
    assert.deepEqual([counts.delivered, counts.failed, finishedAt !== null], [320, 80, true]);
  });

  it('stop at a canary that fails, as soon as that is sure, until somebody resumes it', async () => {
    await open(3);
    const id = await send(400, { canary });
    await rig.clock.advance(10_000);
    assert.ok(rig.sends.length <= 150);
    const { pausedReason, counts } = await find(id);
    assert.equal(pausedReason, 'canary');
    assert.ok(counts.pending >= 250);
    assert.ok(rig.lines.some((line) => line.includes('notification paused by a rule')));
    await resume(id);
    await rig.clock.advance(10_000);
    assert.equal(rig.sends.length, 400);
    assert.notEqual((await find(id)).finishedAt, null);
  });

  it('wait after a canary that went well where that was asked for', async () => {
    await open(0);
    const id = await send(400, { canary: { ...canary, next: 'pause' } });
    await rig.clock.advance(10_000);
    assert.equal(rig.sends.length, 150);
    assert.equal((await find(id)).pausedReason, 'canary');
  });

  it('pause above a ceiling within a second, once', async () => {
    await open(4, 50);
    const id = await send(1_000, { pauseWhen: { failureShare: 0.3, after: 100 } });
    await rig.clock.advance(30_000);
    const paused = await find(id);
    assert.equal(paused.pausedReason, 'failure_ceiling');
    // A hundred, what is sent in a look and a half, and what was under way.
    assert.ok(rig.sends.length >= 100 && rig.sends.length <= 100 + 75 + 10, `${rig.sends.length}`);
    await resume(id);
    await rig.clock.advance(60_000);
    assert.equal(rig.sends.length, 1_000);
    assert.notEqual((await find(id)).finishedAt, null);
    assert.deepEqual(await rig.store.listRuled({ after: null, limit: 9 }), []);
  });

  it('leave alone what stays below the ceiling', async () => {
    await open(3);
    const id = await send(1_000, { pauseWhen: { failureShare: 0.3, after: 100 } });
    await rig.clock.advance(30_000);
    assert.equal((await find(id)).counts.failed, 300);
    assert.deepEqual(await rig.store.listRuled({ after: null, limit: 9 }), []);
  });
});
