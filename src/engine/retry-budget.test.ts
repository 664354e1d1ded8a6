import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { accepted, type EngineRig, openEngineRig, type RigOptions } from '../../test/support/engine-rig.ts';
import type { Outcome } from '../model/outcome.ts';
import { RetryBudget } from './retry-budget.ts';

const failed: Outcome = { kind: 'failed', reason: 'provider_error', detail: 'HTTP 503' };
const timedOut: Outcome = { kind: 'unknown', reason: 'provider_timeout', detail: 'no answer' };
const gone: Outcome = { kind: 'rejected', scope: 'recipient', reason: 'address_gone', detail: 'HTTP 404' };

/** How many retries that end so can be made at one time. */
function spend(budget: RetryBudget, outcome: Outcome, now = 0): number {
  let made = 0;
  for (; made < 1_000 && budget.hasRoom(now); made += 1) {
    budget.start(true, now);
    budget.end(true, outcome, now);
  }
  return made;
}
function budgetAfter(firsts: number): RetryBudget {
  const budget = new RetryBudget();
  for (let first = 0; first < firsts; first += 1) budget.start(false, 0);
  return budget;
}

describe('RetryBudget', () => {
  for (const [what, firsts, outcome, retries] of [
    ['ten a minute at the least', 3, failed, 10],
    ['a tenth of the first tries', 1_000, failed, 100],
    ['half as many that time out', 1_000, timedOut, 50],
    ['any number that go well', 3, accepted, 1_000],
    ['any number that end in a definite no', 3, gone, 1_000],
  ] as const) {
    it(`allows ${what}`, () => assert.equal(spend(budgetAfter(firsts), outcome), retries));
  }

  it('counts those under way', () => {
    const budget = new RetryBudget();
    for (let retry = 0; retry < 10; retry += 1) budget.start(true, 0);
    assert.equal(budget.hasRoom(0), false);
    assert.equal(budget.putOff(0), 260);
    budget.end(true, accepted, 0);
    assert.equal(budget.hasRoom(0), true);
  });

  it('forgets after a minute, and says when', () => {
    const budget = budgetAfter(0);
    spend(budget, failed, 1_000);
    assert.equal(budget.hasRoom(56_000), false);
    const waitMs = budget.putOff(56_000);
    assert.ok(waitMs >= 1_000 && waitMs <= 5_000, `${waitMs}`);
    assert.equal(spend(budget, failed, 56_000 + waitMs), 10);
  });

  it('lets many wait longer than few', () => {
    const budget = budgetAfter(0);
    spend(budget, failed);
    const waits = Array.from({ length: 10_000 }, () => budget.putOff(0));
    assert.ok((waits[100] ?? 0) < (waits[5_000] ?? 0));
    assert.ok(Math.max(...waits) <= 120_000);
  });
});

describe('those who are tried again', () => {
  let rig: EngineRig;
  afterEach(() => rig.close());
  const people = (count: number): string[] => Array.from({ length: count }, (_, index) => `p${index}@x.org`);
  async function open(count: number, options: RigOptions) {
    rig = await openEngineRig({ perSecond: 10, ...options });
    await rig.engine.start();
    const bot = rig.bots[0] ?? assert.fail();
    const id = await rig.accept(bot, people(count), { resolve: false });
    return () => rig.logs(bot, id);
  }
  /** Every sixth person is out of reach while the provider ails: too few for the breaker. */
  const ails = (identity: string) => Number(/\d+/.exec(identity)?.[0]) % 6 === 0;

  it('wait for their budget while trying helps nobody, at no attempt, and are all served in the end', async () => {
    let ailing = true;
    const logsOf = await open(1_800, { send: ({ identity }) => (ailing && ails(identity) ? failed : accepted) });
    await rig.clock.advance(480_000);
    const first = new Set<string>();
    const retries = rig.sends.filter(({ identity }) => first.size === first.add(identity).size);
    const inMinute = (from: number) => retries.filter(({ at }) => at >= from && at < from + 57_000).length;
    const most = Math.max(...retries.map(({ at }) => inMinute(at)));
    assert.ok(most >= 50 && most <= 60, `${most} retries in a minute after 600 first tries`);
    const last = inMinute(rig.clock.now() - 57_000);
    assert.ok(last >= 5 && last <= 10, `${last} retries in a minute after none`);
    ailing = false;
    await rig.clock.advance(1_200_000);
    const logs = await logsOf();
    assert.equal(logs.filter(({ state }) => state === 'delivered').length, 1_800);
    assert.equal(
      logs.reduce((sum, { attempts }) => sum + attempts, 0),
      rig.sends.length,
    );
  });

  it('hold up nobody who is tried for the first time', async () => {
    await open(600, { send: ({ identity }) => (ails(identity) ? failed : accepted) });
    await rig.clock.advance(70_000);
    assert.equal(new Set(rig.sends.map(({ identity }) => identity)).size, 600);
  });

  it('are all let go when the provider is well again', async () => {
    let ailing = true;
    const logsOf = await open(300, { send: () => (ailing ? failed : accepted), perSecond: 100 });
    await rig.clock.advance(5_000);
    ailing = false;
    await rig.clock.advance(60_000);
    assert.equal((await logsOf()).length, 300);
  });

  it('are as quick as ever where they are few', async () => {
    let fails = 8;
    const logsOf = await open(12, { send: () => (fails-- > 0 ? failed : accepted) });
    await rig.clock.advance(5_000);
    assert.equal((await logsOf()).length, 12);
  });
});
