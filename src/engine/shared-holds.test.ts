import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { openStore } from '../store/open.ts';
import { StoreUnavailable } from '../store/port/errors.ts';
import type { Store } from '../store/port.ts';
import { Account } from './account.ts';
import { Holds } from './holds.ts';
import { Nodes } from './nodes.ts';

/** A process with more to send than it ever can, one call after the other, over one connection of an account. */
class Sender {
  readonly waiting = 1;
  readonly account: Account;
  readonly holds: Holds;
  readonly nodes: Nodes;
  readonly calls: { readonly from: number; until: number }[] = [];
  isDead = false;
  isIdle = false;
  readonly #clock: VirtualClock;
  readonly #isWell: () => boolean;

  constructor(store: Store, clock: VirtualClock, node: string, isWell: () => boolean) {
    const shareRates: Store['shareRates'] = async (request) => {
      if (this.isDead) throw new StoreUnavailable('away');
      return store.shareRates(request);
    };
    this.nodes = new Nodes({ store: { shareRates }, clock, node, onError: assert.ifError });
    this.account = new Account({ perSecond: null, clock, random: () => 0, nodes: this.nodes, weightOf: () => 1 });
    this.nodes.add('one', this.account);
    this.holds = new Holds(this.account.holdOf('cn-1'), this.account.breaker.hold);
    this.holds.join(this);
    this.nodes.start();
    this.#clock = clock;
    this.#isWell = isWell;
  }

  pump(): void {
    const now = this.#clock.monotonic();
    if (this.isDead || this.isIdle || this.holds.isProbeOut) return;
    const heldMs = this.holds.heldMs(now);
    if (heldMs > 0) this.#clock.after(heldMs, () => this.pump());
    else if (this.holds.mayProbe(now)) this.#call(now);
    else this.#clock.after(250, () => this.pump());
  }

  #call(from: number): void {
    const probes = this.holds.startCall();
    const call = { from, until: from + CALL_MS };
    this.calls.push(call);
    this.#clock.after(CALL_MS, () => {
      const [hold, now] = [this.account.holdOf('cn-1'), this.#clock.monotonic()];
      if (this.#isWell()) hold.succeed();
      else hold.begin(now, 'HTTP 401');
      for (const probe of probes) probe.endProbe();
    });
  }
}

const CALL_MS = 400;

function keepBusy(account: Account): void {
  const caller = { botId: 'st-1', isUnlimited: true, nextRank: 0, pump: () => void account.take(caller) };
  caller.pump();
}

describe('a hold over nodes', () => {
  let clock: VirtualClock;
  let store: Store;
  let senders: Sender[];
  let well: boolean;
  let asks: number;
  beforeEach(async () => {
    clock = new VirtualClock(1_000_000);
    store = await openStore('sqlite::memory:', { clock });
    [well, asks] = [false, 0];
    const { shareRates } = store;
    store.shareRates = (request) => {
      asks += 1;
      return shareRates(request);
    };
    senders = ['a', 'b', 'c'].map((name) => new Sender(store, clock, name, () => well));
  });
  afterEach(async () => {
    for (const { nodes } of senders) nodes.stop();
    await store.close();
  });
  const find = (index: number) => senders[index] ?? assert.fail();
  const calls = () => senders.flatMap((sender) => sender.calls);
  const hold = (index: number) => find(index).account.holdOf('cn-1');
  const pumpAll = () => {
    for (const sender of senders) sender.pump();
  };

  /** One node is refused; the others are busy with the account and have nothing to send over the connection yet. */
  async function refuse(): Promise<void> {
    find(0).pump();
    await clock.advance(CALL_MS);
    assert.equal(hold(0).why, 'HTTP 401');
    for (const { account } of senders.slice(1)) keepBusy(account);
    await clock.advance(500);
  }

  /** Answers who makes the call that finds out. */
  async function untilProbed(): Promise<number> {
    for (let step = 0; step < 200; step += 1) {
      const prober = senders.findIndex((sender) => sender.holds.isProbeOut);
      if (prober >= 0) return prober;
      await clock.advance(50);
    }
    return assert.fail('nobody probes');
  }

  it('is known to all within half a second', async () => {
    await refuse();
    for (const index of [1, 2]) {
      assert.ok(hold(index).heldMs(clock.monotonic()) > 4_000);
      assert.equal(hold(index).why, 'HTTP 401');
    }
  });

  it('is probed by one call at a time, less and less often, and ended for all', async () => {
    await refuse();
    pumpAll();
    await clock.advance(60_000);
    assert.ok(calls().length >= 3 && calls().length <= 5, `${calls().length} calls`);
    const inOrder = calls().sort((one, other) => one.from - other.from);
    for (const [index, call] of inOrder.entries()) assert.ok(call.until <= (inOrder[index + 1]?.from ?? Infinity));
    well = true;
    await clock.advance(62_000);
    for (const index of [0, 1, 2]) assert.equal(hold(index).probing, false, `${index}`);
  });

  it('outlives who probed', async () => {
    await refuse();
    find(0).isDead = true;
    for (const sender of senders.slice(1)) sender.pump();
    const prober = await untilProbed();
    assert.ok(prober > 0);
    find(prober).isDead = true;
    well = true;
    await clock.advance(3_500);
    assert.equal(hold(3 - prober).probing, false);
  });

  it('is left to others by who has nothing to send any more', async () => {
    await refuse();
    find(1).pump();
    assert.equal(await untilProbed(), 1);
    find(1).isIdle = true;
    find(2).pump();
    well = true;
    await clock.advance(1_500);
    assert.equal(hold(2).probing, false);
  });

  it('asks little while nobody waits for it', async () => {
    await refuse();
    for (const sender of senders) sender.isIdle = true;
    await clock.advance(20_000);
    const before = asks;
    await clock.advance(60_000);
    assert.ok(asks - before <= 3 * 61, `${asks - before}`);
  });

  it('forgets what the breaker counted before it closed elsewhere', async () => {
    const [one, other] = [find(0).account.breaker, find(1).account.breaker];
    const now = clock.monotonic();
    const failed = { kind: 'failed', reason: 'provider_error', detail: 'HTTP 503' } as const;
    for (let call = 0; call < 20; call += 1) one.note(failed, { isProbe: false }, now);
    for (let call = 0; call < 19; call += 1) other.note(failed, { isProbe: false }, now);
    for (const { account } of senders) keepBusy(account);
    await clock.advance(600);
    assert.equal(other.hold.probing, true);
    for (let probe = 0; probe < 3; probe += 1) {
      one.note({ kind: 'accepted', providerMessageId: null }, { isProbe: true }, now);
    }
    await clock.advance(1_600);
    assert.equal(other.hold.probing, false);
    other.note(failed, { isProbe: false }, clock.monotonic());
    assert.equal(other.hold.probing, false);
  });
});
