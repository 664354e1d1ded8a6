import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import type { Address } from '../../model/outcome.ts';
import type { Connection } from '../../model/tenancy.ts';
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

describe('The connector’s limits', () => {
  test('are asked for room before every call but the first', async () => {
    const conversationId = await conversationOf(JANE);
    sandbox.people.change({ teams: [{ match: '29:jane', state: 'installed', generation: 2 }] });
    const desk = open();
    const made: number[] = [];
    const nextCall = async () => {
      made.push(desk.calls.filter(({ url }) => !url.endsWith('/token')).length);
    };
    await desk.send({ address: { channelId: '29:jane', reference: { conversationId } }, nextCall });
    assert.deepEqual(made, [1, 2], 'send, then conversation, then send');
    made.length = 0;
    await desk.send({ address: { channelId: conversationId, reference: null }, nextCall });
    assert.deepEqual(made, []);
  });

  test('hold for a conversation, by whichever name it goes', () => {
    const connection = connectionWith({});
    const windows = [
      { calls: 7, ms: 1_000 },
      { calls: 8, ms: 2_000 },
      { calls: 60, ms: 30_000 },
      { calls: 1_800, ms: 3_600_000 },
    ];
    for (const [address, key] of [
      [{ channelId: 'a:1x', reference: null }, 'a:1x'],
      [{ channelId: '29:jane', reference: { conversationId: 'a:1x' } }, 'a:1x'],
      [{ channelId: '29:jane', reference: null }, '29:jane'],
    ] as const) {
      assert.deepEqual(msteams.scopes?.(connection, address), [{ key, windows }]);
    }
  });

  test('are shared by connections of one app in one tenant', () => {
    const account = (settings: JsonObject) => msteams.account?.(connectionWith(settings));
    assert.equal(account({ serviceUrl: 'https://x.example/' }), account({ lookUp: true }));
    for (const other of [{ appId: 'x' }, { tenantId: 'x' }, { cloud: 'gcch' }])
      assert.notEqual(account(other), account({}));
    assert.ok(!account({})?.includes('sandbox-teams-secret'));
  });
});

function open(): Desk {
  const { urls, credentials } = sandbox;
  const settings = { ...credentials.teams, serviceUrl: urls.teams, loginUrl: urls.login };
  return openTestDesk({ channel: msteams, settings, address: JANE });
}

function connectionWith(settings: JsonObject): Connection {
  return {
    id: 'dc-test',
    botId: 'st-test',
    channel: 'msteams',
    name: null,
    settings: { ...sandbox.credentials.teams, ...settings },
    limits: { perSecond: null, concurrency: null },
    allowPrivateNetwork: false,
  };
}

async function conversationOf(address: Address): Promise<string> {
  const outcome = await open().send({ address });
  sandbox.ledger.clear();
  return outcome.kind === 'accepted' ? (outcome.learned?.reference?.['conversationId'] ?? '') : '';
}
