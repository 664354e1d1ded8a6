import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  BOT,
  call,
  OTHER_BOT,
  post,
  type Reply,
  type Rig,
  startRig,
  tokenFor,
} from '../../../test/support/http-rig.ts';
import { connectionId } from '../../model/ids.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { Recipient } from '../../model/notification.ts';

const BODY = { channel: 'msteams', message: { type: 'text', val: 'Hello {name}' }, recipients: ['a@abc.com'] };

describe('POST /notifications', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  const send = async (body: unknown, headers: Record<string, string> = {}, bot = BOT): Promise<Reply> =>
    call(rig, `/api/v1/bots/${bot}/notifications`, {
      method: 'POST',
      headers: { auth: await tokenFor('cs-both'), 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const show = async (path: string) => call(rig, path, { headers: { auth: await tokenFor('cs-both') } });

  /** What was stored for the engine to send. */
  async function storedOf(reply: Reply): Promise<readonly Recipient[]> {
    const { id, connectionId: through, priority, counts } = documentOf(reply);
    assert.ok(isJsonObject(counts));
    const size = Number(counts['total']) > 100 ? 'large' : 'small';
    const lane = priority as 'urgent' | 'normal' | 'bulk';
    const queue = { lane, size, botId: BOT, connectionId: String(through) } as const;
    const batches = await rig.store.claimDue({ queue, owner: 'test', leaseMs: 60_000, limit: 1_000 });
    return batches.filter(({ notificationId }) => notificationId === id).flatMap(({ recipients }) => recipients);
  }

  it('answers 202 with the notification, and where to find it', async () => {
    const reply = await send({ ...BODY, priority: 'urgent', expiresAt: '2026-03-01T12:00:00+01:00' });
    assert.equal(reply.status, 202);
    const document = documentOf(reply);
    assert.partialDeepStrictEqual(document, {
      channel: 'msteams',
      priority: 'urgent',
      api: 'native',
      expiresAt: '2026-03-01T11:00:00.000Z',
      counts: { total: 1, pending: 1 },
    });
    const location = reply.headers.get('location') ?? '';
    assert.equal(location, `/api/v1/bots/${BOT}/notifications/${document['id']}`);
    assert.deepEqual((await show(location)).json, document);
    assert.equal(rig.wakes(), 1);
  });

  it('keeps what each recipient is sent and by what name', async () => {
    const reply = await send({
      channel: 'whatsapp',
      message: { type: 'native', payload: { body: 'Hi {name}' } },
      parameters: { name: 'all', place: 'here' },
      recipients: [
        '+491701',
        { identity: '+491702', parameters: { name: 'Ann' } },
        { phoneNumber: '+491703', message: { type: 'native', payload: { body: 'You' } } },
        { phoneNumber: '+491704', message: { type: 'text', val: 'You {name}' } },
      ],
    });
    const stored = await storedOf(reply);
    assert.deepEqual(
      stored.map(({ identity, parameters, customMessage }) => ({ identity, parameters, customMessage })),
      [
        { identity: '+491701', parameters: { name: 'all', place: 'here' }, customMessage: null },
        { identity: '+491702', parameters: { name: 'Ann', place: 'here' }, customMessage: null },
        { identity: '+491703', parameters: { name: 'all', place: 'here' }, customMessage: '{"body":"You"}' },
        { identity: '+491704', parameters: { name: 'all', place: 'here' }, customMessage: 'You {name}' },
      ],
    );
  });

  it('goes through the connection that is named, by name or by id', async () => {
    for (const connection of ['Second', connectionId(BOT, 'ivr', 'Second')]) {
      const reply = await send({ ...BODY, channel: 'ivr', connection });
      assert.equal(documentOf(reply)['connectionId'], connectionId(BOT, 'ivr', 'Second'));
    }
  });

  it('chooses the lane by the size, unless it is told', async () => {
    const many = Array.from({ length: 101 }, (_, i) => `p${i}@abc.com`);
    assert.equal(documentOf(await send({ ...BODY, recipients: many }))['priority'], 'bulk');
    assert.equal(documentOf(await send(BODY))['priority'], 'normal');
    assert.equal(documentOf(await send({ ...BODY, recipients: many, priority: 'normal' }))['priority'], 'normal');
  });

  it('answers the same for the same key, and refuses other bytes under it', async () => {
    const key = { 'idempotency-key': 'once' };
    const first = await send(BODY, key);
    const again = await send(BODY, key);
    assert.deepEqual([again.status, again.text], [202, first.text]);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    assert.equal(again.headers.get('location'), first.headers.get('location'));
    const other = await send(`${JSON.stringify(BODY)} `, key);
    assert.deepEqual([other.status, documentOf(other)['code']], [422, 'idempotency_key_reused']);
    assert.equal((await send(BODY, { 'idempotency-key': 'a b' })).status, 400);
  });

  it('keeps when it is to be sent, and shows it', async () => {
    const window = { days: ['mon', 'fri'], from: '08:00', until: '20:00' };
    const quietHours = { from: '12:00', until: '13:00', timeZone: 'Asia/Tokyo', fallbackTimeZone: 'Europe/Berlin' };
    const reply = await send({ ...BODY, sendAt: '2026-03-02T10:00:00+01:00', window, quietHours });
    const document = documentOf(reply);
    assert.partialDeepStrictEqual(document, {
      state: 'scheduled',
      sendAt: '2026-03-02T09:00:00.000Z',
      window: { ...window, timeZone: 'person', fallbackTimeZone: 'UTC' },
      quietHours: [quietHours],
      // A day after the longest wait: from Monday 20:00 until Friday 08:00.
      expiresAt: '2026-03-06T21:00:00.000Z',
    });
    assert.deepEqual((await show(reply.headers.get('location') ?? '')).json, document);
    assert.deepEqual(await storedOf(reply), [], 'may be claimed before its time');
    const plain = documentOf(await send(BODY));
    assert.partialDeepStrictEqual(plain, { state: 'sending', sendAt: null, window: null, quietHours: [] });
  });

  it('shows nothing as scheduled that was to be sent at once, though our clock was set back since', async () => {
    const reply = await send(BODY);
    rig.clock.advance(-60_000);
    const { json } = await show(reply.headers.get('location') ?? '');
    rig.clock.advance(60_000);
    assert.partialDeepStrictEqual(json, { state: 'sending', sendAt: null });
  });

  const HOURS = { from: '08:00', until: '20:00' };
  const { channel: _, recipients, ...rest } = BODY;
  const tooMany = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`p${i}`, 'x']));
  const REFUSALS: readonly (readonly [string, unknown, string, RegExp])[] = [
    ['no object', [], '', /must be an object/],
    ['no channel', { recipients, ...rest }, '/channel', /is missing/],
    ['an unknown channel', { ...BODY, channel: 'fax' }, '/channel', /"fax" is unknown; use one of email/],
    ['a channel the bot lacks', { ...BODY, channel: 'sms' }, '/channel', /not configured/],
    ['a misspelt key', { ...BODY, recipient: [] }, '/recipient', /known are channel, connection/],
    ['no recipients', { ...BODY, recipients: [] }, '/recipients', /needs at least 1/],
    ['too many recipients', { ...BODY, recipients: Array(1001).fill('a') }, '/recipients', /1001; at most 1000/],
    ['a recipient that is a number', { ...BODY, recipients: ['a', 7] }, '/recipients/1', /a string or an object/],
    ['an empty identity', { ...BODY, recipients: [''] }, '/recipients/0', /must not be empty/],
    ['a nameless recipient', { ...BODY, recipients: [{}] }, '/recipients/0', /needs either identity or email/],
    ['a name of another channel', { ...BODY, recipients: [{ phoneNumber: '1' }] }, '/recipients/0', /or email/],
    ['two names', { ...BODY, recipients: [{ identity: 'a', email: 'b' }] }, '/recipients/0', /says twice/],
    [
      'a parameter that is no text',
      { ...BODY, recipients: [{ identity: 'a', parameters: { 'a/b': 1 } }] },
      '/recipients/0/parameters/a~1b',
      /must be a string/,
    ],
    ['a long parameter', { ...BODY, parameters: { a: 'x'.repeat(201) } }, '/parameters/a', /at most 200 characters/],
    ['many parameters', { ...BODY, parameters: tooMany }, '/parameters', /holds 21; at most 20/],
    [
      'many parameters together',
      { ...BODY, parameters: { a: '' }, recipients: [{ identity: 'a', parameters: { ...tooMany, p20: undefined } }] },
      '/recipients/0/parameters',
      /makes 21 with those of all/,
    ],
    [
      'an unknown type',
      { ...BODY, message: { type: 'fax', val: 'x' } },
      '/message/type',
      /one of text, native, script/,
    ],
    ['a text without words', { ...BODY, message: { type: 'text' } }, '/message/val', /is missing/],
    ['a blank text', { ...BODY, message: { type: 'text', val: ' ' } }, '/message/val', /must not be empty/],
    [
      'a payload of a text',
      { ...BODY, message: { type: 'text', payload: {} } },
      '/message/payload',
      /known are type, val/,
    ],
    [
      'an own payload beside a text',
      { ...BODY, recipients: [{ identity: 'a', message: { type: 'native', payload: {} } }] },
      '/recipients/0/message/type',
      /must be text/,
    ],
    [
      'an own text that is JSON beside a payload',
      {
        ...BODY,
        message: { type: 'native', payload: {} },
        recipients: [{ identity: 'a', message: { type: 'text', val: '{}' } }],
      },
      '/recipients/0/message/val',
      /send it with the type native/,
    ],
    ['an unknown priority', { ...BODY, priority: 'high' }, '/priority', /one of urgent, normal, bulk/],
    ['a time without a zone', { ...BODY, expiresAt: '2026-03-01T12:00:00' }, '/expiresAt', /A time with its zone/],
    ['a time that is over', { ...BODY, expiresAt: '2026-03-01T10:00:00Z' }, '/expiresAt', /in the future/],
    ['a time far away', { ...BODY, expiresAt: '2026-04-01T10:00:00Z' }, '/expiresAt', /at most 30 days/],
    ['a start that is over', { ...BODY, sendAt: '2026-03-01T10:00:00Z' }, '/sendAt', /leave it out to send now/],
    ['a start far away', { ...BODY, sendAt: '2027-03-03T10:00:00Z' }, '/sendAt', /at most a year from now/],
    [
      'an end before the start',
      { ...BODY, sendAt: '2026-03-02T10:00:00Z', expiresAt: '2026-03-02T10:00:00Z' },
      '/expiresAt',
      /after sendAt, and at most 30 days after it/,
    ],
    ['hours without an end', { ...BODY, window: { from: '08:00' } }, '/window/until', /is missing/],
    ['hours of no clock', { ...BODY, window: { ...HOURS, from: '24:00' } }, '/window/from', /HH:MM/],
    [
      'hours of no length',
      { ...BODY, window: { ...HOURS, until: '08:00' } },
      '/window/until',
      /from 00:00 until 24:00/,
    ],
    ['no days', { ...BODY, window: { ...HOURS, days: [] } }, '/window/days', /at least 1/],
    ['an unknown day', { ...BODY, quietHours: { ...HOURS, days: ['Mo'] } }, '/quietHours/days/0', /one of sun, mon/],
    ['an unknown zone', { ...BODY, window: { ...HOURS, timeZone: '+01:00' } }, '/window/timeZone', /person or an IANA/],
    [
      'a fallback that is none',
      { ...BODY, quietHours: { ...HOURS, fallbackTimeZone: 'person' } },
      '/quietHours/fallbackTimeZone',
      /must be an IANA time zone/,
    ],
    ['hours that are all quiet', { ...BODY, window: HOURS, quietHours: HOURS }, '/window', /no time outside/],
    ['an unknown connection', { ...BODY, channel: 'ivr', connection: 'No' }, '/connection', /no ivr connection/],
    [
      "another bot's connection",
      { ...BODY, connection: connectionId(OTHER_BOT, 'msteams', null) },
      '/connection',
      /no msteams connection/,
    ],
  ];
  for (const [what, body, pointer, detail] of REFUSALS) {
    it(`refuses ${what}, naming the place and the fix`, async () => {
      const reply = await send(body);
      const problem = documentOf(reply);
      assert.deepEqual([reply.status, problem['code'], problem['pointer']], [400, 'body_invalid', pointer], reply.text);
      assert.match(String(problem['detail']), detail);
    });
  }

  it('tells of one fault of a million as fast as of one', async () => {
    const reply = await send({ ...BODY, recipients: Array(1_000_000).fill(1) });
    assert.deepEqual([reply.status, documentOf(reply)['pointer']], [400, '/recipients']);
  });

  it('refuses what is no JSON', async () => {
    assert.equal((await send('{')).status, 400);
    assert.equal((await send('')).status, 400);
    assert.equal((await send(BODY, { 'content-type': 'text/plain' })).status, 415);
    assert.equal((await send(`{"a":"${'x'.repeat(8 * 1024 * 1024)}"}`)).status, 413);
    assert.equal((await send(BODY, { 'content-type': 'application/vnd.x+json' })).status, 202);
    const odd = { channel: 7 };
    assert.equal((await send(odd, { 'content-type': 'application/vnd.x+json' })).status, 400);
  });
});

describe('the quiet hours of a bot', () => {
  const quietHours = { from: '22:00', until: '07:00', timeZone: 'person', fallbackTimeZone: 'UTC' };
  let rig: Rig;
  before(async () => {
    rig = await startRig({ quietHours });
  });
  after(() => rig.close());

  const send = async (more: object, bot = BOT): Promise<Reply> =>
    call(rig, `/api/v1/bots/${bot}/notifications`, {
      method: 'POST',
      headers: { auth: await tokenFor('cs-both'), 'content-type': 'application/json' },
      body: JSON.stringify({ ...BODY, ...more }),
    });

  it('are kept by what is sent on either interface, beside those it was asked to keep', async () => {
    const noon = { ...quietHours, from: '12:00', until: '13:00' };
    const asked = documentOf(await send({ quietHours: noon }));
    assert.deepEqual(asked['quietHours'], [noon, quietHours]);
    const kore = await post(rig, 'notify', {
      channel: 'msteams',
      userIdentityType: 'resolve',
      message: BODY.message,
      identities: BODY.recipients,
    });
    const stored = await rig.store.findNotification({
      botId: BOT,
      notificationId: String(documentOf(kore)['_id']),
    });
    assert.deepEqual(stored?.options, { quietHours: [quietHours] });
    assert.equal(stored.expiresAt - stored.createdAt, (24 + 9) * 3_600_000);
    assert.deepEqual(documentOf(await send({}, OTHER_BOT))['quietHours'], []);
  });

  it('are overridden by what is urgent, for a reason that is kept', async () => {
    const overrideQuietHours = { reason: 'Evacuation of building 4' };
    const urgent = documentOf(await send({ priority: 'urgent', overrideQuietHours }));
    assert.deepEqual([urgent['quietHours'], urgent['quietHoursOverride']], [[], overrideQuietHours]);
    const calm = documentOf(await send({ overrideQuietHours }));
    assert.deepEqual([calm['pointer'], calm['status']], ['/overrideQuietHours', 400]);
    assert.equal(documentOf(await send({ priority: 'urgent', overrideQuietHours: {} }))['status'], 400);
    assert.equal(documentOf(await send({ priority: 'urgent' }))['quietHoursOverride'], null);
  });

  it('leave a window some time, or it is refused', async () => {
    const window = { from: '23:00', until: '24:00' };
    assert.equal(documentOf(await send({ window }))['pointer'], '/window');
  });
});

describe('GET /notifications', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  const list = async (query: string, bot = BOT): Promise<Reply> =>
    call(rig, `/api/v1/bots/${bot}/notifications${query}`, { headers: { auth: await tokenFor('cs-both') } });

  it('pages through them, newest first, by channel and by whether they are finished', async () => {
    const ids: string[] = [];
    for (const channel of ['msteams', 'slack', 'msteams', 'slack', 'msteams']) {
      rig.clock.advance(10);
      const reply = await call(rig, `/api/v1/bots/${BOT}/notifications`, {
        method: 'POST',
        headers: { auth: await tokenFor('cs-both'), 'content-type': 'application/json' },
        body: JSON.stringify({ ...BODY, channel }),
      });
      ids.unshift(String(documentOf(reply)['id']));
    }
    const [newest, second, third, fourth, oldest] = ids;
    const key = { botId: BOT, notificationId: String(third) };
    await rig.store.cancel({ ...key, at: rig.clock.now() });
    await rig.store.endCancelled({ at: rig.clock.now(), limit: 10 });

    const page = async (query: string) => {
      const { notifications, nextCursor } = documentOf(await list(query));
      assert.ok(Array.isArray(notifications));
      return { ids: notifications.map((each) => isJsonObject(each) && each['id']), nextCursor };
    };
    assert.deepEqual(await page(''), { ids, nextCursor: null });
    const first = await page('?limit=2');
    assert.deepEqual(first.ids, [newest, second]);
    const next = await page(`?limit=2&cursor=${first.nextCursor}`);
    assert.deepEqual(next.ids, [third, fourth]);
    assert.deepEqual(await page(`?limit=2&cursor=${next.nextCursor}`), { ids: [oldest], nextCursor: null });
    assert.deepEqual((await page('?channel=slack')).ids, [second, fourth]);
    assert.deepEqual((await page('?channel=msteam&finished=false')).ids, [newest, oldest]);
    assert.deepEqual((await page('?finished=true')).ids, [third]);
    assert.deepEqual(documentOf(await list('', OTHER_BOT)), { notifications: [], nextCursor: null });
    for (const another of [OTHER_BOT, BOT]) {
      const reply = await list(`?channel=slack&cursor=${first.nextCursor}`, another);
      assert.match(String(documentOf(reply)['detail']), /nextCursor of another page of the same list/);
    }
  });

  for (const query of [
    '?limit=0',
    '?limit=1e1',
    '?limit=1&limit=2',
    '?finished=yes',
    '?channel=fax',
    '?cursor=1',
    '?x=',
  ]) {
    it(`refuses ${query}, naming the parameter`, async () => {
      const reply = await list(query);
      assert.deepEqual([reply.status, documentOf(reply)['code']], [400, 'body_invalid']);
      assert.match(String(documentOf(reply)['detail']), new RegExp(`query parameter ${/\w+/.exec(query)?.[0]} `));
    });
  }
});

function documentOf({ json }: Reply): JsonObject {
  assert.ok(isJsonObject(json));
  return json;
}
