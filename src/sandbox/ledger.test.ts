import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ledger, type Processed } from './ledger.ts';
import { openManualClock } from './test-rig.ts';

function send(recipient: string, change: Partial<Processed> = {}): Processed {
  return {
    provider: 'teams',
    action: 'send',
    recipient,
    conversation: `a:${recipient}`,
    key: null,
    messageId: '1',
    text: 'hello',
    signature: null,
    body: '{"text":"hello"}',
    ...change,
  };
}

function openLedger(mode: 'full' | 'counts' = 'full'): Ledger {
  return new Ledger(mode, openManualClock());
}

test('entries come in order, filtered, in pages', () => {
  const ledger = openLedger();
  for (let index = 0; index < 10; index++) ledger.record(send(`p${index % 2}`));
  ledger.record(send('p0', { provider: 'slack' }));
  const seqs = (filter: Parameters<Ledger['entries']>[0]) => ledger.entries(filter).map(({ seq }) => seq);
  assert.deepEqual(seqs({ after: 0, limit: 3 }), [1, 2, 3]);
  assert.deepEqual(seqs({ after: 3, limit: 3, recipient: 'p0' }), [5, 7, 9]);
  assert.deepEqual(seqs({ after: 9, recipient: 'p0' }), [11]);
  assert.deepEqual(seqs({ provider: 'slack' }), [11]);
  assert.deepEqual(seqs({ after: 11 }), []);
});

test('counts are by provider and recipient; updates, deletions and replays do not count', () => {
  const ledger = openLedger();
  ledger.record(send('a'));
  ledger.record(send('a', { action: 'update' }));
  ledger.record(send('a', { action: 'delete' }));
  ledger.record(send('a', { provider: 'hooks', key: 'k' }));
  ledger.record(send('a', { provider: 'hooks', key: 'k' }));
  ledger.record(send('a', { provider: 'hooks', key: 'k', conversation: 'another hook' }));
  assert.deepEqual(ledger.counts(), { total: 3, replays: 1, recipients: { teams: { a: 1 }, hooks: { a: 2 } } });
  assert.deepEqual(ledger.counts('teams'), { total: 1, replays: 0, recipients: { teams: { a: 1 } } });
  assert.deepEqual([ledger.total(), ledger.total('hooks'), ledger.total('slack')], [3, 2, 0]);
  ledger.clear();
  assert.deepEqual(ledger.counts(), { total: 0, replays: 0, recipients: {} });
});

test('recipients named like members of an object are just recipients', () => {
  const ledger = openLedger();
  ledger.record(send('__proto__'));
  ledger.record(send('constructor'));
  assert.equal(JSON.stringify(ledger.counts().recipients.teams), '{"__proto__":1,"constructor":1}');
});

test('mode counts keeps numbers only, and still tells replays', () => {
  const ledger = openLedger('counts');
  for (const key of ['k', 'k', 'l']) ledger.record(send('a', { key }));
  assert.deepEqual(ledger.entries(), []);
  assert.deepEqual(ledger.counts(), { total: 2, replays: 1, recipients: { teams: { a: 2 } } });
});

test('old bodies make room for new ones; hashes and texts stay', () => {
  const ledger = openLedger();
  const body = 'x'.repeat(1024 * 1024);
  for (let index = 0; index < 20; index++) ledger.record(send('a', { body, text: 'y'.repeat(2000) }));
  const entries = ledger.entries();
  assert.deepEqual(
    entries.map(({ body }) => body !== null),
    Array.from({ length: 20 }, (_, index) => index >= 4),
  );
  assert.ok(entries.every(({ bodyHash, text }) => bodyHash.length === 40 && text?.length === 1000));
});

test('the last word about a message is found', () => {
  const ledger = openLedger();
  ledger.record(send('a', { messageId: '7' }));
  ledger.record(send('a', { messageId: '7', action: 'delete' }));
  assert.equal(ledger.lastAbout('teams', 'a:a', '7')?.action, 'delete');
  assert.equal(ledger.lastAbout('teams', 'a:b', '7'), null);
  assert.equal(ledger.lastAbout('slack', 'a:a', '7'), null);
});
