import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Scopes } from './scopes.ts';

const WINDOWS = [
  { calls: 2, ms: 1_000 },
  { calls: 100, ms: 3_600_000 },
];
const scope = (key: string) => ({ key, windows: WINDOWS });

function call(scopes: Scopes, key: string, now: number): void {
  const state = scopes.find(scope(key), now);
  state.start();
  state.end(now);
}

describe('Scopes', () => {
  it('tells one conversation from another', () => {
    const scopes = new Scopes();
    for (const key of ['a', 'a', 'b']) call(scopes, key, 0);
    assert.equal(scopes.find(scope('a'), 0).waitMs(0), 1_000);
    assert.equal(scopes.find(scope('b'), 0).waitMs(0), 0);
  });

  it('counts calls by another name of the same', () => {
    const scopes = new Scopes();
    call(scopes, '29:jane', 0);
    scopes.alias(scope('a:conversation'), scopes.find(scope('29:jane'), 0));
    call(scopes, 'a:conversation', 0);
    assert.equal(scopes.find(scope('29:jane'), 0).waitMs(0), 1_000);
  });

  it('does not forget one that was handed out and is not called yet', () => {
    const scopes = new Scopes();
    const first = scopes.find(scope('a'), 0);
    scopes.find(scope('b'), 0);
    assert.equal(scopes.find(scope('a'), 0), first);
  });

  it('forgets those whose windows are empty', () => {
    const scopes = new Scopes();
    for (let key = 0; key < 1_000; key += 1) call(scopes, `old-${key}`, 0);
    for (let key = 0; key < 1_000; key += 1) call(scopes, `new-${key}`, 3_600_000);
    assert.ok(scopes.size <= 1_001, `${scopes.size}`);
  });

  it('stays small under a million conversations, and keeps what short windows need', () => {
    const scopes = new Scopes({ max: 1_000 });
    let now = 0;
    for (let key = 0; key < 1_000_000; key += 1) {
      now = key * 100;
      call(scopes, `${key}`, now);
    }
    assert.ok(scopes.size <= 1_001, `${scopes.size}`);
    for (const key of [999_998, 999_999]) call(scopes, `${key}`, now);
    assert.ok(scopes.find(scope('999999'), now).waitMs(now) > 0);
  });

  it('keeps those that are busy, and stays small beside them', () => {
    const scopes = new Scopes({ max: 100 });
    const busy = ['one', 'two', 'three'];
    for (let step = 0; step < 50; step += 1) for (const key of busy) call(scopes, key, step * 1_000);
    for (let key = 0; key < 10_000; key += 1) call(scopes, `${key}`, 50_000 + key * 100);
    assert.ok(scopes.size <= 1_000, `${scopes.size}`);
    for (let step = 0; step < 50; step += 1) for (const key of busy) call(scopes, key, 1_050_000 + step * 1_000);
    for (const key of busy)
      assert.ok(scopes.find(scope(key), 1_200_000).waitMs(1_200_000) > 0, 'a hundred in the hour');
  });
});
