import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findSampleChannel } from '../../test/support/people.ts';
import { systemClock } from '../model/clock.ts';
import { randomId } from '../model/ids.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/port.ts';
import { exportPeople } from './export-people.ts';
import { importPeople } from './import-people.ts';

const botId = randomId('st');
const PEOPLE = 1_050;
let store: Store;

before(async () => {
  store = await openStore('sqlite::memory:', { clock: systemClock });
  const lines = Array.from({ length: PEOPLE }, (_, i) => `{"email":"p${i}@x.org"}\n`);
  async function* open() {
    yield Buffer.from(lines.join(''));
  }
  const request = { store, botId, open, clock: systemClock, findChannel: findSampleChannel };
  await importPeople({ ...request, format: 'ndjson', onError: 'skip' });
});
after(() => store.close());

test('exports everybody once, a page at a time and no page ahead', async () => {
  let pages = 0;
  const counting = {
    listPeople(page: Parameters<Store['listPeople']>[0]) {
      pages += 1;
      return store.listPeople(page);
    },
  };
  const emails: string[] = [];
  let parts = 0;
  for await (const part of exportPeople({ store: counting, botId, format: 'ndjson', findChannel: findSampleChannel })) {
    parts += 1;
    assert.equal(pages, parts);
    for (const line of part.trimEnd().split('\n')) emails.push(JSON.parse(line).email);
  }
  assert.deepEqual([emails.length, new Set(emails).size, parts], [PEOPLE, PEOPLE, Math.ceil(PEOPLE / 200)]);
});

for (const format of ['ndjson', 'csv'] as const) {
  test(`${format}: lets other work run between pages, however fast they are read`, async () => {
    let parts = 0;
    let isOver = false;
    const seen = new Set<number>();
    const bystander = (async () => {
      while (!isOver) {
        await new Promise((resolve) => setImmediate(resolve));
        seen.add(parts);
      }
    })();
    for await (const _ of exportPeople({ store, botId, format, findChannel: findSampleChannel })) parts += 1;
    isOver = true;
    await bystander;
    assert.ok(seen.size >= Math.ceil(PEOPLE / 200) - 1, `${seen.size} looks at ${parts} parts`);
  });
}
