import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkLease, whyNoSpin } from './model/spin.ts';

describe('the model of the lease protocol', { skip: whyNoSpin() ?? false }, () => {
  it('keeps its promises in every state', (test) => {
    const { states, broken } = checkLease();
    test.diagnostic(`${states} states`);
    assert.equal(broken, null);
    assert.ok(states > 100_000, `only ${states} states were looked at`);
  });

  it('breaks one without the fence (negative control)', () => {
    assert.match(checkLease('NO_FENCE').broken ?? '', /assertion violated \(token==mine\)/);
  });
});
