import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { ErrorCode, type KnownBlock, type Logger, LogLevel, type UsersListResponse, WebClient } from '@slack/web-api';
import { openManualClock, openRig } from './test-rig.ts';

/** Slack's own client, with its retries off, must find nothing amiss in the simulated Slack. */
const clock = openManualClock();
const sandbox = await openRig({ clock });
const said: unknown[] = [];
const client = openClient();
beforeEach(() => {
  sandbox.reset();
  said.length = 0;
});

const BUTTON = { type: 'button', text: { type: 'plain_text', text: 'Open' }, action_id: 'open' } as const;

function aMessage(): KnownBlock[] {
  return [
    { type: 'header', text: { type: 'plain_text', text: 'News' } },
    { type: 'section', text: { type: 'mrkdwn', text: '*bold* &lt;x&gt; é 🧨 +%41' }, accessory: BUTTON },
    {
      type: 'section',
      fields: [
        { type: 'mrkdwn', text: 'a' },
        { type: 'plain_text', text: 'b' },
      ],
    },
    { type: 'image', image_url: 'https://example.com/a.png', alt_text: 'a' },
    { type: 'context', elements: [{ type: 'mrkdwn', text: 'c' }] },
    { type: 'divider' },
    { type: 'actions', elements: [BUTTON] },
  ];
}

describe('What the client sends', () => {
  test('blocks and attachments arrive, as JSON text in a form', async () => {
    const attachments = [{ color: '#36a64f', text: 'x', fields: [{ title: 't', value: 'v' }] }];
    const { id = '' } = (await client.users.lookupByEmail({ email: 'Jane@Example.com' })).user ?? {};
    const posted = await client.chat.postMessage({ channel: id, text: 'News', blocks: aMessage(), attachments });
    assert.deepEqual(posted.message?.blocks, aMessage());
    assert.equal(posted.channel, `D${id}`);
    const form = new URLSearchParams(sandbox.ledger.entries()[0]?.body ?? '');
    assert.deepEqual(JSON.parse(form.get('blocks') ?? ''), aMessage());
    assert.deepEqual(JSON.parse(form.get('attachments') ?? ''), attachments);
  });

  test('a thread, an opened conversation and a text of any characters', async () => {
    const { channel } = await client.conversations.open({ users: 'U0JANE' });
    const text = 'a=b&c;d\n\t"é" 🧨 %zz';
    const first = await client.chat.postMessage({ channel: channel?.id ?? '', text });
    assert.equal(first.message?.text, text);
    const reply = await client.chat.postMessage({ channel: channel?.id ?? '', text, thread_ts: first.ts ?? '' });
    assert.equal(reply.ok, true);
  });
});

describe('What the client reads', () => {
  test('all members, by its own paging', async () => {
    const everybody = Array.from({ length: 2_345 }, (_, index) => `p${index}@example.com`);
    sandbox.people.change({ replace: true, slack: everybody.map((match) => ({ match, state: 'active' as const })) });
    const emails: unknown[] = [];
    for await (const page of client.paginate('users.list', { limit: 999 })) {
      const { members }: UsersListResponse = page;
      emails.push(...(members ?? []).map(({ profile }) => profile?.email));
    }
    assert.deepEqual(emails, everybody);
    assert.equal(sandbox.stats().calls.slack?.['users.list']?.calls, 3);
  });

  test('who it is', async () => {
    const { team_id: team, user_id: user, bot_id: bot } = await client.auth.test();
    assert.deepEqual([team, user, bot], ['T0SANDBOX', 'U0SANDBOX', 'B0SANDBOX']);
  });
});

describe('What the client throws', () => {
  const post = (more: object = {}) => client.chat.postMessage({ channel: 'C1', text: 'x', ...more });

  test('a platform error for a logical no', async () => {
    const code = ErrorCode.PlatformError;
    await assert.rejects(client.users.lookupByEmail({ email: 'unknown@example.com' }), {
      code,
      message: /users_not_found$/,
    });
    await assert.rejects(post({ channel: 'unknown' }), { code, message: /channel_not_found$/ });
    await assert.rejects(openClient('xoxb-wrong').auth.test(), { code, message: /invalid_auth$/ });
  });

  const text = (length: number) => ({ type: 'mrkdwn', text: 'x'.repeat(length) }) as const;
  const plain = (length: number) => ({ type: 'plain_text', text: 'x'.repeat(length) }) as const;
  const actions = (...elements: unknown[]) => ({ type: 'actions', elements });
  const FAULTS: readonly (readonly [block: object, said: string])[] = [
    [{ type: 'section', text: text(3_001) }, 'must be less than 3001 characters [json-pointer:/blocks/0/text/text]'],
    [{ type: 'section', text: text(0) }, 'must be more than 0 characters [json-pointer:/blocks/0/text/text]'],
    [{ type: 'section' }, 'missing required field: text [json-pointer:/blocks/0]'],
    [
      { type: 'section', fields: Array(11).fill(text(1)) },
      'no more than 10 items allowed [json-pointer:/blocks/0/fields]',
    ],
    [
      { type: 'section', fields: [text(2_001)] },
      'must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]',
    ],
    [{ type: 'header', text: plain(151) }, 'must be less than 151 characters [json-pointer:/blocks/0/text/text]'],
    [{ type: 'header', text: text(1) }, 'unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]'],
    [actions(...Array(26).fill(BUTTON)), 'no more than 25 items allowed [json-pointer:/blocks/0/elements]'],
    [
      actions({ ...BUTTON, text: plain(76) }),
      'must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]',
    ],
    [
      actions({ ...BUTTON, action_id: 'x'.repeat(256) }),
      'must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]',
    ],
    [
      { type: 'context', elements: Array(11).fill(text(1)) },
      'no more than 10 items allowed [json-pointer:/blocks/0/elements]',
    ],
    [{ type: 'image', image_url: 'https://example.com/' }, 'missing required field: alt_text [json-pointer:/blocks/0]'],
    [{ type: 'image', alt_text: 'a' }, 'missing required field: image_url [json-pointer:/blocks/0]'],
    [{ type: 'hologram' }, 'unsupported type: hologram [json-pointer:/blocks/0/type]'],
  ];
  for (const [block, message] of FAULTS) {
    test(`invalid_blocks, and says where: ${message}`, async () => {
      await assert.rejects(post({ blocks: [block] }), { code: ErrorCode.PlatformError, message: /invalid_blocks$/ });
      assert.deepEqual(said, [message]);
      assert.equal(sandbox.ledger.total(), 0);
    });
  }

  test('a rate-limit error for 429, which is the method’s alone', async () => {
    const look = () => client.users.lookupByEmail({ email: 'jane@example.com' });
    for (let made = 0; made < 50; made++) await look();
    clock.advance(20_000);
    await assert.rejects(look(), { code: ErrorCode.RateLimitedError, retryAfter: 40 });
    assert.equal((await post()).ok, true);
    clock.advance(40_000);
    assert.equal((await look()).ok, true);
  });

  test('an HTTP error for 503, a request error for silence', async () => {
    sandbox.faults.set([{ provider: 'slack', fault: { kind: 'status', status: 503 } }]);
    await assert.rejects(post(), { code: ErrorCode.HTTPError, statusCode: 503 });
    sandbox.faults.set([{ provider: 'slack', fault: { kind: 'reset' } }]);
    await assert.rejects(post(), { code: ErrorCode.RequestError });
    assert.equal(sandbox.stats().calls.slack?.['chat.postMessage']?.calls, 2, 'nothing is tried again');
  });
});

function openClient(token = sandbox.credentials.slack.token): WebClient {
  const note = (...words: unknown[]) => said.push(...words);
  const silent = () => {};
  const logger: Logger = {
    debug: silent,
    info: silent,
    warn: silent,
    error: note,
    setLevel: silent,
    getLevel: () => LogLevel.ERROR,
    setName: silent,
  };
  return new WebClient(token, {
    slackApiUrl: sandbox.urls.slack,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger,
  });
}
