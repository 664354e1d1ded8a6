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
import { claim, finalLog, finish } from '../../../test/support/played-engine.ts';
import { derivedId, logId, messageId, personId } from '../../model/ids.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { Counts, FinalState } from '../../model/notification.ts';
import type { Reason } from '../../model/reasons.ts';
import { koreStatus, percentageComplete } from './replies.ts';

const V1_KEYS =
  '["_id","status","percentageComplete","streamId","jobType","action","countOfDockStatuses","createdBy","store","statusLogs","lMod","createdOn","requestedTime","__v","count"]';
const SUCCESS_KEYS =
  '["_id","requestId","createdBy","channel","comments","streamId","koreId","channelId","messagestoreId","originalId","status","createdOn","__v"]';
const FAILURE_KEYS =
  '["_id","requestId","originalId","status","createdBy","comments","streamId","channel","createdOn","__v"]';
const V2_SUCCESS_KEYS =
  '["_id","streamId","messagestoreId","comments","koreId","channelId","channel","originalId","requestId","status","createdBy","createdOn","__v"]';
const V2_FAILURE_KEYS =
  '["_id","streamId","comments","channel","originalId","requestId","status","createdBy","createdOn","__v"]';

const UNKNOWN_ID = '{"errors":[{"msg":"Invalid request ID","code":400}]}';

describe('status', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  const send = async (identities: string[], extra: object = {}): Promise<string> => {
    const body = {
      channel: 'msteams',
      userIdentityType: 'resolve',
      message: { type: 'text', val: 'Hi' },
      identities,
      ...extra,
    };
    return idOf(await post(rig, 'notify', body));
  };

  const look = async (
    id: string,
    { version = 'notify', method = 'GET', bot = BOT, app = 'cs-builder' } = {},
  ): Promise<Reply> =>
    call(rig, `/api/public/bot/${bot}/${version}/status/${id}`, { method, headers: { auth: await tokenFor(app) } });

  it('a fresh notification reads IN_PROGRESS with no logs', async () => {
    const id = await send(['a@b.c', 'b@b.c']);
    const reply = await look(id);
    assert.equal(reply.status, 200);
    assert.equal(reply.headers.get('cache-control'), 'no-store');
    const document = objectOf(reply);
    assert.equal(JSON.stringify(Object.keys(document)), V1_KEYS);
    assert.deepEqual(
      [document['status'], document['percentageComplete'], document['statusLogs'], document['count']],
      ['IN_PROGRESS', 0, [], 0],
    );
  });

  it('a finished one is the whole live document', async () => {
    const id = await send(['nobody@abc.com', 'john@abc.com', 'new@abc.com']);
    rig.clock.advance(2345);
    const at = rig.clock.now();
    await finish(rig.store, id, [
      finalLog(0, 'nobody@abc.com', { state: 'failed', reason: 'not_associated', detail: 'users/404', at }),
      finalLog(1, 'john@abc.com', { state: 'delivered', personId: 'u-john', channelId: '29:1964-s', at: at + 5 }),
      finalLog(2, 'New@abc.com', { state: 'delivered', at: at + 6 }),
    ]);
    const document = objectOf(await look(id));
    assert.equal(JSON.stringify(Object.keys(document)), V1_KEYS);
    const sent = Date.parse(String(document['createdOn']));
    const updatedAt = (await rig.store.findNotification({ botId: BOT, notificationId: id }))?.updatedAt ?? 0;
    assert.ok(updatedAt > sent);
    const createdBy = derivedId('u', BOT, 'tester');
    assert.deepEqual(document, {
      _id: id,
      status: 'PARTIAL_SUCCESS',
      percentageComplete: 100,
      streamId: BOT,
      jobType: 'PROACTIVE_NOTIFICATIONS_API',
      action: 'PROACTIVE_NOTIFICATIONS',
      countOfDockStatuses: 1,
      createdBy,
      store: { identitiesCount: 3 },
      statusLogs: [
        {
          _id: logId(id, 0),
          requestId: id,
          originalId: 'nobody@abc.com',
          status: 'FAILURE',
          createdBy,
          comments: "'Identity is not associated with the channel'",
          streamId: BOT,
          channel: 'msteams',
          createdOn: new Date(at).toISOString(),
          __v: 0,
        },
        {
          _id: logId(id, 1),
          requestId: id,
          createdBy,
          channel: 'msteams',
          comments: 'Notification has been sent successfully',
          streamId: BOT,
          koreId: 'u-john',
          channelId: '29:1964-s',
          messagestoreId: messageId(id, 1),
          originalId: 'john@abc.com',
          status: 'SUCCESS',
          createdOn: new Date(at + 5).toISOString(),
          __v: 0,
        },
        {
          _id: logId(id, 2),
          requestId: id,
          createdBy,
          channel: 'msteams',
          comments: 'Notification has been sent successfully',
          streamId: BOT,
          koreId: personId(BOT, 'new@abc.com'),
          channelId: 'New@abc.com',
          messagestoreId: messageId(id, 2),
          originalId: 'New@abc.com',
          status: 'SUCCESS',
          createdOn: new Date(at + 6).toISOString(),
          __v: 0,
        },
      ],
      lMod: new Date(Math.floor(updatedAt / 1000) * 1000).toISOString(),
      createdOn: new Date(sent).toISOString(),
      requestedTime: new Date(sent).toISOString(),
      __v: 0,
      count: 3,
    });
    assert.match(String(document['lMod']), /\.000Z$/);
    assert.deepEqual(logKeys(document), [FAILURE_KEYS, SUCCESS_KEYS, SUCCESS_KEYS]);
  });

  it('GET and POST, with and without a body, say the same', async () => {
    const id = await send(['a@b.c']);
    const byGet = await look(id);
    assert.equal((await look(id, { method: 'POST' })).text, byGet.text);
    assert.equal((await look(`${id}/`)).text, byGet.text);
    for (const [contentType, body] of [
      ['application/json', '{}'],
      ['application/json', ''],
      ['text/plain', 'anything'],
    ] as const) {
      const reply = await call(rig, `/api/public/bot/${BOT}/notify/status/${id}`, {
        method: 'POST',
        headers: { auth: await tokenFor('cs-builder'), 'content-type': contentType },
        body,
      });
      assert.equal(reply.text, byGet.text, contentType);
    }
  });

  it('v2 says four things, its logs in the order of its documentation', async () => {
    const id = idOf(
      await post(rig, 'notifyV2', {
        channel: 'msteam',
        message: { type: 'text', value: 'Hi' },
        identities: [{ email: 'a@b.c' }, { email: 'b@b.c' }],
      }),
    );
    await finish(rig.store, id, [
      finalLog(0, 'a@b.c', { state: 'delivered', personId: 'u-a', channelId: '29:a' }),
      finalLog(1, 'b@b.c', { state: 'failed', reason: 'provider_error', detail: 'answered 500' }),
    ]);
    const document = objectOf(await look(id, { version: 'notifyV2' }));
    assert.equal(JSON.stringify(Object.keys(document)), '["statusLogs","count","status","streamId"]');
    assert.deepEqual([document['count'], document['status'], document['streamId']], [2, 'PARTIAL_SUCCESS', BOT]);
    assert.deepEqual(logKeys(document), [V2_SUCCESS_KEYS, V2_FAILURE_KEYS]);
    const [success, failure] = logsOf(document);
    assert.deepEqual([success?.['channel'], failure?.['channel']], ['msteam', 'msteam'], "the caller's spelling");
    assert.match(String(failure?.['comments']), /^The provider failed: answered 500 \[provider_error\] Read what/);
  });

  const comments: readonly [FinalState, Reason | null, detail: string | null, comment: string][] = [
    ['failed', 'not_associated', null, "'Identity is not associated with the channel'"],
    [
      'failed',
      'blocked_by_recipient',
      null,
      'The recipient has blocked or removed the app [blocked_by_recipient] Ask the recipient to unblock the app or add it again.',
    ],
    [
      'failed',
      'message_invalid',
      'BadSyntax',
      'The message is not valid for the channel: BadSyntax [message_invalid] Correct the message where the detail points, and send it again.',
    ],
    [
      'expired',
      'expired',
      null,
      'The notification expired before it could be delivered [expired] Send it again if it still matters; the detail says what held it up.',
    ],
    [
      'cancelled',
      'cancelled',
      null,
      'The notification was cancelled [cancelled] Send it again if it was cancelled by mistake.',
    ],
    [
      'unknown',
      'answer_lost',
      null,
      'The provider may have delivered the message, but its answer was lost [answer_lost] Look at the provider whether it arrived before you send it again.',
    ],
  ];
  for (const [state, reason, detail, comment] of comments) {
    it(`${state} for ${reason} reads FAILURE: ${comment}`, async () => {
      const id = await send(['a@b.c']);
      await finish(rig.store, id, [finalLog(0, 'a@b.c', { state, reason, detail })]);
      const document = objectOf(await look(id));
      assert.equal(document['status'], 'FAILURE');
      const [entry] = logsOf(document);
      assert.deepEqual([entry?.['status'], entry?.['comments']], ['FAILURE', comment]);
      assert.deepEqual(logKeys(document), [FAILURE_KEYS]);
    });
  }

  it('reads IN_PROGRESS with the logs so far until the last recipient is final, then SUCCESS', async () => {
    const identities = Array.from({ length: 3 }, (_, i) => `p${i}@b.c`);
    const id = await send(identities);
    const batch = await claim(rig.store, id);
    for (const seq of [0, 1, 2]) {
      const logs = [finalLog(seq, `p${seq}@b.c`, { state: 'delivered' })];
      await rig.store.checkpoint({ batches: [{ batch, logs, remainder: seq === 2 ? [] : null }], again: false });
      const document = objectOf(await look(id));
      const expected = [
        ['IN_PROGRESS', 33, 1],
        ['IN_PROGRESS', 66, 2],
        ['SUCCESS', 100, 3],
      ][seq];
      assert.deepEqual([document['status'], document['percentageComplete'], document['count']], expected);
    }
  });

  it("an id of nobody, of another bot, of another form: all the same 'Invalid request ID'", async () => {
    const id = await send(['a@b.c']);
    const strangers = [
      'ds-00000000-0000-5000-8000-000000000000',
      'x',
      id.toUpperCase(),
      `${id}x`,
      '%00',
      "'--",
      '💥',
      'ds-'.repeat(2000),
    ];
    for (const stranger of strangers) {
      const reply = await look(stranger);
      assert.deepEqual([reply.status, reply.text], [400, UNKNOWN_ID], stranger.slice(0, 50));
    }
    for (const version of ['notify', 'notifyV2']) {
      const reply = await look(id, { version, bot: OTHER_BOT, app: 'cs-admin' });
      assert.deepEqual([reply.status, reply.text], [400, UNKNOWN_ID]);
    }
  });
});

describe('overall status', () => {
  const counts = (delivered: number, failed: number, pending: number): Counts => ({
    delivered,
    failed,
    pending,
    suppressed: 0,
    expired: 0,
    cancelled: 0,
    unknown: 0,
    total: delivered + failed + pending,
  });

  it('is IN_PROGRESS, SUCCESS, FAILURE or PARTIAL_SUCCESS', () => {
    assert.equal(koreStatus(counts(0, 0, 5)), 'IN_PROGRESS');
    assert.equal(koreStatus(counts(4, 0, 1)), 'IN_PROGRESS');
    assert.equal(koreStatus(counts(0, 4, 1)), 'IN_PROGRESS');
    assert.equal(koreStatus(counts(5, 0, 0)), 'SUCCESS');
    assert.equal(koreStatus(counts(0, 5, 0)), 'FAILURE');
    assert.equal(koreStatus(counts(1, 4, 0)), 'PARTIAL_SUCCESS');
  });

  it('says 100 percent at the end and never before', () => {
    for (const total of [1, 3, 7, 199, 1000, 1_000_003]) {
      assert.equal(percentageComplete(counts(total, 0, 0)), 100);
      assert.ok(percentageComplete(counts(total - 1, 0, 1)) < 100);
      assert.equal(percentageComplete(counts(0, 0, total)), 0);
    }
  });
});

function objectOf(reply: Reply): JsonObject {
  assert.ok(isJsonObject(reply.json), reply.text);
  return reply.json;
}

const idOf = (reply: Reply): string => String(objectOf(reply)['_id']);

function logsOf(document: JsonObject): JsonObject[] {
  const logs = document['statusLogs'];
  assert.ok(Array.isArray(logs));
  return logs.filter(isJsonObject);
}

const logKeys = (document: JsonObject): string[] => logsOf(document).map((entry) => JSON.stringify(Object.keys(entry)));
