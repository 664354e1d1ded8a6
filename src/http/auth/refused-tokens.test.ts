import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { BOT, call, sign, startRig, tokenFor } from '../../../test/support/http-rig.ts';
import { Fault } from '../faults.ts';
import { RefusedTokens } from './refused-tokens.ts';

const MOST = 100;
const KORE = `/api/public/bot/${BOT}/notify/status/ds-00000000-0000-5000-8000-000000000000`;
const NATIVE = `/api/v1/bots/${BOT}/connections`;
const BEHIND_PROXIES = ['127.0.0.0/8'];

describe('tokens that are refused', () => {
  async function open(t: TestContext, trustProxy: readonly string[] = []) {
    const rig = await startRig({ maxRefusedTokens: MOST, trustProxy });
    t.after(() => rig.close());
    const forged = await sign({ sub: 'tester', appId: 'cs-nobody' });
    const ask = (path: string, token: string, address = '198.51.100.1') =>
      call(rig, path, { headers: { auth: token, 'x-forwarded-for': address } });
    const fill = async () => {
      const replies = await Promise.all(Array.from({ length: MOST }, () => ask(KORE, forged)));
      assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([401]));
    };
    return { rig, forged, ask, fill, good: await tokenFor('cs-both') };
  }

  it('a hundred times from one address are answered 429 from then on, and good ones as ever', async (t) => {
    const { forged, ask, fill, good } = await open(t);
    await fill();
    const kore = await ask(KORE, forged);
    assert.deepEqual([kore.status, kore.headers.get('retry-after')], [429, '61']);
    assert.deepEqual(kore.json, { errors: [{ msg: 'Too Many Requests', code: 429 }] });
    const native = await ask(NATIVE, 'no token at all');
    assert.deepEqual([native.status, native.headers.get('retry-after')], [429, '61']);
    assert.partialDeepStrictEqual(native.json, { code: 'tokens_limited', status: 429 });
    assert.equal((await ask(NATIVE, good)).status, 200);
    assert.equal((await ask(KORE, good)).status, 400, 'looked for, and not found');
    assert.equal((await ask(NATIVE, '')).status, 401, 'who shows none guesses nothing');
    assert.equal((await ask(KORE, forged, '198.51.100.2')).status, 429, 'nobody is believed about where they are');
  });

  it('are counted by the address that a trusted proxy tells', async (t) => {
    const { forged, ask, fill, good } = await open(t, BEHIND_PROXIES);
    await fill();
    assert.equal((await ask(KORE, forged)).status, 429);
    assert.equal((await ask(KORE, forged, '198.51.100.2')).status, 401);
    assert.equal((await ask(NATIVE, forged, '198.51.100.2, 127.0.0.3')).status, 401);
    assert.equal((await ask(NATIVE, good)).status, 200);
  });

  it('are told again what is wrong with them when they waited as they were told', async (t) => {
    const { rig, forged, ask, fill } = await open(t);
    await fill();
    rig.clock.advance(59_000);
    assert.equal((await ask(KORE, forged)).headers.get('retry-after'), '2');
    rig.clock.advance(1_600);
    assert.equal((await ask(KORE, forged)).status, 401);
    const next = await ask(KORE, forged);
    assert.deepEqual([next.status, next.headers.get('retry-after')], [429, '1'], 'one after the other');
    rig.clock.advance(120_000);
    await fill();
    assert.equal((await ask(KORE, forged)).status, 429);
  });

  it('take no more memory than ten thousand addresses do', () => {
    let now = 0;
    const clock = { now: () => now, monotonic: () => now, after: () => () => {} };
    const refused = new RefusedTokens({ clock, most: 1 });
    const answerTo = (address: string): string => {
      now += 1;
      try {
        return refused.refuse(address, new Fault('token_refused'));
      } catch (error) {
        assert.ok(error instanceof Fault);
        return error.fault;
      }
    };
    assert.deepEqual(
      [answerTo('a'), answerTo('b'), answerTo('a')],
      ['token_refused', 'token_refused', 'tokens_limited'],
    );
    for (let index = 0; index < 9_999; index += 1) assert.equal(answerTo(`${index}`), 'token_refused');
    assert.equal(answerTo('a'), 'tokens_limited', 'refused after b');
    assert.equal(answerTo('b'), 'token_refused', 'forgotten');
  });
});
