import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BOT, call, OTHER_BOT, type Reply, type Rig, startRig, tokenFor } from '../../../../test/support/http-rig.ts';
import { assertProblem, documentOf } from '../../../../test/support/problems.ts';
import { randomId } from '../../../model/ids.ts';

const WORDS = { channel: 'msteams', message: { type: 'text', val: 'Hello {name}' }, parameters: { name: 'all' } };
const STAFF = { filter: { tags: { any: ['staff'] } } };

describe('recipients by a filter, and those who are left out', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
    await know(['ann', 'bob', 'cid'].map((name) => ({ email: `${name}@abc.com`, tags: ['staff', name] })));
  });
  after(() => rig.close());

  const at = async (path: string, init: RequestInit = {}, bot = BOT, type = 'application/json') =>
    call(rig, `/api/v1/bots/${bot}/${path}`, {
      ...init,
      headers: { 'content-type': type, 'idempotency-key': 'once', auth: await tokenFor('cs-both') },
    });
  const post = async (path: string, body: unknown, key = randomId('ds'), bot = BOT) =>
    call(rig, `/api/v1/bots/${bot}/notifications${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key, auth: await tokenFor('cs-both') },
      body: JSON.stringify(body),
    });
  const know = (people: readonly object[]) =>
    at(
      'people',
      { method: 'PUT', body: people.map((one) => JSON.stringify(one)).join('\n') },
      BOT,
      'application/x-ndjson',
    );
  const show = (id: string) => at(`notifications/${id}`);
  const gather = async () => {
    while (await rig.store.advanceAudience({ at: rig.clock.now(), limit: 2 }));
  };
  const idOf = (reply: Reply): string => String(documentOf(reply)['id']);

  it('says that it is collecting until it is known whom it is for, and answers the same key the same', async () => {
    const sent = await post('', { ...WORDS, recipients: STAFF, exclude: { tags: ['cid'] } }, 'the-key');
    assert.equal(sent.status, 202, sent.text);
    assert.partialDeepStrictEqual(sent.json, { state: 'collecting', priority: 'bulk', counts: { total: 0 } });
    assert.equal(sent.headers.get('location'), `/api/v1/bots/${BOT}/notifications/${idOf(sent)}`);
    const again = await post('', { ...WORDS, recipients: STAFF, exclude: { tags: ['cid'] } }, 'the-key');
    assert.equal(again.text, sent.text);
    await rig.store.advanceAudience({ at: rig.clock.now(), limit: 2 });
    const between = await show(idOf(sent));
    assert.partialDeepStrictEqual(between.json, { state: 'collecting', counts: { total: 2 }, finishedAt: null });
    assert.equal(documentOf(between)['expiresAt'], documentOf(sent)['expiresAt']);
    assertProblem(await post(`/${idOf(sent)}/pause`, {}), 409, 'audience_unsealed');
    for (const part of ['events', 'callbacks', 'timeline', 'recipients'])
      assertProblem(await show(`${idOf(sent)}/${part}`), 409, 'audience_unsealed');
    assertProblem(await post(`/${idOf(sent)}/seal`, { recipients: 2 }), 503, 'audience_collecting', /seals itself/);
    const chunk = await at(
      `notifications/${idOf(sent)}/audience/0`,
      { method: 'PUT', body: '"x"' },
      BOT,
      'application/x-ndjson',
    );
    assertProblem(chunk, 409, 'audience_sealed', /not uploaded/);
    await gather();
    assert.partialDeepStrictEqual((await show(idOf(sent))).json, {
      state: 'sending',
      counts: { total: 3, pending: 2, suppressed: 1 },
      reasons: { excluded: 1 },
    });
  });

  it('is finished where nobody fits, and can be cancelled before it is known', async () => {
    const nobody = await post('', { ...WORDS, recipients: { filter: { locale: ['sw'] } } });
    await gather();
    const over = documentOf(await show(idOf(nobody)));
    assert.partialDeepStrictEqual(over, { state: 'finished', counts: { total: 0 } });
    assert.notEqual(over['finishedAt'], null);
    assertProblem(await post(`/${idOf(nobody)}/cancel`, {}), 409, 'audience_empty');
    const cancelled = await post('', { ...WORDS, recipients: STAFF });
    assert.partialDeepStrictEqual((await post(`/${idOf(cancelled)}/cancel`, {})).json, { cancelled: 0, inFlight: 0 });
    await gather();
    assert.equal((await show(idOf(cancelled))).status, 404);
  });

  it('leaves out also of those who are named, and of an upload, whose chunks wait until it is known whom', async () => {
    const earlier = await post('', { ...WORDS, recipients: ['ann@abc.com'] });
    const exclude = { notifications: [idOf(earlier)], identities: ['bob@abc.com'] };
    const named = await post('', { ...WORDS, recipients: ['ANN@abc.com', 'bob@abc.com', 'dan@abc.com'], exclude });
    assert.partialDeepStrictEqual(named.json, { state: 'collecting', priority: 'normal' });
    const uploaded = idOf(await post('', { ...WORDS, audience: { upload: true }, exclude }));
    const put = () =>
      at(
        `notifications/${uploaded}/audience/0`,
        { method: 'PUT', body: '"ann@abc.com"\n"dan@abc.com"\n' },
        BOT,
        'application/x-ndjson',
      );
    assert.partialDeepStrictEqual((await show(uploaded)).json, { state: 'collecting' });
    const early = await put();
    assertProblem(early, 503, 'audience_collecting', /again in a moment/);
    assert.equal(early.headers.get('retry-after'), '1');
    await gather();
    assert.partialDeepStrictEqual((await show(idOf(named))).json, {
      counts: { total: 3, pending: 1, suppressed: 2 },
      reasons: { excluded: 2 },
    });
    assert.partialDeepStrictEqual((await show(uploaded)).json, { state: 'receiving' });
    assert.deepEqual((await put()).json, { chunk: 0, recipients: 2, suppressed: 1 });
    assert.partialDeepStrictEqual((await show(uploaded)).json, { reasons: { excluded: 1 } });
    assert.partialDeepStrictEqual((await post(`/${uploaded}/seal`, { recipients: 2 })).json, {
      reasons: { excluded: 1 },
    });
  });

  it('names the place of what cannot be asked', async () => {
    const foreign = idOf(await post('', { ...WORDS, recipients: ['a'] }, 'foreign', OTHER_BOT));
    const open = idOf(await post('', { ...WORDS, audience: { upload: true } }));
    const by = (filter: unknown) => ({ recipients: { filter } });
    const rows: readonly (readonly [object, string, RegExp])[] = [
      [by({}), '/recipients/filter', /says nothing.*everybody/],
      [by({ tags: {} }), '/recipients/filter', /says nothing/],
      [by({ everybody: true, locale: ['de'] }), '/recipients/filter/everybody', /leave it out/],
      [by({ tag: ['staff'] }), '/recipients/filter/tag', /is not known here; known are everybody, tags/],
      [by({ tags: { any: [] } }), '/recipients/filter/tags/any', /needs at least 1/],
      [by({ tags: { any: 'staff' } }), '/recipients/filter/tags/any', /must be an array/],
      [by({ attributes: { 'a/b': {} } }), '/recipients/filter/attributes/a~1b', /needs either equals or in/],
      [
        by({ attributes: { a: { equals: 1, in: [2] } } }),
        '/recipients/filter/attributes/a',
        /needs either equals or in/,
      ],
      [by({ attributes: { a: { equals: {} } } }), '/recipients/filter/attributes/a/equals', /must be/],
      [{ ...by({ everybody: true }), canary: { share: 0.1 } }, '/canary/share', /say first/],
      [{ ...by({ everybody: true }), audience: { upload: true } }, '/audience', /leave one of the two out/],
      [{ recipients: { who: 'all' } }, '/recipients/who', /is not known here; known are filter/],
      [{ recipients: ['a'], exclude: {} }, '/exclude', /names nobody/],
      [{ recipients: ['a'], exclude: { notifications: ['ds-1'] } }, '/exclude/notifications/0', /no such notification/],
      [
        { recipients: ['a'], exclude: { notifications: [foreign] } },
        '/exclude/notifications/0',
        /no such notification/,
      ],
      [{ recipients: ['a'], exclude: { notifications: [open] } }, '/exclude/notifications/0', /not known yet/],
    ];
    for (const [body, pointer, sentence] of rows) {
      const reply = await post('', { ...WORDS, ...body });
      assertProblem(reply, 400, 'body_invalid', sentence);
      assert.equal(documentOf(reply)['pointer'], pointer);
    }
  });
});
