import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { Account } from './account.ts';

interface SenderOptions {
  readonly botId?: string;
  readonly calls?: number;
  readonly lastsMs?: number;
  readonly isUnlimited?: boolean;
  readonly rank?: number;
}

/** Wants to make `calls` calls, each of which lasts `lastsMs`. */
class Sender {
  readonly botId: string;
  readonly isUnlimited: boolean;
  readonly startedAt: number[] = [];
  readonly #account: Account;
  readonly #clock: VirtualClock;
  readonly #lastsMs: number;
  readonly #rank: number;
  #left: number;

  constructor(account: Account, clock: VirtualClock, options: SenderOptions) {
    const { botId = 'st-1', calls = 0, lastsMs = 5, isUnlimited = false, rank = 2 } = options;
    this.botId = botId;
    this.#rank = rank;
    this.#account = account;
    this.#clock = clock;
    this.#left = calls;
    this.#lastsMs = lastsMs;
    this.isUnlimited = isUnlimited;
  }

  get nextRank(): number | null {
    return this.#left > 0 ? this.#rank : null;
  }

  send(calls: number): void {
    this.#left += calls;
    this.pump();
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
  const open = (perSecond: number | null, weights: Readonly<Record<string, number>> = {}) => {
    const clock = new VirtualClock(0);
    const weightOf = (botId: string) => weights[botId] ?? 1;
    const account = new Account({ perSecond, clock, random: () => 0, nodes: null, weightOf });
    const sender = (options: SenderOptions) => new Sender(account, clock, options);
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

  it('lets bots in by their weight', async () => {
    const { clock, sender } = open(40, { heavy: 3 });
    const [light, heavy] = [sender({ calls: 1_000, botId: 'light' }), sender({ calls: 1_000, botId: 'heavy' })];
    light.pump();
    heavy.pump();
    await clock.advance(10_000);
    const [few, many] = [light.startedAt.length, heavy.startedAt.length];
    assert.ok(few + many >= 390 && Math.abs(many - 3 * few) <= 12, `${few} and ${many}`);
  });

  it('lets what is urgent in with the next call, and the others in by a tenth of the flood', async () => {
    const { clock, sender } = open(20);
    const bulk = sender({ calls: 10_000, botId: 'bulk', rank: 5 });
    const urgent = sender({ botId: 'urgent', rank: 0 });
    bulk.pump();
    await clock.advance(5_010);
    const at = clock.monotonic();
    urgent.send(1);
    await clock.advance(1_000);
    const [startedAt = Number.POSITIVE_INFINITY] = urgent.startedAt;
    assert.ok(startedAt - at <= 60, `${startedAt - at} ms at one call in 50 ms`);
    const before = bulk.startedAt.length;
    urgent.send(1_000);
    await clock.advance(10_000);
    const during = bulk.startedAt.length - before;
    assert.ok(during >= 18 && during <= 22, `${during} of 200 beside a flood of urgent ones`);
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
