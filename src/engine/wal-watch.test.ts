import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { sample } from '../store/exam-samples.ts';
import { openStore } from '../store/open.ts';
import { StoreFull, StoreUnavailable } from '../store/port/errors.ts';
import type { WalState } from '../store/port/upkeep.ts';
import { watchWal } from './wal-watch.ts';

const MB = 1024 * 1024;
const READER = 'process 7 (sqlite3)';

/** A log whose length and readers are the test's to say. */
async function openWatch() {
  const clock = new VirtualClock();
  const machine: { wal: WalState; isAway: boolean } = { wal: { bytes: 0, heldBy: null }, isAway: false };
  const lines: string[] = [];
  const add = (event: string, { detail }: { readonly detail?: unknown } = {}) => lines.push(`${event}: ${detail}`);
  const tidyWal = async () => {
    if (machine.isAway) throw new StoreUnavailable('away');
    return machine.wal;
  };
  const watch = watchWal({
    store: { kind: 'sqlite', tidyWal },
    clock,
    logger: { info: add, warn: add, error: assert.fail },
    maxBytes: 256 * MB,
  });
  const doorway = watch.guard(await openStore('sqlite::memory:', { clock }));
  return {
    clock,
    machine,
    lines,
    watch,
    doorway,
    async see(megabytes: number, heldBy: WalState['heldBy']) {
      machine.wal = { bytes: megabytes * MB, heldBy };
      await clock.advance(1_000);
    },
  };
}

describe('watching the write-ahead log', () => {
  it('tells of a read that does not end once a minute, of the doors it closes, and of its end', async () => {
    const { clock, lines, see, watch } = await openWatch();
    await see(63, null);
    await see(64, [READER]);
    await clock.advance(50_000);
    await see(192, [READER]);
    await clock.advance(70_000);
    await see(0, null);
    await clock.advance(70_000);
    const why = `because of a read that does not end in ${READER}: end that program`;
    assert.deepEqual(lines, [
      `write-ahead log held: 64 MB long, ${why}`,
      `new notifications refused: 192 MB long, ${why}`,
      `new notifications refused: 192 MB long, ${why}`,
      'write-ahead log freed: 0 MB long',
    ]);
    watch.stop();
  });

  it('says so when the program cannot be seen', async () => {
    const { lines, see, watch } = await openWatch();
    await see(100, []);
    assert.match(lines.join(), /in a program that cannot be seen from here: end that program/);
    watch.stop();
  });

  it('takes nothing new from three quarters on, for as long as it is held', async () => {
    const { see, doorway, watch } = await openWatch();
    const states: readonly (readonly [number, WalState['heldBy'], boolean])[] = [
      [191, [READER], true],
      [192, [READER], false],
      [500, [], false],
      // A long log is no fault while it can be emptied.
      [500, null, true],
    ];
    for (const [megabytes, heldBy, isTaken] of states) {
      await see(megabytes, heldBy);
      const calls = [() => doorway.accept(sample({})), () => doorway.upsertPeople({ people: [] })];
      for (const call of calls) {
        if (isTaken) await call();
        else await assert.rejects(call, StoreFull);
      }
      assert.deepEqual(watch.describe(), { bytes: megabytes * MB, heldBy, isFull: !isTaken });
    }
    watch.stop();
  });

  it('goes by what it saw last while the file cannot be read', async () => {
    const { clock, machine, see, doorway, watch } = await openWatch();
    await see(192, [READER]);
    machine.isAway = true;
    await clock.advance(10_000);
    await assert.rejects(doorway.accept(sample({})), StoreFull);
    watch.stop();
  });

  it('has nothing to look at on PostgreSQL', async () => {
    const { clock } = await openWatch();
    const watch = watchWal({
      store: { kind: 'postgres', tidyWal: async () => assert.fail() },
      clock,
      logger: { info: assert.fail, warn: assert.fail, error: assert.fail },
      maxBytes: 1,
    });
    await clock.advance(1_000);
    assert.equal(watch.describe(), null);
    watch.stop();
  });
});
