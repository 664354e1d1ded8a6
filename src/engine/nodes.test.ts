import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openEngineRig } from '../../test/support/engine-rig.ts';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { openStore } from '../store/open.ts';
import { StoreUnavailable } from '../store/port/errors.ts';
import type { Store } from '../store/port.ts';
import { Account } from './account.ts';
import { Nodes } from './nodes.ts';

/** A process that sends over the account for as long as it is told to; each call lasts `lastsMs`. */
class Sender {
  readonly botId = 'st-1';
  readonly isUnlimited = false;
  readonly nextRank = 0;
  readonly calls: { readonly startedAt: number; readonly endedAt: number }[] = [];
  readonly account: Account;
  readonly nodes: Nodes;
  isDown = false;
  left = 0;
  readonly #clock: VirtualClock;
  readonly #lastsMs: number;

  constructor(store: Store, clock: VirtualClock, node: string, { perSecond = 30, lastsMs = 5 } = {}) {
    const shareRates: Store['shareRates'] = async (request) => {
      if (this.isDown) throw new StoreUnavailable('away');
      return store.shareRates(request);
    };
    this.nodes = new Nodes({ store: { shareRates }, clock, node, onError: assert.ifError });
    this.account = new Account({ perSecond, clock, random: () => 0, nodes: this.nodes, weightOf: () => 1 });
    this.nodes.add('one', this.account);
    this.nodes.start();
    this.#clock = clock;
    this.#lastsMs = lastsMs;
  }

  send(count: number): void {
    this.left += count;
    this.pump();
  }

  pump(): void {
    while (this.left > 0 && this.account.take(this)) {
      this.left -= 1;
      const startedAt = this.#clock.monotonic();
      this.calls.push({ startedAt, endedAt: startedAt + this.#lastsMs });
      this.#clock.after(this.#lastsMs, () => this.account.end(this));
    }
  }
}

describe('nodes that share an account', () => {
  let clock: VirtualClock;
  let store: Store;
  let senders: Sender[];
  let asks: number;
  beforeEach(async () => {
    clock = new VirtualClock(1_000_000);
    store = await openStore('sqlite::memory:', { clock });
    senders = [];
    asks = 0;
    const { shareRates } = store;
    store.shareRates = (request) => {
      asks += 1;
      return shareRates(request);
    };
  });
  afterEach(async () => {
    for (const { nodes } of senders) nodes.stop();
    await store.close();
  });

  function start(count: number, options = {}): Sender[] {
    senders = Array.from({ length: count }, (_, index) => new Sender(store, clock, `node ${index}`, options));
    return senders;
  }
  const calls = () => senders.flatMap((sender) => sender.calls);
  const since = (sender: Sender | undefined, at: number) =>
    sender?.calls.filter(({ startedAt }) => startedAt >= at).length ?? 0;

  /** A provider counts a call at some moment between its start and its end, whichever is worst for us. */
  function assertWithin(most: number, ms: number): void {
    for (const { endedAt } of calls()) {
      const may = calls().filter((other) => other.endedAt >= endedAt && other.startedAt < endedAt + ms);
      assert.ok(may.length <= most, `${may.length} within ${ms} ms from ${endedAt}`);
    }
  }

  for (const lastsMs of [5, 400, 3_000]) {
    it(`keep to its limit together, when calls last ${lastsMs} ms`, async () => {
      const [one, other] = start(2, { lastsMs });
      one?.send(1_000);
      await clock.advance(2_400);
      other?.send(1_000);
      await clock.advance(12_600);
      assertWithin(30, 1_000);
      const perCallMs = 1_000 + lastsMs;
      assert.ok(calls().length >= (15_000 / perCallMs) * 30 * 0.8, `${calls().length} calls`);
      const [ours, theirs] = [since(one, 1_007_500), since(other, 1_007_500)];
      assert.ok(Math.abs(ours - theirs) <= 0.2 * (ours + theirs), `${ours} and ${theirs}`);
    });
  }

  it('leave the rest to one, while the other needs little', async () => {
    const [one, other] = start(2);
    one?.send(2_000);
    for (let second = 0; second < 10; second += 1) {
      other?.send(1);
      await clock.advance(1_000);
    }
    assert.equal(other?.calls.length, 10);
    assert.ok((one?.calls.length ?? 0) >= 240, `${one?.calls.length}`);
    assertWithin(30, 1_000);
  });

  it('all get their turn, where they are more than the limit', async () => {
    start(5, { perSecond: 2 });
    for (const sender of senders) sender.send(1_000);
    await clock.advance(60_000);
    assertWithin(2, 1_000);
    for (const sender of senders) assert.ok(sender.calls.length >= 8, `${sender.calls.length}`);
  });

  it('stop when the store is away, and others have their part when they may', async () => {
    const [one, other] = start(2);
    one?.send(2_000);
    await clock.advance(3_000);
    for (const sender of senders) sender.isDown = true;
    await clock.advance(1_500);
    const [before] = [calls().length];
    await clock.advance(10_000);
    assert.equal(calls().length, before);
    if (other) other.isDown = false;
    other?.send(1_000);
    await clock.advance(5_000);
    assert.ok((other?.calls.length ?? 0) > 100);
    assertWithin(30, 1_000);
  });

  it('do not spend what a stopped one may still be using', async () => {
    const [one, other] = start(2);
    one?.send(1_000);
    other?.send(2_000);
    await clock.advance(3_000);
    // Its last calls are made at the end of what it was given.
    if (one) one.isDown = true;
    await clock.advance(10_000);
    assertWithin(30, 1_000);
    assert.ok(since(other, 1_008_000) >= 130, 'and have it afterwards');
  });

  it('all wait when the provider asked one of them, and go on as slowly', async () => {
    const [one, other] = start(2);
    one?.account.pace.slowDown(clock.monotonic(), 5_000, 'HTTP 429');
    for (const sender of senders) sender.send(1_000);
    await clock.advance(1_000);
    assert.ok((other?.account.pace.pausedMs(clock.monotonic()) ?? 0) > 3_900);
    assert.equal(other?.account.pace.why(clock.monotonic()), 'HTTP 429');
    const had = other?.calls.length ?? 0;
    await clock.advance(3_500);
    assert.equal(other?.calls.length, had);
    await clock.advance(2_500);
    const share = other?.account.pace.share(clock.monotonic()) ?? 1;
    assert.ok(share > 0.7 && share < 0.95, `${share}`);
  });

  it('ask nothing while nobody sends', async () => {
    const [one] = start(2);
    await clock.advance(10_000);
    assert.equal(asks, 0);
    one?.send(1);
    await clock.advance(10_000);
    assert.ok(asks > 0 && asks <= 16, `${asks}`);
    const before = asks;
    await clock.advance(60_000);
    assert.equal(asks, before);
  });
});

describe('a node that is alone on its file', () => {
  it('asks nobody', async () => {
    const rig = await openEngineRig({ perSecond: 30 });
    rig.store.shareRates = () => assert.fail('it asked');
    await rig.engine.start();
    await rig.accept(rig.bots[0] ?? assert.fail(), ['a@x.org', 'b@x.org'], { resolve: false });
    await rig.clock.advance(5_000);
    assert.equal(rig.sends.length, 2);
    await rig.close();
  });
});
