import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Outcome } from '../../model/outcome.ts';
import { judgeFind, judgeSend } from './refusals.ts';

/** A recipient, B connection, M message, C failed, D busy, U unknown. */
type Class = 'OK' | 'A' | 'B' | 'M' | 'C' | 'D' | 'U';

const rpc = (status: string, message = '', ...details: readonly object[]) =>
  JSON.stringify({ error: { code: 0, message, status, details } });
const info = (reason: string, metadata = {}) => ({
  '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
  reason,
  metadata,
});
const violates = (field: string) => ({
  '@type': 'type.googleapis.com/google.rpc.BadRequest',
  fieldViolations: [{ field }],
});
const HTML = '<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>';

/** [status, body, class of a message, class of a question, reason of the message] */
const TABLE: readonly (readonly [number, string, Class, Class, string])[] = [
  [400, rpc('INVALID_ARGUMENT', 'Invalid cards.', violates('message.cards_v2')), 'M', 'A', 'message_invalid'],
  [400, rpc('INVALID_ARGUMENT', 'Message size exceeds the limit of 32000 bytes.'), 'M', 'A', 'message_too_large'],
  [
    400,
    rpc('INVALID_ARGUMENT', 'Request ID must be a valid UUID.', violates('request_id')),
    'M',
    'A',
    'message_invalid',
  ],
  [400, rpc('INVALID_ARGUMENT', 'Invalid space resource name in request.'), 'A', 'A', 'unreachable_recipient'],
  [400, rpc('INVALID_ARGUMENT', 'No.', violates('parent')), 'A', 'A', 'unreachable_recipient'],
  [400, rpc('FAILED_PRECONDITION', 'Not now.'), 'A', 'A', 'message_invalid'],
  [400, HTML, 'A', 'A', 'message_invalid'],
  [401, rpc('UNAUTHENTICATED', 'Request had invalid authentication credentials.'), 'B', 'B', 'connection_refused'],
  [403, rpc('PERMISSION_DENIED', 'This Chat app is not a member of this space.'), 'A', 'A', 'app_not_installed'],
  [403, rpc('PERMISSION_DENIED', 'No.', info('SERVICE_DISABLED')), 'B', 'B', 'connection_refused'],
  [
    403,
    rpc('PERMISSION_DENIED', 'Google Chat API has not been used in project 1 before or it is disabled.'),
    'B',
    'B',
    'connection_refused',
  ],
  [403, rpc('PERMISSION_DENIED', 'No.', info('ACCESS_TOKEN_SCOPE_INSUFFICIENT')), 'B', 'B', 'connection_refused'],
  [403, rpc('PERMISSION_DENIED', 'This needs admin approval.'), 'B', 'B', 'connection_refused'],
  [
    403,
    rpc('PERMISSION_DENIED', "This organization's administrator restricts this Chat app from this action."),
    'B',
    'B',
    'connection_refused',
  ],
  [403, rpc('PERMISSION_DENIED', 'The Chat app is disabled.'), 'B', 'B', 'connection_refused'],
  [403, rpc('PERMISSION_DENIED', 'The caller does not have permission.'), 'A', 'A', 'unreachable_recipient'],
  [403, HTML, 'B', 'B', 'connection_refused'],
  [404, rpc('NOT_FOUND', 'Space not found.'), 'A', 'A', 'address_gone'],
  [404, rpc('NOT_FOUND', 'Google Chat app not found. To create a Chat app, …'), 'B', 'B', 'connection_refused'],
  [404, HTML, 'B', 'B', 'connection_refused'],
  [409, rpc('ALREADY_EXISTS'), 'OK', 'C', ''],
  [409, rpc('ABORTED'), 'C', 'C', 'provider_error'],
  [409, HTML, 'C', 'C', 'provider_error'],
  [413, HTML, 'M', 'M', 'message_too_large'],
  [418, '', 'A', 'A', 'provider_error'],
  [429, rpc('RESOURCE_EXHAUSTED'), 'D', 'D', ''],
  [499, rpc('CANCELLED'), 'C', 'C', 'provider_error'],
  [500, rpc('INTERNAL'), 'C', 'C', 'provider_error'],
  [502, HTML, 'U', 'C', 'provider_error'],
  [503, rpc('UNAVAILABLE'), 'C', 'C', 'provider_error'],
  [504, rpc('DEADLINE_EXCEEDED'), 'C', 'C', 'provider_error'],
  [302, '', 'B', 'B', 'url_refused'],
  [600, '', 'U', 'C', 'provider_error'],
];

describe('The Chat API says no', () => {
  for (const [status, body, sendClass, findClass, reason] of TABLE) {
    test(`${status} ${body.slice(0, 100)} to a message: ${sendClass}`, () => {
      const outcome = send(status, body);
      assert.equal(classOf(outcome), sendClass);
      assert.equal('reason' in outcome ? outcome.reason : '', reason);
      const isGone = outcome.kind === 'rejected' && outcome.forgetAddress === true;
      assert.equal(isGone, reason === 'address_gone');
    });

    test(`${status} ${body.slice(0, 100)} to a question: ${findClass}`, () => {
      const outcome = judgeFind(response(status, body), { now: 0, secrets: [] });
      assert.equal(classOf(outcome), findClass);
      assert.ok(!('forgetAddress' in outcome));
    });
  }

  test('what Google says is told, with its code and reason', () => {
    const outcome = send(403, rpc('PERMISSION_DENIED', 'Not\nenabled.', info('SERVICE_DISABLED')));
    assert.equal('detail' in outcome && outcome.detail, 'HTTP 403 PERMISSION_DENIED SERVICE_DISABLED Not enabled.');
  });

  test('a body of surprises is survived', () => {
    for (const body of ['null', '[]', '{"error":null}', '{"error":[1]}', '{"error":"x"}', '{"error":{"details":{}}}']) {
      assert.notEqual(classOf(send(400, body)), 'OK');
      assert.notEqual(classOf(send(409, body)), 'OK');
    }
    const odd = {
      error: { status: 1, message: {}, details: [null, { reason: 2, metadata: 3, fieldViolations: [4] }] },
    };
    assert.equal(classOf(send(403, JSON.stringify(odd))), 'A');
  });
});

/** [the limit Google names, the space was just written to, who has to wait] */
const LIMITS: readonly (readonly [string | null, boolean, 'recipient' | 'connection'])[] = [
  ['MessageWritesPerMinutePerProject', false, 'connection'],
  ['MessageWritesPerMinutePerProject', true, 'connection'],
  ['SpaceReadsPerMinutePerProject', false, 'connection'],
  ['MessageWritesPerSecondPerSpace', false, 'recipient'],
  [null, true, 'recipient'],
  [null, false, 'connection'],
];

describe('A limit', () => {
  for (const [limit, isSpaceWarm, scope] of LIMITS) {
    test(`${limit ?? 'without a name'} of a ${isSpaceWarm ? 'busy' : 'quiet'} space slows the ${scope}`, () => {
      const details = limit === null ? [] : [info('RATE_LIMIT_EXCEEDED', { quota_limit: limit })];
      const outcome = send(429, rpc('RESOURCE_EXHAUSTED', 'Quota exceeded.', ...details), isSpaceWarm);
      assert.ok(outcome.kind === 'busy');
      assert.deepEqual([outcome.scope, outcome.retryAfterMs], [scope, null]);
    });
  }
});

function send(status: number, body: string, isSpaceWarm = false): Outcome {
  return judgeSend(response(status, body), { isSpaceWarm, now: 0, secrets: [] });
}

function response(status: number, body: string) {
  return { kind: 'response', status, headers: {}, body } as const;
}

function classOf(outcome: Outcome): Class {
  if (outcome.kind === 'rejected') return ({ recipient: 'A', connection: 'B', message: 'M' } as const)[outcome.scope];
  return ({ accepted: 'OK', failed: 'C', busy: 'D', unknown: 'U' } as const)[outcome.kind];
}
