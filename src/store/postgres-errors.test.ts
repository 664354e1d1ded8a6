import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StoreUnavailable } from './port/errors.ts';
import { unavailable } from './postgres-errors.ts';

describe('what PostgreSQL and its driver throw', () => {
  const cases: readonly [Error, string][] = [
    [Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [Object.assign(new Error('the database system is shutting down'), { code: '57P03' }), '57P03'],
    [new Error('timeout exceeded when trying to connect'), 'no answer in time'],
    [new Error('Query read timeout'), 'no answer in time'],
    [new Error('Connection terminated unexpectedly'), 'connection lost'],
  ];
  for (const [error, why] of cases) {
    it(`${error.message}: ${why}`, () => {
      const mapped = unavailable(error);
      assert.ok(mapped instanceof StoreUnavailable);
      assert.equal(mapped.message, `PostgreSQL cannot be reached: ${why}`);
    });
  }

  it('a fault of a statement stays what it is', () => {
    const error = Object.assign(new Error('duplicate key'), { code: '23505' });
    assert.equal(unavailable(error), error);
  });
});
