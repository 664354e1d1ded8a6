import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSampleChannel } from '../../test/support/people.ts';
import { systemClock } from '../model/clock.ts';
import { personId, randomId } from '../model/ids.ts';
import type { Person } from '../model/person.ts';
import { openStore } from '../store/open.ts';
import { CHUNK_SIZE, type ImportRequest, importPeople, MAX_REPORTED_ERRORS, type OnError } from './import-people.ts';

const botId = randomId('st');

/** Lines made while they are read, so that the test's own memory says nothing. Every `badEvery`-th is bad. */
async function* lines(count: number, badEvery = 0): AsyncGenerator<Uint8Array> {
  const perChunk = 100;
  for (let first = 1; first <= count; first += perChunk) {
    const numbers = Array.from({ length: Math.min(perChunk, count - first + 1) }, (_, i) => first + i);
    const isBad = (number: number) => badEvery > 0 && number % badEvery === 0;
    const text = numbers.map((number) =>
      isBad(number) ? '{"email":"bad"}\n' : `{"email":"p${number}@example.com"}\n`,
    );
    yield Buffer.from(text.join(''));
  }
}

const textOf = (text: string) =>
  async function* open() {
    yield Buffer.from(text);
  };

function importing(over: Partial<ImportRequest> & Pick<ImportRequest, 'store' | 'open'>) {
  const fixed = {
    clock: systemClock,
    botId,
    format: 'ndjson',
    findChannel: findSampleChannel,
    onError: 'skip',
  } as const;
  return importPeople({ ...fixed, ...over });
}

test('imports into a store, and again without a change', async () => {
  const store = await openStore('sqlite::memory:', { clock: systemClock });
  for (let round = 0; round < 2; round++) {
    const report = await importing({ store, open: () => lines(1_234) });
    assert.deepEqual(report, { read: 1_234, imported: 1_234, bad: 0, errors: [] });
    assert.equal((await store.listPeople({ botId, afterId: '', limit: 5_000 })).length, 1_234);
  }
  const person = await store.findPerson({ botId, personId: personId(botId, 'p1234@example.com') });
  assert.equal(person?.email, 'p1234@example.com');
  await store.close();
});

test('skip imports the good lines and reports the bad ones by number', async () => {
  const sink = countingSink();
  const report = await importing({ store: sink, open: () => lines(1_000, 300) });
  const message = '"bad" is not an e-mail address';
  const errors = [300, 600, 900].map((line) => ({ line, field: 'email', message }));
  assert.deepEqual(report, { read: 1_000, imported: 997, bad: 3, errors });
  assert.equal(sink.people, 997);
});

test('abort writes nothing when the last line is bad', async () => {
  const sink = countingSink();
  const report = await importing({ store: sink, open: () => lines(2_000, 2_000), onError: 'abort' });
  assert.deepEqual({ ...report, errors: report.errors.length }, { read: 2_000, imported: 0, bad: 1, errors: 1 });
  assert.equal(sink.calls, 0);
});

test('abort imports everything when every line is good', async () => {
  const sink = countingSink();
  const report = await importing({ store: sink, open: () => lines(2_000), onError: 'abort' });
  assert.deepEqual(report, { read: 2_000, imported: 2_000, bad: 0, errors: [] });
  assert.equal(sink.people, 2_000);
});

for (const onError of ['skip', 'abort'] satisfies OnError[]) {
  test(`${onError}: errors are cut at the limit, the total is not`, async () => {
    const report = await importing({ store: countingSink(), open: () => lines(5_000, 1), onError });
    assert.deepEqual({ ...report, errors: 0 }, { read: 5_000, imported: 0, bad: 5_000, errors: 0 });
    assert.equal(report.errors.length, MAX_REPORTED_ERRORS);
    assert.equal(report.errors.at(-1)?.line, MAX_REPORTED_ERRORS);
  });
}

test('the same person twice goes in twice, in order', async () => {
  const sink = countingSink();
  const open = textOf('{"email":"a@b.c","name":"old"}\n{"email":"A@b.c","name":"new"}\n{"email":"d@b.c"}\n');
  await importing({ store: sink, open });
  assert.deepEqual(
    sink.chunks.map((chunk) => chunk.map((person) => person.name)),
    [['old'], ['new', null]],
  );
});

test('never holds more than a chunk, and one transaction at a time', async () => {
  const sink = countingSink();
  await importing({ store: sink, open: () => lines(20_000) });
  assert.equal(sink.people, 20_000);
  assert.equal(sink.mostAtOnce, 1);
  assert.equal(sink.largest, CHUNK_SIZE);
});

test('reads no further than the chunk it writes', async () => {
  let taken = 0;
  const sink = countingSink();
  let furthest = 0;
  const store = {
    upsertPeople(request: { readonly people: readonly Person[] }) {
      furthest = Math.max(furthest, taken - sink.people - request.people.length);
      return sink.upsertPeople(request);
    },
  };
  async function* counted() {
    for await (const chunk of lines(20_000)) {
      taken += 100;
      yield chunk;
    }
  }
  await importing({ store, open: counted });
  assert.ok(furthest <= 100, `${furthest} people were read ahead`);
});

test('lets other work run between transactions, however fast the store is', async () => {
  let calls = 0;
  let isOver = false;
  const seen = new Set<number>();
  const store = {
    async upsertPeople() {
      calls += 1;
    },
  };
  const bystander = (async () => {
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      seen.add(calls);
    }
  })();
  await importing({ store, open: () => lines(10_000) });
  isOver = true;
  await bystander;
  assert.ok(seen.size >= calls, `${seen.size} looks at ${calls} transactions`);
});

test('tells how far it is after each transaction', async () => {
  const told: number[] = [];
  const sink = countingSink();
  await importing({ store: sink, open: () => lines(3_000), onProgress: (report) => told.push(report.imported) });
  assert.equal(told.length, sink.calls);
  assert.equal(told.at(-1), 3_000);
});

test('a store that fails midway ends the import with its error', async () => {
  const sink = countingSink();
  const store = {
    async upsertPeople(request: { readonly people: readonly Person[] }) {
      if (sink.calls === 3) throw new Error('disk gone');
      await sink.upsertPeople(request);
    },
  };
  await assert.rejects(importing({ store, open: () => lines(5_000) }), /disk gone/);
  assert.equal(sink.calls, 3);
});

function countingSink() {
  const sink = {
    calls: 0,
    people: 0,
    largest: 0,
    mostAtOnce: 0,
    chunks: [] as Person[][],
    async upsertPeople({ people }: { readonly people: readonly Person[] }): Promise<void> {
      atOnce += 1;
      sink.mostAtOnce = Math.max(sink.mostAtOnce, atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      atOnce -= 1;
      sink.calls += 1;
      sink.people += people.length;
      sink.largest = Math.max(sink.largest, people.length);
      sink.chunks.push([...people]);
    },
  };
  let atOnce = 0;
  return sink;
}
