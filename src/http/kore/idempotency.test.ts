import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BOT, OTHER_BOT, post, type Reply, type Rig, startRig, tokenFor } from '../../../test/support/http-rig.ts';

const v1 = {
  channel: 'msteams',
  userIdentityType: 'resolve',
  message: { type: 'text', val: 'Hi' },
  identities: ['a@b.c'],
};
const v2 = { channel: 'msteams', message: { type: 'text', value: 'Hi' }, identities: [{ email: 'a@b.c' }] };

describe('Idempotency-Key', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  interface Options {
    readonly route?: string;
    readonly bot?: string;
    readonly app?: string;
    readonly contentType?: string;
  }
  const send = async (key: string, body: unknown = v1, options: Options = {}): Promise<Reply> =>
    post(rig, options.route ?? 'notify', body, {
      token: await tokenFor(options.app ?? 'cs-both'),
      bot: options.bot ?? BOT,
      headers: { 'idempotency-key': key, 'content-type': options.contentType ?? 'application/json' },
    });
  const isReplayed = (reply: Reply): boolean => reply.headers.get('idempotency-replayed') === 'true';

  it('the same request again gets the same bytes and sends nothing new', async () => {
    const first = await send('key-1');
    assert.deepEqual([first.status, isReplayed(first)], [200, false]);
    rig.clock.advance(3_600_000);
    const wakes = rig.wakes();
    const again = await send('key-1');
    assert.deepEqual([again.status, isReplayed(again)], [200, true]);
    assert.equal(again.text, first.text);
    assert.equal(again.headers.get('content-type'), first.headers.get('content-type'));
    assert.equal(rig.wakes(), wakes);
  });

  it('without a key every request is a new one', async () => {
    const [first, second] = [await post(rig, 'notify', v1), await post(rig, 'notify', v1)];
    assert.notEqual(first.text, second.text);
  });

  it('another body, good or bad, under the same key is refused with 422', async () => {
    await send('key-2');
    const others = [{ ...v1, identities: ['other@b.c'] }, JSON.stringify(v1, null, 1), 'not json', ''];
    for (const body of others) {
      const reply = await send('key-2', body);
      assert.deepEqual([reply.status, isReplayed(reply)], [422, false]);
      assert.equal(
        reply.text,
        '{"errors":[{"msg":"Idempotency-Key was used before with a different body","code":422}]}',
      );
    }
    assert.equal((await send('key-2', v1, { contentType: 'application/vnd.api+json' })).status, 422);
    assert.ok(isReplayed(await send('key-2', v1, { contentType: 'Application/Json; charset=utf-8' })));
  });

  it('belongs to one bot, one app and one route', async () => {
    const first = await send('key-3');
    const elsewhere = [
      await send('key-3', v1, { bot: OTHER_BOT }),
      await send('key-3', v1, { app: 'cs-builder' }),
      await send('key-3', v2, { route: 'notifyV2' }),
    ];
    for (const reply of elsewhere) {
      assert.deepEqual([reply.status, isReplayed(reply)], [200, false]);
      assert.notEqual(reply.text, first.text);
    }
  });

  it('is not used up by a request that failed', async () => {
    assert.equal((await send('key-4', '{}')).status, 412);
    assert.equal((await send('key-4', v1, { contentType: 'text/plain' })).status, 415);
    assert.equal((await post(rig, 'notify', v1, { token: 'x', headers: { 'idempotency-key': 'key-4' } })).status, 401);
    const reply = await send('key-4');
    assert.deepEqual([reply.status, isReplayed(reply)], [200, false]);
  });

  it('one of fifty that arrive together is the first, the others are its replays', async () => {
    const replies = await Promise.all(Array.from({ length: 50 }, () => send('race')));
    assert.deepEqual(new Set(replies.map((reply) => `${reply.status} ${reply.text}`)).size, 1);
    assert.equal(replies.filter((reply) => !isReplayed(reply)).length, 1);
  });

  it('one of many different bodies that arrive together wins, the others are refused', async () => {
    const bodies = Array.from({ length: 20 }, (_, i) => ({ ...v1, identities: [`p${i}@b.c`] }));
    const replies = await Promise.all(bodies.map((body) => send('mixed-race', body)));
    assert.equal(replies.filter((reply) => reply.status === 200).length, 1);
    assert.equal(replies.filter((reply) => reply.status === 422).length, 19);
  });

  it('is 1 to 255 visible ASCII characters', async () => {
    for (const key of ['k', 'k'.repeat(255), '"quoted"', '!~']) assert.equal((await send(key)).status, 200, key);
    for (const key of ['k'.repeat(256), 'a b', 'ü', '']) {
      const reply = await send(key);
      assert.equal(reply.status, 412, key);
      assert.match(
        reply.text,
        /Validation errors\/ Invalid arguments: Idempotency-Key: must be 1 to 255 visible ASCII/,
      );
    }
  });

  it('is judged after the token', async () => {
    const reply = await post(rig, 'notify', v1, { token: 'x', headers: { 'idempotency-key': 'a b' } });
    assert.equal(reply.status, 401);
  });
});
