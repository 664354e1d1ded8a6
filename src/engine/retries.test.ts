import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import {
  accepted,
  type EngineRig,
  openEngineRig,
  type RigBot,
  type RigOptions,
} from '../../test/support/engine-rig.ts';
import type { Outcome } from '../model/outcome.ts';
import type { RetryRequest } from '../store/port/interventions.ts';

const people = (count: number): string[] => Array.from({ length: count }, (_, index) => `p${index}@x.org`);
const rejected: Outcome = { kind: 'rejected', scope: 'recipient', reason: 'blocked_by_recipient', detail: 'HTTP 403' };
const failed: Outcome = { kind: 'failed', reason: 'provider_error', detail: 'HTTP 500' };
const lost: Outcome = { kind: 'unknown', reason: 'answer_lost', detail: 'no answer' };
const MINUTE = 60_000;

describe('retries and extensions', { timeout: 120_000 }, () => {
  let rig: EngineRig;
  let bot: RigBot;
  afterEach(() => rig.close());

  async function open(options: RigOptions): Promise<void> {
    rig = await openEngineRig({ perSecond: 0, ...options });
    const [first] = rig.bots;
    assert.ok(first);
    bot = first;
    await rig.know(bot, people(250));
    await rig.engine.start();
  }
  const keyOf = (notificationId: string) => ({ botId: bot.botId, notificationId });
  async function retry(id: string, more: Partial<RetryRequest> = {}) {
    const nothing = { states: ['failed'], reasons: null, expiresAt: null, idempotency: null } as const;
    const answer = await rig.store.retry({ ...keyOf(id), at: rig.clock.now(), ...nothing, ...more });
    rig.engine.heedCallers();
    await rig.clock.advance(3_000);
    return answer;
  }
  const ends = async (id: string) =>
    (await rig.logs(bot, id)).map(({ state, attempts, maybeDoubled }) => `${state} ${attempts} ${maybeDoubled}`);
  const countsOf = async (id: string) => (await rig.store.findNotification(keyOf(id)))?.counts;

  it('try whom the provider refused once more, and nobody who has it', async () => {
    let isWell = false;
    await open({ send: ({ seq }) => (isWell || seq % 50 > 0 ? accepted : rejected) });
    const id = await rig.accept(bot, people(250));
    await rig.clock.advance(3_000);
    assert.partialDeepStrictEqual(await countsOf(id), { delivered: 245, failed: 5, pending: 0 });
    isWell = true;
    assert.partialDeepStrictEqual(await retry(id), { state: { retried: 5, isOver: true } });
    assert.equal(rig.sends.length, 255);
    assert.partialDeepStrictEqual(await countsOf(id), { delivered: 250, failed: 0, pending: 0 });
    const states = await ends(id);
    assert.equal(states.filter((state) => state === 'delivered 2 false').length, 5);
    assert.equal(states.filter((state) => state === 'delivered 1 false').length, 245);
  });

  it('give a full number of attempts, and tell of all', async () => {
    await open({ send: () => failed });
    const id = await rig.accept(bot, people(1), { lane: 'urgent' });
    await rig.clock.advance(MINUTE);
    assert.deepEqual(await ends(id), ['failed 12 false']);
    await retry(id);
    await rig.clock.advance(MINUTE);
    assert.deepEqual(await ends(id), ['failed 24 false']);
  });

  it('send whom they may have reached again only when asked, and say so', async () => {
    let outcome: Outcome = lost;
    await open({ channel: { afterUnknown: 'hold' }, send: () => outcome });
    const id = await rig.accept(bot, people(2));
    await rig.clock.advance(1_000);
    outcome = accepted;
    assert.partialDeepStrictEqual(await retry(id), { state: { retried: 0 } });
    assert.partialDeepStrictEqual(await retry(id, { states: ['unknown'] }), { state: { retried: 2 } });
    assert.deepEqual(await ends(id), ['delivered 2 true', 'delivered 2 true']);
  });

  it('send each what they alone were to be sent', async () => {
    let outcome: Outcome = rejected;
    await open({ send: () => outcome });
    const own = [
      { customMessage: null, parameters: { name: 'Ann' } },
      { customMessage: 'Bye', parameters: null },
    ];
    const id = await rig.accept(bot, people(3), { message: { type: 'text', text: 'Hello {name}' } }, own);
    await rig.clock.advance(1_000);
    outcome = accepted;
    await retry(id);
    const texts = rig.sends.map(({ message }) => (message.type === 'text' ? message.text : ''));
    assert.deepEqual(texts.slice(3).toSorted(), texts.slice(0, 3).toSorted());
    assert.deepEqual(texts.toSorted(), ['Bye', 'Bye', 'Hello Ann', 'Hello Ann', 'Hello {name}', 'Hello {name}']);
  });

  it('stand still while it is paused', async () => {
    let outcome: Outcome = rejected;
    await open({ perSecond: 20, send: () => outcome });
    const id = await rig.accept(bot, people(200));
    await rig.clock.advance(2_000);
    await rig.store.pause({ ...keyOf(id), at: rig.clock.now(), reason: 'caller' });
    rig.engine.heedCallers();
    await rig.clock.advance(3_000);
    const sent = rig.sends.length;
    assert.ok(sent > 0 && sent < 200, `${sent}`);
    outcome = accepted;
    await retry(id);
    assert.equal(rig.sends.length, sent);
    await rig.store.resume(keyOf(id));
    await rig.clock.advance(20_000);
    assert.partialDeepStrictEqual(await countsOf(id), { delivered: 200, pending: 0 });
  });

  it('are heard of by whoever holds the notification, before its time and its lane are over', async () => {
    let outcome: Outcome = failed;
    await open({ send: () => outcome });
    const expiresAt = rig.clock.now() + 5 * MINUTE;
    const busy: Outcome = { kind: 'busy', scope: 'recipient', retryAfterMs: 4 * MINUTE, detail: 'HTTP 429' };
    outcome = busy;
    const id = await rig.accept(bot, people(2), { lane: 'urgent', expiresAt });
    await rig.clock.advance(1_000);
    await rig.store.extend({ ...keyOf(id), at: rig.clock.now(), expiresAt: rig.clock.now() + 60 * MINUTE });
    await rig.clock.advance(13 * MINUTE);
    assert.deepEqual(await ends(id), []);
    outcome = accepted;
    await rig.clock.advance(5 * MINUTE);
    assert.deepEqual(await ends(id), ['delivered 1 false', 'delivered 1 false']);
  });

  it('reach those whom a worker holds', async () => {
    const answers: ((outcome: Outcome) => void)[] = [];
    await open({ concurrency: 1, send: () => new Promise((resolve) => answers.push(resolve)) });
    const expiresAt = rig.clock.now() + 10_000;
    const id = await rig.accept(bot, people(2), { expiresAt });
    await rig.clock.advance(5_000);
    await rig.store.extend({ ...keyOf(id), at: rig.clock.now(), expiresAt: expiresAt + MINUTE });
    await rig.clock.advance(6_000);
    for (let turn = 0; turn < 2; turn += 1) {
      answers.shift()?.(accepted);
      await rig.clock.advance(500);
    }
    assert.deepEqual(await ends(id), ['delivered 1 false', 'delivered 1 false']);
  });
});
