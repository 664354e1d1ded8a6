import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { Account } from './account.ts';

/** Wants to make `calls` calls, each of which lasts `lastsMs`. */
class Sender {
  readonly isUnlimited: boolean;
  readonly startedAt: number[] = [];
  readonly #account: Account;
  readonly #clock: VirtualClock;
  readonly #lastsMs: number;
  #left: number;

  constructor(account: Account, clock: VirtualClock, { calls = 0, lastsMs = 5, isUnlimited = false }) {
    this.#account = account;
    this.#clock = clock;
    this.#left = calls;
    this.#lastsMs = lastsMs;
    this.isUnlimited = isUnlimited;
  }

  pump(): void {
    while (this.#left > 0 && this.#account.take(this)) {
      this.#left -= 1;
      this.startedAt.push(this.#clock.monotonic());
      this.#clock.after(this.#lastsMs, () => this.#account.end(this));
    }
  }
}

describe('Account', () => {
  const open = (perSecond: number | null) => {
    const clock = new VirtualClock(0);
    const account = new Account(perSecond, clock, () => 0);
    const sender = (options: { calls?: number; lastsMs?: number; isUnlimited?: boolean }) =>
      new Sender(account, clock, options);
    return { clock, account, sender };
  };

  it('keeps the rate over all who share it, and lets them in by turns', async () => {
    const { clock, sender } = open(30);
    const [one, other] = [sender({ calls: 1_000 }), sender({ calls: 1_000 })];
    one.pump();
    other.pump();
    await clock.advance(10_000);
    const all = [...one.startedAt, ...other.startedAt].sort((a, b) => a - b);
    for (const [index, start] of all.entries()) {
      assert.ok(all.slice(index).filter((at) => at < start + 1_000).length <= 30);
    }
    assert.ok(all.length >= 290, `${all.length} in ten seconds`);
    assert.ok(Math.abs(one.startedAt.length - other.startedAt.length) <= 2);
  });

  it('gives all of it to one when the other has nothing more', async () => {
    const { clock, sender } = open(30);
    const [one, other] = [sender({ calls: 30 }), sender({ calls: 270 })];
    one.pump();
    other.pump();
    await clock.advance(10_500);
    assert.deepEqual([one.startedAt.length, other.startedAt.length], [30, 270]);
  });

  it('goes on when answers that were late make room', async () => {
    const { clock, sender } = open(10);
    const one = sender({ calls: 20, lastsMs: 5_000 });
    one.pump();
    await clock.advance(4_000);
    assert.equal(one.startedAt.length, 10, 'calls under way may still be counted');
    await clock.advance(5_000);
    assert.equal(one.startedAt.length, 20);
  });

  it('pauses everybody, those without a rate too', async () => {
    const { clock, account, sender } = open(30);
    const [one, free] = [sender({ calls: 5 }), sender({ calls: 5, isUnlimited: true })];
    account.pace.slowDown(0, 2_000, '429');
    one.pump();
    free.pump();
    await clock.advance(1_999);
    assert.deepEqual([one.startedAt.length, free.startedAt.length], [0, 0]);
    await clock.advance(1_000);
    assert.deepEqual([one.startedAt.length, free.startedAt.length], [5, 5]);
  });

  it('takes less than one a second', async () => {
    const { clock, sender } = open(0.5);
    const one = sender({ calls: 10 });
    one.pump();
    await clock.advance(10_000);
    assert.ok(one.startedAt.length >= 5 && one.startedAt.length <= 6, `${one.startedAt.length}`);
    assert.ok((one.startedAt[1] ?? 0) >= 2_000);
  });
});
