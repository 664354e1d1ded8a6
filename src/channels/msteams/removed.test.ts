import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import type { Address } from '../../model/outcome.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { type Desk, openTestDesk } from '../test-desk.ts';
import { msteams } from './msteams.ts';

const JANE: Address = { channelId: '29:jane', reference: null };

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

/** [what the connector says to the stored conversation, why the recipient fails if nothing helps] */
const REMOVED: readonly (readonly [JsonObject, string])[] = [
  [{ error: { code: 'BotNotInConversationRoster', message: '' } }, 'app_not_installed'],
  [{ error: { code: 'Forbidden', message: 'ForbiddenOperationException' } }, 'app_not_installed'],
  [{ error: { code: 'ConversationBlockedByUser', message: '' } }, 'blocked_by_recipient'],
  [
    { errorCode: 209, message: '{"subCode":"MessageWritesBlocked","details":"Thread is blocked."}' },
    'blocked_by_recipient',
  ],
  [{ errorCode: 209, message: 'MessageWritesBlocked' }, 'blocked_by_recipient'],
];

describe('A conversation that the bot was removed from', () => {
  for (const [body, reason] of REMOVED) {
    const said = JSON.stringify(body).slice(0, 60);
    const forbid = (times: number) =>
      sandbox.faults.set([{ provider: 'teams', route: 'send', times, fault: { kind: 'status', status: 403, body } }]);

    test(`${said}: is written to again where another has taken its place`, async () => {
      const conversationId = await conversationOf(JANE);
      sandbox.people.change({ teams: [{ match: '29:jane', state: 'installed', generation: 2 }] });
      forbid(1);
      const desk = open();
      const outcome = await desk.send({ address: { channelId: '29:jane', reference: { conversationId } } });
      assert.ok(outcome.kind === 'accepted');
      assert.notEqual(outcome.learned?.reference?.['conversationId'] ?? conversationId, conversationId);
      assert.equal(desk.calls.length, 4, 'token, send, conversation, send');
    });

    test(`${said}: is given up where it is still the same one, and the person is kept`, async () => {
      const conversationId = await conversationOf(JANE);
      forbid(9);
      const desk = open();
      const outcome = await desk.send({ address: { channelId: '29:jane', reference: { conversationId } } });
      assert.ok(outcome.kind === 'rejected');
      assert.deepEqual([outcome.scope, outcome.reason, outcome.forgetAddress], ['recipient', reason, undefined]);
      assert.equal(desk.calls.length, 3, 'token, send, conversation');
    });

    test(`${said}: is given up twice only if it has become another one`, async () => {
      const conversationId = await conversationOf(JANE);
      sandbox.people.change({ teams: [{ match: '29:jane', state: 'installed', generation: 2 }] });
      forbid(9);
      const desk = open();
      const outcome = await desk.send({ address: { channelId: '29:jane', reference: { conversationId } } });
      assert.equal(outcome.kind === 'rejected' && outcome.reason, reason);
      assert.equal(desk.calls.length, 4, 'token, send, conversation, send');
    });

    test(`${said}: is not made anew when it was made a moment ago`, async () => {
      forbid(9);
      const desk = open();
      assert.equal((await desk.send()).kind, 'rejected');
      assert.equal(desk.calls.length, 3, 'token, conversation, send');
    });
  }

  test('leads nowhere when the address is nothing else, unless its owner only blocks', async () => {
    const conversationId = await conversationOf(JANE);
    for (const [state, forgotten] of [
      ['not_installed', true],
      ['blocked', undefined],
    ] as const) {
      sandbox.people.change({ teams: [{ match: '29:jane', state }] });
      const outcome = await open().send({ address: { channelId: conversationId, reference: null } });
      assert.ok(outcome.kind === 'rejected');
      assert.equal(outcome.forgetAddress, forgotten);
    }
  });

  test('is made anew for the person an address names besides, and takes its place', async () => {
    const aadObjectId = '11111111-2222-3333-4444-555555555555';
    const address = { channelId: 'a:1another', reference: { aadObjectId } };
    const outcome = await open().send({ address });
    assert.ok(outcome.kind === 'accepted' && outcome.learned !== undefined);
    assert.match(outcome.learned.channelId, /^a:1/);
    assert.equal(outcome.learned.channelId, outcome.learned.reference?.['conversationId']);
  });
});

function open(): Desk {
  const { urls, credentials } = sandbox;
  const settings = { ...credentials.teams, serviceUrl: urls.teams, loginUrl: urls.login };
  return openTestDesk({ channel: msteams, settings, address: JANE });
}

async function conversationOf(address: Address): Promise<string> {
  const outcome = await open().send({ address });
  sandbox.ledger.clear();
  return outcome.kind === 'accepted' ? (outcome.learned?.reference?.['conversationId'] ?? '') : '';
}
