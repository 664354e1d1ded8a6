import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BOT, call, OTHER_BOT, post, type Rig, startRig, tokenFor } from '../../../test/support/http-rig.ts';
import { CHANNELS } from '../../channels/channels.ts';
import type { Callback, CallbackRequest } from '../../channels/contract.ts';
import { connectionId } from '../../model/ids.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { News } from '../../model/news.ts';
import { StoreUnavailable } from '../../store/port/errors.ts';

const CONNECTION = connectionId(BOT, 'whatsapp', null);
const OK: Callback = { reply: { status: 200, body: 'ok' }, news: [] };

/** What the inbox of the tests was asked, and what it answers next. */
const heard: CallbackRequest[] = [];
let answer: (request: CallbackRequest) => Promise<Callback> | Callback = () => OK;
const inbox = {
  async receive(request: CallbackRequest): Promise<Callback> {
    heard.push(request);
    return answer(request);
  },
};
const channels = CHANNELS.map((channel) => {
  const { openInbox: _, ...deaf } = channel;
  return channel.id === 'whatsapp' ? { ...deaf, openInbox: () => inbox } : deaf;
});

async function tell(rig: Rig, body: string | Uint8Array<ArrayBuffer>, init: RequestInit = {}, path = CONNECTION) {
  return call(rig, `/channels/${path}/receipts?ref=a%20b&x=1`, {
    method: 'POST',
    body,
    ...init,
    headers: { 'content-type': 'application/json', 'x-signature': 'abc' },
  });
}

describe('what providers post', () => {
  let rig: Rig;
  let storeIsAway = false;
  before(async () => {
    rig = await startRig({
      channels,
      publicUrl: 'https://beckon.example.com/base/',
      around: (store) => ({
        ...store,
        recordReceipts: (request) =>
          storeIsAway ? Promise.reject(new StoreUnavailable('away')) : store.recordReceipts(request),
      }),
    });
  });
  after(() => rig.close());

  it('reaches the inbox as it came: bytes, URL, query, headers', async () => {
    answer = () => ({
      reply: { status: 202, type: 'text/xml', headers: { 'x-more': '1' }, body: '<Response/>' },
      news: [],
    });
    const bytes = Uint8Array.from([123, 0, 255, 10, 195, 40]);
    const reply = await tell(rig, bytes);
    assert.deepEqual([reply.status, reply.text], [202, '<Response/>']);
    assert.equal(reply.headers.get('content-type'), 'text/xml; charset=utf-8');
    assert.equal(reply.headers.get('x-more'), '1');
    assert.match(reply.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.equal(reply.headers.get('x-content-type-options'), 'nosniff');
    const request = heard.at(-1);
    assert.ok(request);
    assert.deepEqual(Uint8Array.from(request.body), bytes);
    assert.equal(request.url, `https://beckon.example.com/base/channels/${CONNECTION}/receipts?ref=a%20b&x=1`);
    assert.deepEqual(
      [...request.query],
      [
        ['ref', 'a b'],
        ['x', '1'],
      ],
    );
    assert.deepEqual([request.method, request.kind, request.headers['x-signature']], ['POST', 'receipts', 'abc']);
  });

  it('may have no body and no type, and be a GET', async () => {
    answer = () => OK;
    assert.equal((await call(rig, `/channels/${CONNECTION}/events?hub.mode=subscribe`)).text, 'ok');
    assert.deepEqual([heard.at(-1)?.method, heard.at(-1)?.kind, heard.at(-1)?.body.length], ['GET', 'events', 0]);
    const bare = await fetch(`${rig.url}/channels/${CONNECTION}/events`, { method: 'POST' });
    assert.equal(bare.status, 200);
  });

  it('is known to be kept when the reply comes', async () => {
    const { notificationId, token } = await accept(rig);
    const receipts = ['read', 'sent'].map((state, seq) =>
      receipt(notificationId, seq, state === 'read' ? 'read' : 'sent'),
    );
    answer = () => ({ ...OK, news: receipts });
    assert.equal((await tell(rig, '{}')).status, 200);
    const shown = await call(rig, `/api/v1/bots/${BOT}/notifications/${notificationId}`, { headers: { auth: token } });
    assert.partialDeepStrictEqual(shown.json, {
      id: notificationId,
      channel: 'whatsapp',
      counts: { total: 2, pending: 2, delivered: 0 },
      receipts: { sent: 1, delivered: 0, read: 1, failed: 0 },
    });
  });

  it('is asked for again while the database is away, and counts once', async () => {
    const { notificationId } = await accept(rig);
    answer = () => ({ ...OK, news: [receipt(notificationId, 0, 'delivered')] });
    storeIsAway = true;
    const refused = await tell(rig, '{}');
    storeIsAway = false;
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '2']);
    await tell(rig, '{}');
    await tell(rig, '{}');
    assert.equal((await rig.store.countReceipts({ botId: BOT, notificationId })).delivered, 1);
  });

  it('teaches where people are, that they left, and what they want', async () => {
    const seen: News = {
      kind: 'seen',
      identities: ['ann@abc.com', '+49 170 1234567'],
      address: { channelId: '491701234567', reference: { heardAt: '5' } },
      at: 5,
    };
    const silenced: News = { kind: 'silenced', identity: 'Ann@abc.com', reason: 'opted_out', detail: 'STOP', at: 6 };
    answer = () => ({ ...OK, news: [seen, silenced] });
    await tell(rig, '{}');
    const identities = ['ann@abc.com', '491701234567'];
    const found = await rig.store.resolve({ botId: BOT, connectionId: CONNECTION, identities });
    assert.equal(found.get('491701234567')?.address?.reference?.['heardAt'], '5');
    assert.equal(found.get('ann@abc.com')?.personId, found.get('491701234567')?.personId);
    const silent = { botId: BOT, connectionId: CONNECTION, identities };
    assert.deepEqual([...(await rig.store.listSilenced(silent))], [['ann@abc.com', 'opted_out']]);

    const left: News = { kind: 'left', identities: ['491701234567'], at: 7 };
    answer = () => ({ ...OK, news: [left, { kind: 'welcome', identity: 'ann@abc.com', at: 8 }] });
    await tell(rig, '{}');
    const gone = await rig.store.resolve({ botId: BOT, connectionId: CONNECTION, identities });
    assert.equal(gone.get('ann@abc.com')?.address, null);
    assert.equal((await rig.store.listSilenced(silent)).size, 0);
  });

  it('counts in the order in which it came where the provider dates nothing, though our clock was set back', async () => {
    const identity = 'gus@abc.com';
    const [start, stop] = [
      (at: number): News => ({ kind: 'welcome', identity, at }),
      (at: number): News => ({ kind: 'silenced', identity, reason: 'opted_out', detail: 'STOP', at }),
    ];
    const of = { botId: BOT, connectionId: CONNECTION, identities: [identity] };
    const isSilencedAfter = async (...news: readonly News[]) => {
      answer = () => ({ ...OK, news });
      await tell(rig, '{}');
      return (await rig.store.listSilenced(of)).size > 0;
    };
    assert.equal(await isSilencedAfter(start(1_000)), false);
    assert.equal(await isSilencedAfter(stop(10)), true);
    assert.equal(await isSilencedAfter(start(9)), false);
    assert.equal(await isSilencedAfter(start(8), stop(8)), true);
    assert.equal(await isSilencedAfter(stop(7), start(7)), false);
  });

  it('is refused in the words of the inbox, and the log says why', async () => {
    answer = () => ({ reply: { status: 401 }, news: [], refused: 'the signature does not match' });
    assert.deepEqual([(await tell(rig, '{}')).status, (await tell(rig, '{}')).text], [401, '']);
    const line = rig.lines.findLast(({ event }) => event === 'callback refused');
    assert.deepEqual([line?.fields.connectionId, line?.fields.detail], [CONNECTION, 'the signature does not match']);
  });

  it('says in the log when a connection was cut at the provider', async () => {
    answer = () => ({ ...OK, news: [{ kind: 'disconnected', detail: 'the app was uninstalled' }] });
    await tell(rig, '{}');
    assert.ok(
      rig.lines.some(({ event, fields }) => /disconnected/.test(event) && fields.detail === 'the app was uninstalled'),
    );
  });

  it('finds nobody at an unknown connection, at a deaf channel, or by another method', async () => {
    const before = heard.length;
    const deaf = connectionId(BOT, 'ivr', 'Webhook');
    for (const path of [connectionId(BOT, 'whatsapp', 'other'), deaf, '..%2f..', `${CONNECTION}%00`]) {
      const reply = await tell(rig, '{}', {}, path);
      assert.ok(reply.status === 404 || reply.status === 400, `${path}: ${reply.status}`);
    }
    assert.equal((await tell(rig, '{}', { method: 'PUT' })).status, 404);
    assert.equal(heard.length, before);
  });

  it('is bounded in size and in number', async () => {
    const before = heard.length;
    assert.equal((await tell(rig, new Uint8Array(1024 * 1024 + 1))).status, 413);
    assert.equal(heard.length, before);

    const { promise, resolve } = Promise.withResolvers<void>();
    let inWork = 0;
    const full = Promise.withResolvers<void>();
    answer = async () => {
      inWork += 1;
      if (inWork === 64) full.resolve();
      await promise;
      return OK;
    };
    const calls = Array.from({ length: 64 }, () => tell(rig, '{}'));
    await full.promise;
    const busy = await tell(rig, '{}');
    assert.deepEqual([busy.status, busy.headers.get('retry-after')], [503, '5']);
    resolve();
    assert.ok((await Promise.all(calls)).every((reply) => reply.status === 200));
    assert.equal((await tell(rig, '{}')).status, 200);
  });
});

describe('what operators see of it', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig({ channels, publicUrl: 'https://beckon.example.com/' });
  });
  after(() => rig.close());

  const native = async (
    path: string,
    { app = 'cs-builder', bot = BOT, ...init }: RequestInit & { app?: string; bot?: string } = {},
  ) => call(rig, `/api/v1/bots/${bot}/${path}`, { ...init, headers: { auth: await tokenFor(app) } });

  it('shows where a provider has to post', async () => {
    const { json } = await native('connections');
    assert.ok(isJsonObject(json) && Array.isArray(json['connections']));
    const whatsapp = json['connections'].find((entry) => isJsonObject(entry) && entry['channel'] === 'whatsapp');
    const base = `https://beckon.example.com/channels/${CONNECTION}`;
    assert.deepEqual(whatsapp, {
      id: CONNECTION,
      channel: 'whatsapp',
      name: null,
      callbacks: { events: `${base}/events`, receipts: `${base}/receipts` },
      now: null,
    });
    const slack = json['connections'].find((entry) => isJsonObject(entry) && entry['channel'] === 'slack');
    assert.ok(isJsonObject(slack) && slack['callbacks'] === null);
  });

  it('lists who is not written to, and lifts it', async () => {
    const entries = ['ann@abc.com', 'bob@abc.com', 'eve/..@abc.com'].map((identity) => ({
      identity,
      reason: 'opted_out' as const,
      detail: 'STOP',
      at: 1,
    }));
    await rig.store.silence({ botId: BOT, connectionId: CONNECTION, entries });
    const path = `connections/${CONNECTION}/suppressions`;
    const first = await native(`${path}?limit=2`);
    assert.ok(isJsonObject(first.json));
    const { nextCursor, ...listed } = first.json;
    assert.deepEqual(listed, {
      suppressions: [
        { identity: 'ann@abc.com', reason: 'opted_out', detail: 'STOP', since: '1970-01-01T00:00:00.001Z' },
        { identity: 'bob@abc.com', reason: 'opted_out', detail: 'STOP', since: '1970-01-01T00:00:00.001Z' },
      ],
    });
    const eve = `${path}/${encodeURIComponent('EVE/..@abc.com')}`;
    assert.equal((await native(eve, { method: 'DELETE' })).status, 204);
    assert.equal((await native(eve, { method: 'DELETE' })).status, 404);
    assert.equal((await native(`${path}/a%00b`, { method: 'DELETE' })).status, 404);
    assert.equal((await native(`${path}?cursor=a%00b`)).status, 400);
    assert.partialDeepStrictEqual((await native(`${path}?cursor=${nextCursor}`)).json, {
      suppressions: [],
      nextCursor: null,
    });
    for (const bot of [OTHER_BOT, BOT]) {
      const foreign = bot === BOT ? connectionId(OTHER_BOT, 'msteams', null) : CONNECTION;
      const reply = await native(`connections/${foreign}/suppressions`, { app: 'cs-both', bot });
      assert.equal(reply.status, 404);
    }
  });

  it('pages through the recipients with what became of each', async () => {
    const { notificationId } = await accept(rig);
    const [batch] = await rig.store.claimDue({
      queue: { lane: 'normal', size: 'small', botId: BOT, connectionId: CONNECTION },
      owner: 'test',
      leaseMs: 60_000,
      limit: 1,
    });
    assert.ok(batch);
    const logs = batch.recipients.map(({ seq, identity }) => ({
      seq,
      identity,
      state: 'delivered' as const,
      reason: null,
      detail: null,
      personId: null,
      channelId: identity,
      providerMessageId: `wamid.${seq}`,
      attempts: 1,
      maybeDoubled: false,
      at: 1,
    }));
    await rig.store.checkpoint({ batches: [{ batch, logs, remainder: [] }], again: false });
    answer = () => ({
      ...OK,
      news: [{ ...receipt(notificationId, 1, 'failed'), reason: 'unreachable_recipient', detail: '131026' }],
    });
    await tell(rig, '{}');
    const path = `notifications/${notificationId}/recipients`;
    const page = await native(`${path}?limit=1`);
    assert.partialDeepStrictEqual(page.json, {
      recipients: [{ seq: 0, state: 'delivered', providerMessageId: 'wamid.0', receipt: null }],
    });
    assert.ok(isJsonObject(page.json));
    assert.partialDeepStrictEqual((await native(`${path}?cursor=${page.json['nextCursor']}`)).json, {
      recipients: [
        {
          seq: 1,
          state: 'delivered',
          receipt: {
            state: 'failed',
            at: '1970-01-01T00:00:00.009Z',
            reason: 'unreachable_recipient',
            detail: '131026',
          },
        },
      ],
      nextCursor: null,
    });
    for (const bad of ['?cursor=x', '?limit=0', '?limit=501', '?color=red']) {
      assert.equal((await native(path + bad)).status, 400);
    }
  });

  it('shows no notification to another bot, nor without the scope', async () => {
    const { notificationId } = await accept(rig);
    const path = `notifications/${notificationId}`;
    assert.equal((await native(path)).status, 200);
    assert.equal((await native(path, { app: 'cs-both', bot: OTHER_BOT })).status, 404);
    assert.equal((await native(path, { app: 'cs-scopeless' })).status, 403);
    assert.equal((await native('notifications/ds-nothing')).status, 404);
  });
});

const receipt = (
  notificationId: string,
  seq: number,
  state: 'sent' | 'delivered' | 'read' | 'failed',
): Extract<News, { kind: 'receipt' }> => ({
  kind: 'receipt',
  notificationId,
  seq,
  state,
  at: 9,
  reason: null,
  detail: null,
});

async function accept(rig: Rig): Promise<{ readonly notificationId: string; readonly token: string }> {
  const identities = [{ phoneNumber: '+4917012345' }, { phoneNumber: '+4917012346' }];
  const reply = await post(rig, 'notifyV2', { channel: 'whatsapp', message: { type: 'text', val: 'Hi' }, identities });
  assert.ok(isJsonObject(reply.json), reply.text);
  return { notificationId: findId(reply.json), token: await tokenFor('cs-builder') };
}

function findId(reply: JsonObject): string {
  const id = /ds-[0-9a-f-]{36}/.exec(JSON.stringify(reply))?.[0];
  assert.ok(id, JSON.stringify(reply));
  return id;
}
