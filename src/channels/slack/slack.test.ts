import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import type { Outcome } from '../../model/outcome.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { type Desk, openTestClock, openTestDesk, type TestClock } from '../test-desk.ts';
import { slack } from './slack.ts';

const MINUTE_MS = 60_000;
const soon = () => AbortSignal.timeout(5_000);
const lookUp = async (desk: Desk, identity: string) => (await desk.session.lookUp?.([identity], soon()))?.[0];

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

describe('What goes over the wire', () => {
  test('the direct message is opened, then posted to, and later only posted to', async () => {
    const desk = open();
    const first = await desk.send({ address: { channelId: 'U1', reference: { teamId: 'T1' } } });
    assert.ok(first.kind === 'accepted');
    assert.deepEqual(first.learned, { channelId: 'U1', reference: { teamId: 'T1', conversationId: 'DU1' } });
    assert.match(first.providerMessageId ?? '', /^DU1:\d+\.\d{6}$/);
    const second = await desk.send({ ...(first.learned === undefined ? {} : { address: first.learned }) });
    assert.ok(second.kind === 'accepted');
    assert.equal(second.learned, undefined);

    assert.deepEqual(
      desk.calls.map(({ url, body }) => [new URL(url).pathname, Object.fromEntries(new URLSearchParams(body ?? ''))]),
      [
        ['/slack/api/conversations.open', { users: 'U1' }],
        ['/slack/api/chat.postMessage', { channel: 'DU1', text: 'hello' }],
        ['/slack/api/chat.postMessage', { channel: 'DU1', text: 'hello' }],
      ],
    );
    assert.equal(desk.calls[0]?.headers['Authorization'], 'Bearer xoxb-sandbox');
  });

  test('text stays as it was given', async () => {
    const desk = open();
    const text = 'a < b & c > d *bold* é 🧨 %41 +';
    await desk.send({ message: { type: 'text', text } });
    assert.equal(new URLSearchParams(desk.calls.at(-1)?.body ?? '').get('text'), text);
  });

  test('a native message passes, but for where it goes and in whose name', async () => {
    const blocks = [{ type: 'section', text: { type: 'mrkdwn', text: '*hello*' } }];
    const payload = {
      text: 'hello',
      blocks,
      attachments: [],
      channel: 'C0ELSE',
      token: 'xoxb-else',
      team_id: 'T0ELSE',
    };
    const desk = open();
    assert.equal((await desk.send({ message: { type: 'native', payload } })).kind, 'accepted');
    const call = desk.calls.at(-1);
    assert.deepEqual(Object.fromEntries(new URLSearchParams(call?.body ?? '')), {
      text: 'hello',
      blocks: JSON.stringify(blocks),
      attachments: '[]',
      channel: 'DU0JANE',
    });
    assert.equal(call?.headers['Authorization'], 'Bearer xoxb-sandbox');
  });

  for (const channelId of ['C0GENERAL', 'D0JANE', 'G0GROUP']) {
    test(`${channelId} is posted to as it is`, async () => {
      const desk = open();
      const outcome = await desk.send({ address: { channelId, reference: null } });
      assert.ok(outcome.kind === 'accepted' && outcome.learned === undefined);
      assert.equal(desk.calls.length, 1);
    });
  }

  test('nobody’s deadline ends another’s call', async () => {
    sandbox.faults.set([
      { provider: 'slack', recipient: 'U0SLOW', fault: { kind: 'hang' } },
      { provider: 'slack', fault: { kind: 'slow', delayMs: 60 } },
    ]);
    const desk = open();
    const [slow, ...others] = await Promise.all([
      desk.send({ address: { channelId: 'U0SLOW', reference: null }, signal: AbortSignal.timeout(20) }),
      ...Array.from({ length: 30 }, (_, index) => desk.send({ address: { channelId: `D0${index}`, reference: null } })),
    ]);
    assert.equal(slow.kind, 'failed');
    assert.ok(others.every(({ kind }) => kind === 'accepted'));
  });
});

describe('Looking people up', () => {
  test('finds a user, and nobody for those who are unknown, guests or gone', async () => {
    const desk = open();
    const found = await lookUp(desk, 'Jane@Example.com');
    assert.ok(found?.kind === 'found' && found.address.channelId.startsWith('U'));
    for (const identity of ['unknown@example.com', 'guest@example.com', 'deleted@example.com']) {
      assert.deepEqual(await lookUp(desk, identity), { kind: 'absent' });
    }
  });

  test('asks nobody about what is no e-mail address', async () => {
    const desk = open();
    assert.deepEqual(await lookUp(desk, '+491234567'), { kind: 'absent' });
    assert.equal(desk.calls.length, 0);
  });

  test('remembers a user for an hour and an absence for ten minutes', async () => {
    const clock = openTestClock();
    const desk = open({}, clock);
    const ask = async (identity: string) => {
      await lookUp(desk, identity);
      return desk.calls.length;
    };
    assert.deepEqual(
      [await ask('jane@example.com'), await ask(' JANE@example.com'), await ask('unknown@example.com')],
      [1, 1, 2],
    );
    clock.advance(10 * MINUTE_MS - 1);
    assert.deepEqual([await ask('jane@example.com'), await ask('unknown@example.com')], [2, 2]);
    clock.advance(1);
    assert.deepEqual([await ask('jane@example.com'), await ask('unknown@example.com')], [2, 3]);
    clock.advance(50 * MINUTE_MS);
    assert.equal(await ask('jane@example.com'), 4);
  });

  test('remembers no failure', async () => {
    const desk = open();
    for (const [kind, outcome] of [
      ['reset', 'failed'],
      ['garbage', 'failed'],
    ] as const) {
      sandbox.faults.set([{ provider: 'slack', fault: { kind } }]);
      const result = await lookUp(desk, 'jane@example.com');
      assert.equal(result?.kind === 'unavailable' && result.outcome.kind, outcome);
    }
    say({ ok: true, user: {} });
    assert.equal((await lookUp(desk, 'jane@example.com'))?.kind, 'unavailable');
    sandbox.faults.clear();
    assert.equal((await lookUp(desk, 'jane@example.com'))?.kind, 'found');
  });

  test('says when it was told to wait or not allowed', async () => {
    const desk = open();
    sandbox.faults.set([{ provider: 'slack', fault: { kind: 'status', status: 429, retryAfterSeconds: 30 } }]);
    const busy = await lookUp(desk, 'jane@example.com');
    assert.ok(busy?.kind === 'unavailable' && busy.outcome.kind === 'busy');
    assert.equal(busy.outcome.retryAfterMs, 30_000);
    say({ ok: false, error: 'missing_scope', needed: 'users:read.email' });
    const denied = await lookUp(desk, 'jane@example.com');
    assert.ok(denied?.kind === 'unavailable' && denied.outcome.kind === 'rejected');
    assert.equal(denied.outcome.scope, 'connection');
    assert.match(denied.outcome.detail, /missing_scope \(needed: users:read\.email\)/);
  });
});

/** A recipient, B connection, M message, C failed, D busy, U unknown; errors as the reference lists them. */
const CLASSES: Readonly<Record<string, string>> = {
  A: `users_not_found user_not_found user_not_visible user_disabled invalid_user_combination channel_not_found is_archived
    not_in_channel cannot_reply_to_message app_access_restricted messages_tab_disabled restricted_action
    restricted_action_read_only_channel restricted_action_thread_only_channel restricted_action_non_threadable_channel
    method_not_supported_for_channel_type ekm_access_denied an_error_of_tomorrow`,
  B: `invalid_auth not_authed account_inactive token_revoked token_expired no_permission missing_scope
    not_allowed_token_type org_login_required two_factor_setup_required access_denied accesslimited
    enterprise_is_restricted team_not_found is_bot method_deprecated deprecated_endpoint unknown_method`,
  M: `msg_too_long no_text invalid_blocks invalid_blocks_format msg_blocks_too_long too_many_attachments
    attachment_payload_limit_exceeded too_many_contact_cards markdown_text_conflict metadata_too_large
    invalid_metadata_format invalid_arg_name invalid_array_arg invalid_charset invalid_form_data invalid_post_type
    missing_post_type users_list_not_supplied too_many_users`,
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
        const opening = await desk.send();
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
    assert.equal(classOf(await desk.send()), 'C', 'no channel was opened');
    assert.equal(classOf(await desk.send({ address: { channelId: 'D1', reference: null } })), 'U', 'no ts');
    say({ ok: 'true', ts: '1.2' });
    assert.equal(classOf(await desk.send({ address: { channelId: 'D1', reference: null } })), 'U');
  });

  test('a payload that cannot be put on the wire is the message’s fault', async () => {
    const payload = { text: '\ud800' };
    assert.equal(classOf(await open().send({ message: { type: 'native', payload } })), 'A');
  });
});

test('the client writes nothing to the terminal', async (t) => {
  const methods = (['debug', 'info', 'log', 'warn', 'error'] as const).map((name) => t.mock.method(console, name));
  const metadata = { messages: ['[ERROR] T0PS3CRET', '[WARN] T0PS3CRET'], warnings: ['T0PS3CRET'] };
  const desk = open();
  say({ ok: false, error: 'x', response_metadata: metadata });
  await desk.send();
  sandbox.faults.set([{ provider: 'slack', fault: { kind: 'reset' } }]);
  await desk.send();
  await desk.send({ message: { type: 'native', payload: { attachments: [{}] } } });
  assert.equal(
    methods.reduce((calls, method) => calls + method.mock.callCount(), 0),
    0,
  );
});

function open(settings: JsonObject = {}, clock?: TestClock): Desk {
  const { urls, credentials } = sandbox;
  return openTestDesk({
    channel: slack,
    settings: { ...credentials.slack, apiUrl: urls.slack, ...settings },
    address: { channelId: 'U0JANE', reference: null },
    ...(clock === undefined ? {} : { clock }),
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
