import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { logId, messageId, personId } from '../../model/ids.ts';
import { FINAL_STATES, type Log, type NotificationStatus } from '../../model/notification.ts';
import { identityKey } from '../../model/person.ts';
import { REASONS, type Reason, SUCCESS_COMMENT } from '../../model/reasons.ts';
import { statusReplyV1, statusReplyV2 } from './replies.ts';

const word = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.emailAddress(),
  fc.constantFrom('', '"statusLogs":[]', '\\"statusLogs":[]', '$&', '</script>', '💥'),
);
const time = fc.integer({ min: 0, max: 4_000_000_000_000 });

const log: fc.Arbitrary<Log> = fc.record({
  seq: fc.integer({ min: 0, max: 999 }),
  identity: word,
  state: fc.constantFrom(...FINAL_STATES),
  reason: fc.option(fc.constantFrom(...(Object.keys(REASONS) as Reason[]))),
  detail: fc.option(word),
  personId: fc.option(word),
  channelId: fc.option(word),
  providerMessageId: fc.option(word),
  attempts: fc.nat(),
  maybeDoubled: fc.boolean(),
  at: time,
});

const notification: fc.Arbitrary<NotificationStatus> = fc
  .record({ botId: word, createdBy: word, channelSpelling: word, createdAt: time, updatedAt: time })
  .map((given) => ({
    ...given,
    id: 'ds-736ff917-d836-55b4-9a6b-3dad20c09af3',
    api: 'kore-v1',
    appId: 'cs-app',
    channel: 'msteams',
    connectionId: 'dc-one',
    resolve: true,
    lane: 'normal',
    message: { type: 'text', text: 'Hi' },
    total: 4,
    expiresAt: given.createdAt,
    finishedAt: null,
    cancelledAt: null,
    pausedAt: null,
    pausedReason: null,
    counts: { total: 4, pending: 1, delivered: 3, failed: 0, suppressed: 0, expired: 0, cancelled: 0, unknown: 0 },
  }));

describe('a status document', () => {
  it('property: of v1 is the text of these objects', () => {
    fc.assert(
      fc.property(notification, fc.array(log), (asked, logs) => {
        const { id, botId: streamId, createdBy, createdAt, updatedAt, total } = asked;
        const written = {
          _id: id,
          status: 'IN_PROGRESS',
          percentageComplete: 75,
          streamId,
          jobType: 'PROACTIVE_NOTIFICATIONS_API',
          action: 'PROACTIVE_NOTIFICATIONS',
          countOfDockStatuses: 1,
          createdBy,
          store: { identitiesCount: total },
          statusLogs: logs.map((each) => objectOf(asked, each, V1)),
          lMod: new Date(updatedAt - (updatedAt % 1000)).toISOString(),
          createdOn: new Date(createdAt).toISOString(),
          requestedTime: new Date(createdAt).toISOString(),
          __v: 0,
          count: logs.length,
        };
        assert.equal(statusReplyV1(asked, logs), JSON.stringify(written));
      }),
    );
  });

  it('property: of v2 is the text of these objects', () => {
    fc.assert(
      fc.property(notification, fc.array(log), (asked, logs) => {
        const written = {
          statusLogs: logs.map((each) => objectOf(asked, each, V2)),
          count: logs.length,
          status: 'IN_PROGRESS',
          streamId: asked.botId,
        };
        assert.equal(statusReplyV2(asked, logs), JSON.stringify(written));
      }),
    );
  });
});

const V1 = {
  SUCCESS:
    '_id requestId createdBy channel comments streamId koreId channelId messagestoreId originalId status createdOn __v',
  FAILURE: '_id requestId originalId status createdBy comments streamId channel createdOn __v',
};
const V2 = {
  SUCCESS:
    '_id streamId messagestoreId comments koreId channelId channel originalId requestId status createdBy createdOn __v',
  FAILURE: '_id streamId comments channel originalId requestId status createdBy createdOn __v',
};

/** A log as an object with these keys in this order. */
function objectOf({ id, botId, createdBy, channelSpelling }: NotificationStatus, log: Log, keys: typeof V1): object {
  const status = log.state === 'delivered' ? 'SUCCESS' : 'FAILURE';
  const code = log.reason ?? 'internal_error';
  const { meaning, hint } = REASONS[code];
  const what = log.detail === null ? meaning : `${meaning}: ${log.detail}`;
  const told = code === 'not_associated' ? meaning : `${what} [${code}] ${hint}`;
  const facts = new Map(
    Object.entries({
      _id: logId(id, log.seq),
      requestId: id,
      createdBy,
      channel: channelSpelling,
      comments: status === 'SUCCESS' ? SUCCESS_COMMENT : told,
      streamId: botId,
      koreId: log.personId ?? personId(botId, identityKey(log.identity)),
      channelId: log.channelId ?? log.identity,
      messagestoreId: messageId(id, log.seq),
      originalId: log.identity,
      status,
      createdOn: new Date(log.at).toISOString(),
      __v: 0,
    }),
  );
  return Object.fromEntries(keys[status].split(' ').map((key) => [key, facts.get(key)]));
}
