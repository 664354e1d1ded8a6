import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import type { Outcome } from '../../model/outcome.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { type Desk, openTestDesk } from '../test-desk.ts';
import { slack } from './slack.ts';

const MINUTE_MS = 60_000;
const soon = () => AbortSignal.timeout(5_000);

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

const UNDER_ANOTHER_NAME: Message = { type: 'native', payload: { text: 'hello', username: 'HR' } };

/** A recipient, B connection, M message, C failed, D busy, U unknown; errors as the reference lists them. */
const CLASSES: Readonly<Record<string, string>> = {
  A: `users_not_found user_not_found user_not_visible user_disabled invalid_user_combination channel_not_found is_archived
    not_in_channel cannot_reply_to_message app_access_restricted messages_tab_disabled restricted_action
    restricted_action_read_only_channel restricted_action_thread_only_channel restricted_action_non_threadable_channel
    restricted_action_thread_locked method_not_supported_for_channel_type ekm_access_denied an_error_of_tomorrow`,
  B: `invalid_auth not_authed account_inactive token_revoked token_expired no_permission missing_scope
    not_allowed_token_type org_login_required two_factor_setup_required access_denied accesslimited
    enterprise_is_restricted team_not_found team_access_not_granted is_bot method_deprecated deprecated_endpoint unknown_method`,
  M: `msg_too_long no_text invalid_blocks invalid_blocks_format msg_blocks_too_long too_many_attachments
    attachment_payload_limit_exceeded too_many_contact_cards markdown_text_conflict metadata_too_large
    invalid_metadata_format invalid_arg_name invalid_array_arg invalid_charset invalid_form_data invalid_post_type
    missing_post_type users_list_not_supplied too_many_users invalid_metadata_schema metadata_must_be_sent_from_app
    missing_file_data as_user_not_supported invalid_arguments`,
  D: 'ratelimited rate_limited message_limit_exceeded',
  C: 'service_unavailable request_timeout team_added_to_org',
  U: 'fatal_error internal_error',
};

describe('Slack says no', () => {
  for (const [expected, errors] of Object.entries(CLASSES)) {
    for (const error of errors.split(/\s+/)) {
      test(`${error}: ${expected}`, async () => {
        say({ ok: false, error });
        const desk = open();
        const posting = await desk.send({ address: { channelId: 'D0JANE', reference: null } });
        assert.equal(classOf(posting), expected);
        assert.match('detail' in posting ? posting.detail : '', new RegExp(`^Slack said ${error}$`));
        const opening = await desk.send({ message: UNDER_ANOTHER_NAME });
        assert.equal(classOf(opening), expected === 'U' ? 'C' : expected, 'nobody is told by opening a conversation');
      });
    }
  }

  for (const error of ['users_not_found', 'user_not_found', 'channel_not_found']) {
    test(`${error} drops the address`, async () => {
      say({ ok: false, error });
      const outcome = await open().send();
      assert.ok(outcome.kind === 'rejected');
      assert.deepEqual([outcome.reason, outcome.forgetAddress], ['address_gone', true]);
    });
  }

  test('where a block is wrong is said, and no secret with it', async () => {
    const messages = ['[ERROR] must be a string (xoxb-sandbox) [json-pointer:/blocks/0/text]', '[ERROR] more'];
    say({ ok: false, error: 'invalid_blocks', response_metadata: { messages } });
    const outcome = await open().send();
    const expected = 'Slack said invalid_blocks: [ERROR] must be a string (***) [json-pointer:/blocks/0/text]';
    assert.equal(outcome.kind === 'rejected' && outcome.detail, expected);
  });

  test('the free plan’s cap is waited out for an hour', async () => {
    say({ ok: false, error: 'message_limit_exceeded' });
    const outcome = await open().send();
    assert.equal(outcome.kind === 'busy' && outcome.retryAfterMs, 60 * MINUTE_MS);
  });

  test('a wrong token is the connection’s fault', async () => {
    const desk = open({ token: 'xoxb-wrong-token' });
    assert.equal(classOf(await desk.send()), 'B');
    const check = await desk.session.check(soon());
    assert.deepEqual(check, { ok: false, detail: 'Slack said invalid_auth' });
  });

  test('ok without what was asked for is not believed', async () => {
    say({ ok: true });
    const desk = open();
    assert.equal(classOf(await desk.send({ message: UNDER_ANOTHER_NAME })), 'C', 'no channel was opened');
    assert.equal(classOf(await desk.send({ address: { channelId: 'D1', reference: null } })), 'U', 'no ts');
    say({ ok: 'true', ts: '1.2' });
    assert.equal(classOf(await desk.send({ address: { channelId: 'D1', reference: null } })), 'U');
  });

  test('a payload that cannot be put on the wire is the message’s fault', async () => {
    const payload = { text: '\ud800' };
    assert.equal(classOf(await open().send({ message: { type: 'native', payload } })), 'A');
  });
});

function open(settings: JsonObject = {}): Desk {
  const { urls, credentials } = sandbox;
  return openTestDesk({
    channel: slack,
    settings: { ...credentials.slack, apiUrl: urls.slack, ...settings },
    address: { channelId: 'U0JANE', reference: null },
  });
}

/** Slack answers every call so, at status 200. */
function say(body: JsonObject): void {
  sandbox.faults.set([{ provider: 'slack', fault: { kind: 'status', status: 200, body } }]);
}

function classOf(outcome: Outcome): string {
  if (outcome.kind === 'rejected') return { recipient: 'A', connection: 'B', message: 'M' }[outcome.scope];
  return { accepted: 'OK', failed: 'C', busy: 'D', unknown: 'U' }[outcome.kind];
}
