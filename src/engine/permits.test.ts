import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import type { RateScope } from '../channels/contract.ts';
import { openStore } from '../store/open.ts';
import { StoreUnavailable } from '../store/port/errors.ts';
import type { Store } from '../store/port.ts';
import { Permits } from './permits.ts';
import { lackingOf, type ScopeState } from './scope-state.ts';
import { Scopes } from './scopes.ts';

const TEAMS: RateScope = {
  key: 'a:conversation',
  windows: [
    { calls: 7, ms: 1_000 },
    { calls: 8, ms: 2_000 },
    { calls: 60, ms: 30_000 },
  ],
};
const ONE_A_SECOND: RateScope = { key: 'C1', windows: [{ calls: 1, ms: 1_000 }] };
const PAIR: RateScope = { key: '+49', bucket: { burst: 5, everyMs: 6_000 } };

/** One node that has calls to make, to one scope or several. */
class Sender {
  readonly calls: { readonly key: string; readonly startedAt: number; readonly endedAt: number }[] = [];
  readonly permits: Permits;
  readonly scopes: Scopes;
  isDown = false;
  readonly #left: RateScope[] = [];
  readonly #clock: VirtualClock;
  readonly #lastsMs: number;
  #cancelTimer = () => {};

  constructor(store: Store, clock: VirtualClock, node: string, lastsMs: number) {
    const reserveCalls: Store['reserveCalls'] = async (request) => {
      if (this.isDown) throw new StoreUnavailable('away');
      return store.reserveCalls(request);
    };
    this.permits = new Permits({ store: { reserveCalls }, clock, node, onError: assert.ifError });
    this.scopes = new Scopes({ permitFor: (scope) => this.permits.permitFor('account', scope) });
    this.permits.start();
    this.#clock = clock;
    this.#lastsMs = lastsMs;
  }

  send(scope: RateScope, count: number): void {
    for (let call = 0; call < count; call += 1) this.#left.push({ ...scope });
    this.pump();
  }

  pump(): void {
    for (const scope of this.#left.splice(0)) if (!this.#mayStart(scope)) this.#left.push(scope);
  }

  #mayStart(scope: RateScope): boolean {
    const now = this.#clock.monotonic();
    const state = this.scopes.find(scope, now);
    const waitMs = state.waitMs(now);
    if (waitMs > 0) return this.#pumpAfter(Math.min(100, waitMs));
    const lacking = lackingOf([state], now);
    for (const permit of lacking) permit.want(scope, this);
    if (lacking.length > 0) return false;
    this.#call(scope, state, now);
    return true;
  }

  #pumpAfter(ms: number): false {
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(ms, () => this.pump());
    return false;
  }

  #call({ key }: RateScope, state: ScopeState, startedAt: number): void {
    state.start();
    this.calls.push({ key, startedAt, endedAt: startedAt + this.#lastsMs });
    this.#clock.after(this.#lastsMs, () => {
      state.end(this.#clock.monotonic());
      this.pump();
    });
  }
}

describe('nodes that call the same scopes', () => {
  let clock: VirtualClock;
  let store: Store;
  let senders: Sender[];
  let asks: number;
  beforeEach(async () => {
    clock = new VirtualClock(1_000_000);
    store = await openStore('sqlite::memory:', { clock });
    senders = [];
    asks = 0;
    const { reserveCalls } = store;
    store.reserveCalls = (request) => {
      asks += 1;
      return reserveCalls(request);
    };
  });
  afterEach(async () => {
    for (const { permits } of senders) permits.stop();
    await store.close();
  });

  function start(count: number, lastsMs = 5): Sender[] {
    senders = Array.from({ length: count }, (_, index) => new Sender(store, clock, `node ${index}`, lastsMs));
    return senders;
  }
  const calls = () => senders.flatMap((sender) => sender.calls);

  /** A provider counts a call at some moment between its start and its end, whichever is worst for us. */
  function assertWithin({ key, windows = [] }: RateScope): void {
    const own = calls().filter((call) => call.key === key);
    for (const { calls: most, ms } of windows) {
      for (const { endedAt } of own) {
        const may = own.filter((other) => other.endedAt >= endedAt && other.startedAt < endedAt + ms);
        assert.ok(may.length <= most, `${may.length} within ${ms} ms from ${endedAt}`);
      }
    }
  }

  for (const lastsMs of [5, 400, 3_000]) {
    it(`keep to its limits together, when calls last ${lastsMs} ms`, async () => {
      for (const sender of start(3, lastsMs)) sender.send(TEAMS, 40);
      await clock.advance(45_000);
      assertWithin(TEAMS);
      const perEightMs = 2_000 + lastsMs;
      assert.ok(calls().length >= Math.min(60, (45_000 / perEightMs) * 8 * 0.8), `${calls().length} calls`);
      await clock.advance(75_000);
      assertWithin(TEAMS);
      assert.equal(calls().length, 120, 'somebody is left over');
    });
  }

  it('use what there is: a call a second, whoever makes it', async () => {
    for (const sender of start(3)) sender.send(ONE_A_SECOND, 100);
    await clock.advance(60_000);
    assertWithin(ONE_A_SECOND);
    assert.ok(calls().length >= 48, `${calls().length} calls`);
  });

  it('lend no more than the credit of a pair, and pay it back together', async () => {
    for (const sender of start(3)) sender.send(PAIR, 20);
    await clock.advance(1_000);
    assert.equal(calls().length, 5);
    await clock.advance(60_000);
    assert.ok(calls().length >= 14 && calls().length <= 15, `${calls().length} calls`);
  });

  it('do not spend what a stopped one may still be using, and have it afterwards', async () => {
    const [one, other] = start(2, 300);
    one?.send(ONE_A_SECOND, 10);
    await clock.advance(100);
    // The call it has begun is made, and nobody hears of it.
    if (one) one.isDown = true;
    other?.send(ONE_A_SECOND, 10);
    await clock.advance(1_500);
    assert.equal(other?.calls.length, 0);
    await clock.advance(4_000);
    assert.ok((other?.calls.length ?? 0) >= 1);
    assert.equal(one?.calls.length, 1);
    assertWithin(ONE_A_SECOND);
  });

  it('send nothing when the store is away, and go on when it is back', async () => {
    const [one] = start(1);
    if (one) one.isDown = true;
    one?.send(TEAMS, 3);
    await clock.advance(10_000);
    assert.equal(calls().length, 0);
    if (one) one.isDown = false;
    await clock.advance(300);
    assert.equal(calls().length, 3);
  });

  it('count what was called by another name', async () => {
    const [one, other] = start(2);
    const byPerson = { ...TEAMS, key: '29:jane' };
    one?.send(byPerson, 5);
    await clock.advance(50);
    const now = clock.monotonic();
    one?.scopes.alias(TEAMS, one.scopes.find(byPerson, now));
    await clock.advance(1);
    other?.send(TEAMS, 5);
    await clock.advance(100);
    assert.deepEqual([one?.calls.length, other?.calls.length], [5, 2]);
    one?.send(byPerson, 1);
    await clock.advance(800);
    assert.equal(calls().length, 7);
    await clock.advance(300);
    assert.equal(calls().length, 8);
    await clock.advance(700);
    assert.equal(calls().length, 8);
  });

  it('ask once for many, and nothing while nobody calls', async () => {
    const [one] = start(1);
    await clock.advance(5_000);
    assert.equal(asks, 0);
    for (let person = 0; person < 100; person += 1) one?.send({ ...TEAMS, key: `a:${person}` }, 1);
    await clock.advance(100);
    assert.deepEqual([calls().length, asks], [100, 1]);
    await clock.advance(5_000);
    assert.ok(asks <= 2, `${asks}`);
  });
});
