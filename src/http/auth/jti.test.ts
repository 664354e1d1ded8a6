import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BOT, call, type Reply, type Rig, START, sign, startRig, tokenFor } from '../../../test/support/http-rig.ts';

const TOO_LONG =
  '{"errors":[{"msg":"error verifying the jwt: if \\"jti\\" claim \\"exp\\" must be <= 1 hour(s)","code":401}]}';
const REPLAY = '{"errors":[{"msg":"error verifying the jwt: possibly a replay","code":401}]}';
const ADMITTED = '{"errors":[{"msg":"Invalid request ID","code":400}]}';
const now = Math.floor(START / 1000);

describe('jti', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  const present = async (token: string, on = rig): Promise<Reply> =>
    call(on, `/api/public/bot/${BOT}/notify/status/ds-unknown`, { headers: { auth: token } });

  it('works once and never again, whoever enforces it', async () => {
    for (const app of ['cs-jti', 'cs-builder']) {
      const token = await tokenFor(app, { jti: 'once', exp: now + 600 });
      assert.equal((await present(token)).text, ADMITTED);
      const again = await present(token);
      assert.deepEqual([again.status, again.text], [401, REPLAY]);
    }
  });

  it('is refused in another token too, and kore_jti stands for it', async () => {
    assert.equal((await present(await tokenFor('cs-jti', { jti: 'shared', exp: now + 60 }))).text, ADMITTED);
    assert.equal((await present(await tokenFor('cs-jti', { jti: 'shared', exp: now + 61 }))).text, REPLAY);
    assert.equal(
      (await present(await tokenFor('cs-jti', { jti: 'idp', kore_jti: 'shared', exp: now + 60 }))).text,
      REPLAY,
    );
    assert.equal((await present(await tokenFor('cs-jti', { kore_jti: 'own', exp: now + 60 }))).text, ADMITTED);
  });

  it('lives an hour at most, give or take the leeway', async () => {
    const life = async (seconds: number) =>
      (await present(await tokenFor('cs-jti', { jti: `life ${seconds}`, exp: now + seconds }))).text;
    assert.equal(await life(3600), ADMITTED);
    assert.equal(await life(3605), ADMITTED);
    assert.equal(await life(3606), TOO_LONG);
    assert.equal(await life(86_400), TOO_LONG);
  });

  it('needs an exp, and an app may insist on a jti', async () => {
    assert.equal((await present(await tokenFor('cs-jti', { jti: 'no exp' }))).text, TOO_LONG);
    const without = await present(await tokenFor('cs-jti', { exp: now + 60 }));
    assert.equal(without.status, 401);
    assert.match(without.text, /error verifying the jwt: \\"jti\\" claim is required.*"code":401/);
  });

  it('is burnt by an honest token only', async () => {
    const honest = await tokenFor('cs-jti', { jti: 'honest', exp: now + 60 });
    const [header, payload, signature] = honest.split('.');
    const forged = `${header}.${payload}.${signature?.split('').reverse().join('')}`;
    assert.equal((await present(forged)).status, 401);
    assert.equal((await present(await sign({ appId: 'cs-jti', jti: 'honest', exp: now - 60 }))).status, 401);
    assert.equal((await present(honest)).text, ADMITTED);
  });

  it('lets exactly one of a hundred copies through that arrive together', async () => {
    const token = await tokenFor('cs-jti', { jti: 'race', exp: now + 60 });
    const replies = await Promise.all(Array.from({ length: 100 }, () => present(token)));
    assert.equal(replies.filter((reply) => reply.text === ADMITTED).length, 1);
    assert.equal(replies.filter((reply) => reply.text === REPLAY).length, 99);
  });

  it('is remembered over a restart', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'beckon-jti-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const database = `sqlite:${join(folder, 'beckon.db')}`;
    const token = await tokenFor('cs-jti', { jti: 'restart', exp: now + 60 });
    const first = await startRig({ database });
    const firstText = (await present(token, first)).text;
    await first.close();
    assert.equal(firstText, ADMITTED);
    const second = await startRig({ database });
    t.after(() => second.close());
    assert.equal((await present(token, second)).text, REPLAY);
  });
});
