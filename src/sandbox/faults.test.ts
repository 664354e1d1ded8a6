import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultBook, type FaultRule, type FaultTarget } from './faults.ts';

const HANG = { kind: 'hang' } as const;
const RESET = { kind: 'reset' } as const;
const target = (recipient: string | null, route = 'send'): FaultTarget => ({ provider: 'teams', route, recipient });

const MATCHES: readonly (readonly [filter: Omit<FaultRule, 'fault'>, target: FaultTarget, strikes: boolean])[] = [
  [{}, target(null), true],
  [{ provider: 'teams' }, target('29:jane'), true],
  [{ provider: 'slack' }, target('29:jane'), false],
  [{ route: 'send' }, target('29:jane'), true],
  [{ route: 'create' }, target('29:jane'), false],
  [{ recipient: '29:jane' }, target('29:jane'), true],
  [{ recipient: '29:jane' }, target('29:jane2'), false],
  [{ recipient: '29:jane' }, target(null), false],
  [{ recipient: '29:j*' }, target('29:jane'), true],
  [{ recipient: '29:j?ne' }, target('29:jane'), true],
  [{ recipient: '29.j*' }, target('29:jane'), false],
  [{ recipient: '*' }, target(null), false],
  [{ recipient: '29:jane', provider: 'slack' }, target('29:jane'), false],
];

for (const [filter, call, strikes] of MATCHES) {
  test(`${JSON.stringify(filter)} ${strikes ? 'strikes' : 'spares'} ${call.route} to ${call.recipient}`, () => {
    const book = new FaultBook(1);
    book.add({ ...filter, fault: HANG });
    assert.equal(book.strike(call), strikes ? HANG : null);
  });
}

test('a rule with times strikes that often, over all or for each recipient', () => {
  const book = new FaultBook(1);
  book.add({ times: 2, fault: HANG });
  assert.deepEqual(strikeEach(book, ['a', 'b', 'c']), [HANG, HANG, null]);
  book.set([{ times: 1, perRecipient: true, fault: HANG }]);
  assert.deepEqual(strikeEach(book, ['a', 'b', 'a', 'b']), [HANG, HANG, null, null]);
  assert.equal(book.list()[0]?.hits, 2);
});

test('rules naming the recipient come first, then the order of adding; a spent rule gives way', () => {
  const book = new FaultBook(1);
  book.set([
    { recipient: '*', fault: HANG },
    { recipient: 'a', times: 1, fault: RESET },
  ]);
  assert.deepEqual(strikeEach(book, ['a', 'a', 'b']), [RESET, HANG, HANG]);
});

test('a rate strikes its share, the same calls for the same seed in whatever order they come', () => {
  const people = Array.from({ length: 2000 }, (_, index) => `29:${index}`);
  const struckBy = (seed: number, order: readonly string[]) => {
    const book = new FaultBook(seed);
    book.add({ rate: 0.1, fault: HANG });
    return order.filter((recipient) => book.strike(target(recipient)) !== null).sort();
  };
  const struck = struckBy(7, people);
  assert.ok(struck.length > 150 && struck.length < 250, `${struck.length} of 2,000`);
  assert.deepEqual(struckBy(7, people.toReversed()), struck);
  assert.notDeepEqual(struckBy(8, people), struck);
});

test('a rate draws anew for each call of a recipient', () => {
  const book = new FaultBook(1);
  book.add({ rate: 0.5, fault: HANG });
  const struck = strikeEach(book, Array(200).fill('a')).filter((fault) => fault !== null);
  assert.ok(struck.length > 60 && struck.length < 140, `${struck.length} of 200`);
});

test('rules are listed with their hits and removed by id', () => {
  const book = new FaultBook(1);
  const [first = '', second = ''] = book.set([{ recipient: 'a', fault: HANG }, { fault: RESET }]);
  strikeEach(book, ['a', 'b', 'c']);
  assert.deepEqual(book.list(), [
    { id: first, recipient: 'a', fault: HANG, hits: 1 },
    { id: second, fault: RESET, hits: 2 },
  ]);
  assert.equal(book.remove(first), true);
  assert.equal(book.remove(first), false);
  assert.equal(book.strike(target('a')), RESET);
  book.clear();
  assert.equal(book.strike(target('a')), null);
});

test('rules are copied: what the caller does to its object later changes nothing', () => {
  const book = new FaultBook(1);
  const rule = { times: 1, fault: HANG };
  book.add(rule);
  rule.times = 9;
  assert.deepEqual(strikeEach(book, ['a', 'a']), [HANG, null]);
});

function strikeEach(book: FaultBook, recipients: readonly string[]) {
  return recipients.map((recipient) => book.strike(target(recipient)));
}
