import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Outcome } from '../../model/outcome.ts';
import { judgeAnswer } from './refusals.ts';

/** A recipient, B connection, M message, C failed, D busy connection, d busy recipient, U unknown. */
type Class = 'A' | 'B' | 'M' | 'C' | 'D' | 'd' | 'U';

/** [code, class, reason; of limits the wait in ms when WhatsApp says none] */
const TABLE: readonly (readonly [number, Class, string | number | null])[] = [
  [0, 'B', 'connection_refused'],
  [190, 'B', 'connection_refused'],
  [3, 'B', 'connection_refused'],
  [10, 'B', 'connection_refused'],
  [200, 'B', 'connection_refused'],
  [230, 'B', 'connection_refused'],
  [299, 'B', 'connection_refused'],
  [131005, 'B', 'connection_refused'],
  [368, 'B', 'connection_refused'],
  [131031, 'B', 'connection_refused'],
  [130497, 'A', 'unreachable_recipient'],
  [33, 'B', 'connection_refused'],
  [100, 'M', 'message_invalid'],
  [131042, 'B', 'connection_refused'],
  [131045, 'B', 'connection_refused'],
  [133006, 'B', 'connection_refused'],
  [133010, 'B', 'connection_refused'],
  [131037, 'B', 'connection_refused'],
  [131008, 'M', 'message_invalid'],
  [131009, 'M', 'message_invalid'],
  [131051, 'M', 'message_invalid'],
  [131053, 'M', 'message_invalid'],
  [135000, 'M', 'message_invalid'],
  [132000, 'M', 'message_invalid'],
  [132001, 'M', 'message_invalid'],
  [132005, 'M', 'message_too_large'],
  [132007, 'M', 'message_invalid'],
  [132012, 'M', 'message_invalid'],
  [132015, 'M', 'message_invalid'],
  [132016, 'M', 'message_invalid'],
  [132068, 'M', 'message_invalid'],
  [132069, 'M', 'message_invalid'],
  [131021, 'A', 'unreachable_recipient'],
  [131026, 'A', 'unreachable_recipient'],
  [131047, 'A', 'unreachable_recipient'],
  [130472, 'A', 'unreachable_recipient'],
  [131049, 'A', 'unreachable_recipient'],
  [131050, 'A', 'opted_out'],
  [131056, 'd', 6_000],
  [130429, 'D', null],
  [80007, 'D', 900_000],
  [4, 'D', 900_000],
  [613, 'D', 900_000],
  [131048, 'B', 'connection_refused'],
  [133016, 'B', 'connection_refused'],
  [1, 'C', 'provider_error'],
  [2, 'C', 'provider_error'],
  [131016, 'C', 'provider_error'],
  [133004, 'C', 'provider_error'],
  [131057, 'C', 'provider_error'],
  [131000, 'U', 'provider_error'],
];

/** Meta's own sources disagree about them, so none may matter beside a code. */
const STATUSES = [200, 302, 400, 401, 403, 404, 413, 429, 500, 503];

describe('a code', () => {
  for (const [code, expected, reason] of TABLE) {
    test(`${code}: ${expected} ${reason}, at any status`, () => {
      for (const status of STATUSES) {
        assert.deepEqual(outline(judge(status, { code, message: `(#${code}) Title` })), [expected, reason]);
      }
    });
  }

  test('is told with its words, and without secrets', () => {
    const error = { code: 132000, message: '(#132000) Title', error_data: { details: 'body: 1, not 2: EAAsecret' } };
    const outcome = judge(400, error, {}, ['EAAsecret']);
    assert.equal(outcome.detail, 'WhatsApp said 132000: Title: body: 1, not 2: ***');
  });
});

/** [error, class] */
const DETAILS: readonly (readonly [object, Class])[] = [
  [{ code: 100, error_subcode: 33, message: "Unsupported post request. Object with ID '1' does not exist" }, 'B'],
  [{ code: 100, message: '(#100) Invalid parameter' }, 'M'],
  [{ code: 100, message: "(#100) Param text['body'] must be at most 4096 characters long." }, 'M'],
  [{ code: 100, message: '(#100) Param to must be a valid phone number' }, 'A'],
  [{ code: 131008, error_data: { details: "Parameter 'to' is mandatory for type 'text'" } }, 'A'],
  [{ code: 131008, error_data: { details: 'Failed to find the required parameter text.body' } }, 'M'],
  [{ code: 131009, error_data: { details: 'Recipient phone number is not valid' } }, 'A'],
  [{ code: 131009, error_data: { details: 'recipient_type must be individual' } }, 'M'],
  [{ code: 132000, error_data: { details: "no param 'to'" } }, 'M'],
];

describe('a parameter at fault', () => {
  for (const [error, expected] of DETAILS) {
    test(`${expected}: ${JSON.stringify(error)}`, () => assert.equal(outline(judge(400, error))[0], expected));
  }
});

/** [status, class, reason or wait] */
const WITHOUT_CODE: readonly (readonly [number, Class, string | null])[] = [
  [200, 'U', 'answer_lost'],
  [302, 'B', 'url_refused'],
  [400, 'A', 'provider_error'],
  [401, 'B', 'connection_refused'],
  [403, 'B', 'connection_refused'],
  [404, 'B', 'connection_refused'],
  [413, 'M', 'message_too_large'],
  [418, 'A', 'provider_error'],
  [429, 'D', null],
  [500, 'U', 'provider_error'],
  [502, 'U', 'provider_error'],
  [503, 'C', 'provider_error'],
  [504, 'U', 'provider_error'],
];

describe('a status', () => {
  for (const [status, expected, reason] of WITHOUT_CODE) {
    test(`${status} without a code: ${expected} ${reason}`, () => {
      for (const error of [undefined, 'no', { code: '131026' }, { code: 1.5 }]) {
        assert.deepEqual(outline(judge(status, error)), [expected, reason]);
      }
    });
  }

  test('counts beside a code nobody documented', () => {
    const classes = [200, 400, 403, 404, 429, 500].map((status) => outline(judge(status, { code: 987654 }))[0]);
    assert.deepEqual(classes, ['U', 'A', 'A', 'A', 'D', 'U']);
  });
});

const usage = (...minutes: readonly unknown[]) => ({
  'x-business-use-case-usage': JSON.stringify({
    1234: minutes.map((wait) => ({ type: 'whatsapp', call_count: 100, estimated_time_to_regain_access: wait })),
  }),
});

/** [code, headers, wait in ms] */
const WAITS: readonly (readonly [number | null, Readonly<Record<string, string>>, number | null])[] = [
  [80007, usage(7), 420_000],
  [80007, usage(1, 7, 3), 420_000],
  [80007, usage(0), 900_000],
  [80007, usage('7'), 900_000],
  [80007, usage(), 900_000],
  [80007, usage(1e9), 3_600_000],
  [80007, { 'x-business-use-case-usage': 'no JSON' }, 900_000],
  [80007, { 'x-business-use-case-usage': '{"1":{}}' }, 900_000],
  [80007, { ...usage(2), 'retry-after': '300' }, 300_000],
  [130429, usage(2), 120_000],
  [130429, { 'retry-after': '2' }, 2_000],
  [131056, { 'retry-after': '2' }, 6_000],
  [131056, { 'retry-after': '16' }, 16_000],
  [131056, usage(10), 6_000],
  [null, { 'retry-after': '2' }, 2_000],
  [null, usage(1), 60_000],
];

describe('a wait', () => {
  for (const [code, headers, waitMs] of WAITS) {
    test(`of ${waitMs} for ${code} with ${JSON.stringify(headers)}`, () => {
      const outcome = judge(429, code === null ? undefined : { code }, headers);
      assert.ok(outcome.kind === 'busy');
      assert.equal(outcome.retryAfterMs, waitMs);
    });
  }
});

function judge(status: number, error: unknown, headers: Readonly<Record<string, string>> = {}, secrets: string[] = []) {
  const body = JSON.stringify({ error });
  return judgeAnswer({ kind: 'response', status, headers, body }, { now: 0, secrets });
}

function outline(outcome: Outcome): readonly [Class, string | number | null] {
  switch (outcome.kind) {
    case 'rejected':
      return [SCOPES[outcome.scope], outcome.reason];
    case 'busy':
      return [outcome.scope === 'recipient' ? 'd' : 'D', outcome.retryAfterMs];
    case 'failed':
      return ['C', outcome.reason];
    case 'unknown':
      return ['U', outcome.reason];
    case 'accepted':
      throw new Error('A refusal was taken for a success.');
  }
}

const SCOPES = { recipient: 'A', connection: 'B', message: 'M' } as const;
