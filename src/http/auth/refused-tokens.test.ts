import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { BOT, call, sign, startRig, tokenFor } from '../../../test/support/http-rig.ts';
import { Fault } from '../faults.ts';
import { RefusedTokens } from './refused-tokens.ts';
import { UnprovenToken } from './unproven-token.ts';

const MOST = 100;
const KORE = `/api/public/bot/${BOT}/notify/status/ds-00000000-0000-5000-8000-000000000000`;
const NATIVE = `/api/v1/bots/${BOT}/connections`;
const BEHIND_PROXIES = ['127.0.0.0/8'];
const ANOTHER_KEY = createSecretKey(Buffer.from('another-secret-of-more-than-32-bytes-in-all'));

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
    const other = await sign({ sub: 'tester', appId: 'cs-nobody-else' });
    assert.equal((await ask(KORE, forged)).status, 429);
    assert.equal((await ask(KORE, other, '198.51.100.2')).status, 401);
    assert.equal((await ask(NATIVE, other, '198.51.100.2, 127.0.0.3')).status, 401);
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

  describe('of one app from many addresses', () => {
    async function openFor(t: TestContext, app: string) {
      const opened = await open(t, BEHIND_PROXIES);
      const wrong = await sign({ sub: 'tester', appId: app }, { alg: 'HS256' }, ANOTHER_KEY);
      let addresses = 0;
      const fromAnywhere = (path: string, token: string) => {
        addresses += 1;
        return opened.ask(path, token, `203.0.${addresses >> 8}.${addresses & 255}`);
      };
      const fillApp = async () => {
        const replies = await Promise.all(Array.from({ length: MOST }, () => fromAnywhere(NATIVE, wrong)));
        assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([401]));
      };
      return { ...opened, wrong, fromAnywhere, fillApp };
    }

    it('are answered 429 after a hundred, and good ones of that app, and bad ones of others, as ever', async (t) => {
      const { rig, good, wrong, fromAnywhere, fillApp, forged } = await openFor(t, 'cs-both');
      await fillApp();
      const native = await fromAnywhere(NATIVE, wrong);
      assert.deepEqual([native.status, native.headers.get('retry-after')], [429, '61']);
      assert.partialDeepStrictEqual(native.json, { code: 'tokens_limited', status: 429 });
      assert.equal((await fromAnywhere(KORE, wrong)).status, 429);
      assert.equal((await fromAnywhere(NATIVE, good)).status, 200);
      assert.equal(
        (await fromAnywhere(NATIVE, await tokenFor('cs-both', { sub: 'ann' }))).status,
        200,
        'one that was never seen',
      );
      assert.equal((await fromAnywhere(NATIVE, forged)).status, 401, 'of another app');
      rig.clock.advance(120_000);
      assert.equal((await fromAnywhere(NATIVE, wrong)).status, 401);
    });

    it('are told what is wrong with them where the key of the app has signed them', async (t) => {
      const { rig, fromAnywhere, fillApp } = await openFor(t, 'cs-both');
      await fillApp();
      const old = await tokenFor('cs-both', { exp: Math.floor(rig.clock.now() / 1_000) - 60 });
      assert.equal((await fromAnywhere(NATIVE, old)).status, 401);
    });

    it('are counted alike whether there is such an app', async (t) => {
      const { fromAnywhere, forged } = await openFor(t, 'cs-both');
      for (let count = 0; count < MOST; count += 1) assert.equal((await fromAnywhere(NATIVE, forged)).status, 401);
      assert.equal((await fromAnywhere(NATIVE, forged)).status, 429);
    });
  });

  it('count for one where they come from one network of IPv6', async (t) => {
    const { ask } = await open(t, BEHIND_PROXIES);
    const from = (address: string) => ask(NATIVE, 'no token at all', address);
    for (let index = 0; index < MOST; index += 1)
      assert.equal((await from(`2001:db8:0:1:${index.toString(16)}::1`)).status, 401);
    assert.equal((await from('2001:db8:0:1:ffff::1')).status, 429);
    assert.equal((await from('2001:db8:0:2::1')).status, 401);
  });

  it('take no more memory than ten thousand addresses do', () => {
    takeNoMoreMemory((refused, address) => refused.refuse(address, new Fault('token_refused')));
  });

  it('take no more memory than ten thousand apps do', () => {
    let calls = 0;
    takeNoMoreMemory((refused, app) => {
      calls += 1;
      return refused.refuse(`${calls}`, new UnprovenToken(app));
    });
  });

  it('are of no app where what they say is longer than any id', () => {
    const claimed = ['x'.repeat(100), 'x'.repeat(101), 7, undefined].map((id) => new UnprovenToken(id).claimed);
    assert.deepEqual(claimed, ['x'.repeat(100), null, null, null]);
  });

  function takeNoMoreMemory(refuse: (refused: RefusedTokens, whose: string) => never) {
    let now = 0;
    const clock = { now: () => now, monotonic: () => now, after: () => () => {} };
    const refused = new RefusedTokens({ clock, most: 1 });
    const answerTo = (whose: string): string => {
      now += 1;
      try {
        return refuse(refused, whose);
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
  }
});
