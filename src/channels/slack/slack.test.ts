import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { type Desk, openTestDesk } from '../test-desk.ts';
import { slack } from './slack.ts';

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

describe('What goes over the wire', () => {
  test('a user is posted to, and later their direct message', async () => {
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
        ['/slack/api/chat.postMessage', { channel: 'U1', text: 'hello' }],
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
      channel: 'U0JANE',
    });
    assert.equal(call?.headers['Authorization'], 'Bearer xoxb-sandbox');
  });

  for (const key of ['username', 'icon_url', 'icon_emoji', 'as_user']) {
    test(`what is posted with ${key} goes to the app’s own direct message, which has to be opened`, async () => {
      const desk = open();
      const outcome = await desk.send({ message: { type: 'native', payload: { text: 'hello', [key]: 'x' } } });
      assert.ok(outcome.kind === 'accepted');
      assert.deepEqual(outcome.learned, { channelId: 'U0JANE', reference: { conversationId: 'DU0JANE' } });
      const [opened, posted] = desk.calls.map(({ body }) => new URLSearchParams(body ?? ''));
      assert.deepEqual([opened?.get('users'), posted?.get('channel'), desk.calls.length], ['U0JANE', 'DU0JANE', 2]);
    });
  }

  test('a direct message of an earlier installation makes room for the present one', async () => {
    const desk = open();
    sandbox.people.change({ slack: [{ match: 'GONE', state: 'unknown' }] });
    let waits = 0;
    const outcome = await desk.send({
      address: { channelId: 'U0JANE', reference: { conversationId: 'GONE', teamId: 'T1' } },
      nextCall: async () => {
        waits += 1;
      },
    });
    assert.ok(outcome.kind === 'accepted');
    assert.deepEqual(outcome.learned?.reference, { conversationId: 'DU0JANE', teamId: 'T1' });
    assert.deepEqual([desk.calls.length, waits, sandbox.ledger.total()], [2, 1, 1]);
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
    const deadline = new AbortController();
    const sends = Promise.all([
      desk.send({ address: { channelId: 'U0SLOW', reference: null }, signal: deadline.signal }),
      ...Array.from({ length: 30 }, (_, index) => desk.send({ address: { channelId: `D0${index}`, reference: null } })),
    ]);
    await sandbox.until(() => sandbox.ledger.total('slack') > 0);
    deadline.abort(new DOMException('out of time', 'TimeoutError'));
    const [slow, ...others] = await sends;
    assert.equal(slow.kind, 'unknown');
    assert.ok(others.every(({ kind }) => kind === 'accepted'));
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
