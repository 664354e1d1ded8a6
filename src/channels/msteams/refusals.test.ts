import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Outcome } from '../../model/outcome.ts';
import { judgeRefusal } from './refusals.ts';

/** A recipient, B connection, M message, C failed, D busy, U unknown. */
type Class = 'A' | 'B' | 'M' | 'C' | 'D' | 'U';

const coded = (code: string, message = '') => JSON.stringify({ error: { code, message } });
const nested = (subCode: string) =>
  JSON.stringify({
    errorCode: 209,
    message: JSON.stringify({ subCode, details: 'Thread is blocked.', errorCode: null }),
  });
const bare = (message: string) => JSON.stringify({ message });
const HTML = '<html><body><h1>Bad Gateway</h1></body></html>';

/** [status, body, class of a send, class of a new conversation, reason of the send, remedy of the send] */
const TABLE: readonly (readonly [number, string, Class, Class, string, string?])[] = [
  [400, coded('BadArgument'), 'M', 'A', 'message_invalid'],
  [400, coded('Bad Argument'), 'M', 'A', 'message_invalid'],
  [400, coded('BadSyntax'), 'M', 'A', 'message_invalid'],
  [400, coded('BadArgument', 'Failed to decrypt conversation id'), 'A', 'A', 'address_gone', 'recreate'],
  [400, bare('What?'), 'A', 'A', 'message_invalid'],
  [400, HTML, 'A', 'A', 'message_invalid'],
  [401, coded('BotNotRegistered'), 'B', 'B', 'connection_refused'],
  [401, bare('Authorization has been denied for this request.'), 'B', 'B', 'connection_refused'],
  [401, '', 'B', 'B', 'connection_refused'],
  [403, coded('BotDisabledByAdmin'), 'A', 'A', 'unreachable_recipient'],
  [403, coded('BotNotInConversationRoster'), 'A', 'A', 'app_not_installed', 'renew'],
  [403, coded('Forbidden', 'ForbiddenOperationException: not installed'), 'A', 'A', 'app_not_installed', 'renew'],
  [403, bare('ForbiddenOperationException'), 'A', 'A', 'app_not_installed', 'renew'],
  [403, coded('ConversationBlockedByUser'), 'A', 'A', 'blocked_by_recipient', 'renew'],
  [403, nested('MessageWritesBlocked'), 'A', 'A', 'blocked_by_recipient', 'renew'],
  [403, JSON.stringify({ errorCode: 209, message: 'MessageWritesBlocked' }), 'A', 'A', 'blocked_by_recipient', 'renew'],
  [403, coded('Forbidden', 'MessageWritesBlocked'), 'A', 'A', 'blocked_by_recipient', 'renew'],
  [403, coded('NotEnoughPermissions'), 'B', 'B', 'connection_refused'],
  [403, coded('InvalidBotApiHost', 'Use https://smba.example/'), 'B', 'B', 'connection_refused', 'move'],
  [403, HTML, 'A', 'A', 'unreachable_recipient'],
  [404, coded('ConversationNotFound'), 'A', 'A', 'address_gone', 'recreate'],
  [404, coded('ActivityNotFoundInConversation'), 'A', 'A', 'unreachable_recipient'],
  [404, HTML, 'A', 'A', 'unreachable_recipient'],
  [405, '', 'A', 'A', 'provider_error'],
  [408, '', 'C', 'C', 'provider_error'],
  [412, coded('PreconditionFailed'), 'C', 'C', 'provider_error'],
  [413, coded('MessageSizeTooBig'), 'M', 'M', 'message_too_large'],
  [429, coded('Throttled'), 'D', 'D', ''],
  [429, HTML, 'D', 'D', ''],
  [500, coded('ServiceError'), 'U', 'C', 'provider_error'],
  [502, HTML, 'U', 'C', 'provider_error'],
  [503, '', 'C', 'C', 'provider_error'],
  [504, '', 'U', 'C', 'provider_error'],
  [302, '', 'A', 'A', 'url_refused'],
  [600, '', 'U', 'C', 'provider_error'],
];

describe('The connector says no', () => {
  for (const [status, body, sendClass, createClass, reason, remedy = null] of TABLE) {
    test(`${status} ${body.slice(0, 70)} to a send: ${sendClass}${remedy === null ? '' : ` after ${remedy}`}`, () => {
      const verdict = judge(status, body, 'send');
      assert.equal(classOf(verdict.outcome), sendClass);
      assert.equal('reason' in verdict.outcome ? verdict.outcome.reason : '', reason);
      assert.equal(verdict.remedy, remedy);
      const isGone = verdict.outcome.kind === 'rejected' && verdict.outcome.forgetAddress === true;
      assert.equal(isGone, reason === 'address_gone');
    });

    test(`${status} ${body.slice(0, 70)} to a new conversation: ${createClass}`, () => {
      assert.equal(classOf(judge(status, body, 'create').outcome), createClass);
    });
  }

  test('the code of a nested error is found', () => {
    const body = { error: { code: 'X', innerHttpError: { statusCode: 403, body: { code: 'BotDisabledByAdmin' } } } };
    const { outcome } = judge(403, JSON.stringify(body), 'send');
    assert.match('detail' in outcome ? outcome.detail : '', /^HTTP 403 X BotDisabledByAdmin$/);
  });

  test('the other host is read from the message', () => {
    const message = 'Invalid host, use "https://smba.infra.gcc.teams.microsoft.com/teams" instead.';
    const verdict = judge(403, coded('InvalidBotApiHost', message), 'send');
    assert.equal(verdict.serviceUrl, 'https://smba.infra.gcc.teams.microsoft.com/teams');
  });

  test('a body of surprises is survived', () => {
    for (const body of [
      'null',
      '[]',
      '"x"',
      '{"error":null}',
      '{"error":[1]}',
      '{"message":{"a":1}}',
      '{"error":{"code":{}}}',
    ]) {
      assert.equal(classOf(judge(403, body, 'send').outcome), 'A');
    }
  });
});

function judge(status: number, body: string, step: 'send' | 'create') {
  return judgeRefusal({ kind: 'response', status, headers: {}, body }, { step, now: 0, secrets: [] });
}

function classOf(outcome: Outcome): Class | 'OK' {
  switch (outcome.kind) {
    case 'accepted':
      return 'OK';
    case 'rejected':
      return ({ recipient: 'A', connection: 'B', message: 'M' } as const)[outcome.scope];
    case 'failed':
      return 'C';
    case 'busy':
      return 'D';
    case 'unknown':
      return 'U';
  }
}
