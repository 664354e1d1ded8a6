import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Outcome } from '../../model/outcome.ts';
import { judgeTwilio } from './twilio-refusals.ts';

/** A recipient, B connection, M message, C failed, D busy, U unknown. */
type Class = 'A' | 'B' | 'M' | 'C' | 'D' | 'U';

/** [codes, status they come with, class, reason]: in the order of what is known about Twilio's codes */
const CODES: readonly (readonly [readonly number[], number, Class, string])[] = [
  [[20003], 401, 'B', 'connection_refused'],
  [[20404], 404, 'B', 'connection_refused'],
  [[20005, 20008, 90010], 403, 'B', 'connection_refused'],
  [[20429], 429, 'D', ''],
  [[21201, 21211, 21217], 400, 'A', 'unreachable_recipient'],
  [[21214, 21614], 400, 'A', 'unreachable_recipient'],
  [[21610], 400, 'A', 'opted_out'],
  [[21612, 21265], 400, 'A', 'unreachable_recipient'],
  [[21408], 400, 'A', 'unreachable_recipient'],
  [[21212, 21603, 21606, 21609, 21659, 21705], 400, 'B', 'connection_refused'],
  [[21611], 400, 'D', ''],
  [[21617], 400, 'M', 'message_too_large'],
  [[21602, 21619, 21656, 92005], 400, 'M', 'message_invalid'],
  [[14107, 63038], 429, 'D', ''],
  [[14107, 63038], 400, 'D', ''],
  [[29999], 400, 'A', 'provider_error'],
  [[21211], 500, 'U', 'provider_error'],
  [[20429], 503, 'C', 'provider_error'],
];

/** [status without a code, class, reason] */
const STATUSES: readonly (readonly [number, Class, string])[] = [
  [302, 'B', 'url_refused'],
  [400, 'A', 'provider_error'],
  [401, 'B', 'connection_refused'],
  [403, 'B', 'connection_refused'],
  [404, 'B', 'connection_refused'],
  [408, 'C', 'provider_error'],
  [413, 'M', 'message_too_large'],
  [429, 'D', ''],
  [500, 'U', 'provider_error'],
  [502, 'U', 'provider_error'],
  [503, 'C', 'provider_error'],
  [504, 'U', 'provider_error'],
  [600, 'U', 'provider_error'],
];

describe('Twilio says no', () => {
  for (const [codes, status, expected, reason] of CODES) {
    for (const code of codes) {
      test(`${code} under ${status}: ${expected} ${reason}`, () => {
        const outcome = judge(status, JSON.stringify({ code, message: 'No.', status }));
        assert.deepEqual([classOf(outcome), 'reason' in outcome ? outcome.reason : ''], [expected, reason]);
      });
    }
  }

  for (const [status, expected, reason] of STATUSES) {
    test(`${status} without a code: ${expected} ${reason}`, () => {
      for (const body of ['', '<html>', 'null', '[]', '{"code":"21211"}', '{"code":null,"message":{}}']) {
        const outcome = judge(status, body);
        assert.deepEqual([classOf(outcome), 'reason' in outcome ? outcome.reason : ''], [expected, reason]);
      }
    });
  }

  test('STOP is remembered, nothing else is', () => {
    for (const [codes, status] of CODES) {
      for (const code of codes) {
        const outcome = judge(status, JSON.stringify({ code }));
        assert.equal('silence' in outcome ? outcome.silence : null, code === 21610 ? 'opted_out' : null);
      }
    }
  });

  test('what Twilio says is told, with its code', () => {
    const outcome = judge(400, '{"code":21211,"message":"Invalid\\n\'To\' number","status":400}');
    assert.equal('detail' in outcome && outcome.detail, "HTTP 400 21211 Invalid 'To' number");
  });
});

function judge(status: number, body: string): Outcome {
  return judgeTwilio({ kind: 'response', status, headers: {}, body }, { now: 0, secrets: [] });
}

function classOf(outcome: Outcome): Class | null {
  if (outcome.kind === 'accepted') return null;
  if (outcome.kind === 'rejected') return ({ recipient: 'A', connection: 'B', message: 'M' } as const)[outcome.scope];
  return ({ failed: 'C', busy: 'D', unknown: 'U' } as const)[outcome.kind];
}
