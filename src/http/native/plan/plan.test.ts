import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BOT, call, OTHER_BOT, type Reply, type Rig, startRig, tokenFor } from '../../../../test/support/http-rig.ts';
import { assertProblem, documentOf } from '../../../../test/support/problems.ts';
import { connectionId, randomId } from '../../../model/ids.ts';

const WORDS = { channel: 'msteams', message: { type: 'text', val: 'Hello' } };
const HOUR_MS = 3_600_000;

describe('a plan', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
    const people = ['ann', 'bob', 'cid'].map((name) => ({
      email: `${name}@abc.com`,
      tags: ['staff'],
      addresses: name === 'cid' ? [] : [{ channel: 'msteams', channelId: `29:${name}` }],
    }));
    await rig.app.ready();
    const headers = { 'content-type': 'application/x-ndjson', auth: await tokenFor('cs-both') };
    const body = people.map((one) => JSON.stringify(one)).join('\n');
    await call(rig, `/api/v1/bots/${BOT}/people`, { method: 'PUT', headers, body });
  });
  after(() => rig.close());

  const post = async (path: string, body: unknown, bot = BOT, app = 'cs-both') =>
    call(rig, `/api/v1/bots/${bot}/notifications${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', auth: await tokenFor(app) },
      body: JSON.stringify(body),
    });
  const show = async (id: string) =>
    call(rig, `/api/v1/bots/${BOT}/notifications/${id}`, { headers: { auth: await tokenFor('cs-both') } });
  const plan = async (more: object): Promise<string> => {
    const reply = await post('/preflight', { ...WORDS, ...more });
    assert.equal(reply.status, 200, reply.text);
    return String(documentOf(reply)['planId']);
  };
  const idOf = (reply: Reply): string => String(documentOf(reply)['id']);

  it('is not made where it is not to be kept, however often that is asked', async () => {
    const list = { ...WORDS, recipients: ['ann@abc.com', 'cid@abc.com'] };
    const replies = await Promise.all(Array.from({ length: 120 }, () => post('/preflight?keep=false', list)));
    const expected = {
      planId: null,
      isComplete: true,
      recipients: 2,
      rehearsed: 2,
      ready: 1,
      reasons: { not_associated: 1 },
    };
    for (const { json } of replies) assert.partialDeepStrictEqual(json, expected);
    const excluding = await post('/preflight?keep=false', { ...list, exclude: { identities: ['ann@abc.com'] } });
    assertProblem(excluding, 400, 'body_invalid');
    const filtered = { ...WORDS, recipients: { filter: { everybody: true } } };
    assertProblem(await post('/preflight?keep=false', filtered), 400, 'body_invalid');
  });

  it('is what a preflight found, is sent to nobody before it is launched, and then once', async () => {
    const recipients = { filter: { tags: { any: ['staff'] } } };
    const told = await post('/preflight', { ...WORDS, recipients, exclude: { identities: ['bob@abc.com'] } });
    assert.partialDeepStrictEqual(told.json, {
      isComplete: true,
      recipients: 3,
      rehearsed: 2,
      ready: 1,
      reasons: { excluded: 1, not_associated: 1 },
      planExpiresAt: new Date(rig.clock.now() + HOUR_MS).toISOString(),
    });
    const planId = String(documentOf(told)['planId']);
    assert.partialDeepStrictEqual((await show(planId)).json, { state: 'planned', counts: { total: 3, pending: 2 } });
    const { planId: again, ...same } = documentOf(await post('/preflight', { planId }));
    const { planId: _, ...first } = documentOf(told);
    assert.deepEqual([again, same], [planId, first]);

    const headers = { 'content-type': 'application/x-ndjson', auth: await tokenFor('cs-both') };
    const late = JSON.stringify({ email: 'late@abc.com', tags: ['staff'] });
    await call(rig, `/api/v1/bots/${BOT}/people`, { method: 'PUT', headers, body: late });
    const heads = await rig.store.findAuditHead({ botId: BOT });
    const launched = await post('', { planId });
    assert.deepEqual(
      [launched.status, launched.headers.get('location')],
      [202, `/api/v1/bots/${BOT}/notifications/${planId}`],
    );
    assert.partialDeepStrictEqual(launched.json, { id: planId, state: 'sending', counts: { total: 3, pending: 2 } });
    assert.deepEqual((await post('', { planId })).json, launched.json);
    const { seq } = await rig.store.findAuditHead({ botId: BOT });
    assert.equal(seq - heads.seq, 1);
    const [entry] = await rig.store.listAudit({ botId: BOT, newestFirst: true, from: seq, limit: 1 });
    assert.deepEqual([entry?.action, entry?.target], ['sendNotification', planId]);
    assertProblem(await post('/preflight', { planId }), 404, 'plan_unknown');
  });

  it('may be an upload that is not sealed', async () => {
    const planId = idOf(await post('', { ...WORDS, audience: { upload: true }, deduplicate: true }));
    assertProblem(await post('', { planId }), 409, 'audience_empty', /nobody was uploaded/);
    const headers = { 'content-type': 'application/x-ndjson', auth: await tokenFor('cs-both') };
    const url = `/api/v1/bots/${BOT}/notifications/${planId}/audience/0`;
    await call(rig, url, { method: 'PUT', headers, body: '"ann@abc.com"\n"cid@abc.com"\n"ANN@abc.com"\n' });
    assert.partialDeepStrictEqual((await post('/preflight', { planId })).json, {
      planId,
      isComplete: true,
      recipients: 3,
      rehearsed: 2,
      ready: 1,
      reasons: { duplicate: 1, not_associated: 1 },
      failing: [{ seq: 1, identity: 'cid@abc.com' }],
      forecast: { waiting: 0 },
    });
    assert.partialDeepStrictEqual((await post('', { planId })).json, { counts: { total: 3, pending: 2 } });
    const unnamed = await post('/preflight', { ...WORDS, audience: { upload: true } });
    assert.equal(documentOf(unnamed)['pointer'], '/audience');
  });

  it('goes with nothing else, and is nothing that another bot has', async () => {
    const planId = await plan({ recipients: ['ann@abc.com'] });
    for (const path of ['', '/preflight']) {
      const beside = await post(path, { planId, ...WORDS });
      assertProblem(beside, 400, 'body_invalid', /says it all: leave out channel/);
      assert.equal(documentOf(beside)['pointer'], '/planId');
      for (const unknown of ['ds-1', randomId('ds')])
        assertProblem(await post(path, { planId: unknown }), 404, 'plan_unknown');
      assertProblem(await post(path, { planId }, OTHER_BOT), 404, 'plan_unknown');
    }
    const nobody = await post('/preflight', { ...WORDS, recipients: { filter: { locale: ['sw'] } } });
    assert.partialDeepStrictEqual(nobody.json, { planId: null, isComplete: true, recipients: 0 });
  });

  it('is sent as it was found, and says what cannot be kept to any more', async () => {
    const expiresAt = new Date(rig.clock.now() + HOUR_MS / 2).toISOString();
    const [short, long] = [await plan({ recipients: ['ann@abc.com'], expiresAt }), await plan({ recipients: ['a'] })];
    const admin = { auth: await tokenFor('cs-operator'), 'content-type': 'application/json' };
    const settings = { url: 'https://example.com/hook', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' };
    const body = JSON.stringify({ botId: BOT, channel: 'ivr', name: 'Own', settings });
    await call(rig, '/api/v1/admin/connections', { method: 'PUT', headers: admin, body });
    const own = await plan({ channel: 'ivr', connection: 'Own', recipients: ['a'] });
    const id = connectionId(BOT, 'ivr', 'Own');
    await call(rig, `/api/v1/admin/connections/${id}`, { method: 'DELETE', headers: { auth: admin.auth } });
    assertProblem(await post('', { planId: own }), 409, 'plan_outdated', new RegExp(`ivr connection ${id} is gone`));
    rig.clock.advance(HOUR_MS / 2);
    assertProblem(await post('', { planId: short }), 409, 'plan_outdated', /expiresAt, .* is over/);
    rig.clock.advance(HOUR_MS / 2);
    while (await rig.store.advanceAudience({ at: rig.clock.now(), limit: 100 }));
    assertProblem(await post('', { planId: long }), 404, 'plan_unknown');
  });
});
