import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import type { Address, Rejected } from '../../model/outcome.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { type Desk, openTestClock, openTestDesk } from '../test-desk.ts';
import { msteams } from './msteams.ts';

const AAD = '11111111-2222-3333-4444-555555555555';
const JANE: Address = { channelId: AAD, reference: { aadObjectId: AAD } };
const APP_ID = '00000000-0000-0000-0000-000000000001';
const CHAT = `19:${AAD}_${APP_ID}@unq.gbl.spaces`;

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

describe('Someone who lacks the app', () => {
  test('gets it, and the message in the chat that Graph names, which is learnt', async () => {
    const desk = open();
    const outcome = await desk.send();
    assert.ok(outcome.kind === 'accepted');
    assert.deepEqual(outcome.learned, {
      channelId: AAD,
      reference: { aadObjectId: AAD, conversationId: CHAT, serviceUrl: sandbox.urls.teams },
    });
    assert.equal(sandbox.ledger.countOf('teams', '29:jane'), 1);
    assert.deepEqual(outline(desk), [
      'POST /teams/v3/conversations',
      'GET /graph/v1.0/appCatalogs/teamsApps',
      `POST /graph/v1.0/users/${AAD}/teamwork/installedApps`,
      `GET /graph/v1.0/users/${AAD}/teamwork/installedApps`,
      `GET /graph/v1.0/users/${AAD}/teamwork/installedApps/INSTALLATION/chat`,
      `POST /teams/v3/conversations/${encodeURIComponent(CHAT)}/activities`,
    ]);

    const again = await desk.send({ address: outcome.learned });
    assert.ok(again.kind === 'accepted' && again.learned === undefined);
    assert.equal(outline(desk).length, 7);
  });

  test('gets it by the id in the catalog without asking the catalog', async () => {
    const { teamsAppId } = sandbox.credentials.teamsApp;
    const desk = open({ teamsAppId });
    assert.equal((await desk.send()).kind, 'accepted');
    assert.ok(!outline(desk).some((line) => line.includes('appCatalogs')));
  });

  test('and once had it, gets it again', async () => {
    person('installed');
    const first = await open().send();
    assert.ok(first.kind === 'accepted' && first.learned !== undefined);
    person('not_installed');
    const desk = open();
    const second = await desk.send({ address: first.learned });
    assert.ok(second.kind === 'accepted');
    assert.equal(second.learned?.reference?.['conversationId'], CHAT);
    assert.equal(outline(desk).filter((line) => line.includes('/teams/')).length, 3, 'send, create, send');
  });

  test('gets nothing where nothing is to be installed, or nobody knows who it is', async () => {
    const outcome = await open({ install: false }).send();
    assert.ok(outcome.kind === 'rejected');
    assert.equal(outcome.reason, 'app_not_installed');
    for (const reference of [null, { aadObjectId: '..' }]) {
      const desk = open();
      const nameless = await desk.send({ address: { channelId: '29:removed-john', reference } });
      assert.equal(nameless.kind === 'rejected' && nameless.reason, 'app_not_installed');
      assert.ok(!outline(desk).some((line) => line.includes('/graph/')));
    }
  });

  test('has it already, says Graph with 409: the chat is found all the same', async () => {
    person('installed');
    fail('teams', 'create', { status: 403, body: { error: { code: 'X', message: 'ForbiddenOperationException' } } });
    assert.equal((await open().send()).kind, 'accepted');
  });
});

describe('An installation that fails', () => {
  test('for a policy is the recipient’s', async () => {
    person('not_installed');
    fail('graph', 'install', { status: 403, body: { error: { code: 'Forbidden', message: 'policy' } } });
    const outcome = rejected(await open().send());
    assert.deepEqual([outcome.scope, outcome.reason], ['recipient', 'app_not_installed']);
    assert.equal(outcome.detail, 'Microsoft Graph: HTTP 403 Forbidden policy');
  });

  test('since the catalog has no such app is the connection’s once, and then each recipient’s', async () => {
    for (const settings of [{ manifestId: 'gone' }, { teamsAppId: 'gone' }]) {
      person('not_installed');
      const desk = open(settings);
      const scopes = [];
      for (let round = 0; round < 3; round++) scopes.push(rejected(await desk.send()).scope);
      assert.deepEqual(scopes, ['connection', 'recipient', 'recipient']);
    }
  });

  test('since Graph does not know the user is the recipient’s', async () => {
    fail('graph', 'install', { status: 404 });
    assert.equal(rejected(await open().send()).scope, 'recipient');
  });

  test('by the rate waits as long as Graph says, and nobody else', async () => {
    fail('graph', 'install', { status: 429, retryAfterSeconds: 4 });
    const outcome = await open().send();
    assert.ok(outcome.kind === 'busy');
    assert.deepEqual([outcome.scope, outcome.retryAfterMs], ['recipient', 4_000]);
  });

  for (const [provider, route] of [
    ['graph', 'installedApps'],
    ['graph', 'chat'],
    ['teams', 'send'],
  ] as const) {
    test(`at first, since ${provider} ${route} does not know of it yet, is tried again and then goes well`, async () => {
      sandbox.faults.set([{ provider, route, times: 1, fault: { kind: 'status', status: 404 } }]);
      const desk = open();
      const outcome = await desk.send();
      assert.equal(outcome.kind, 'failed');
      assert.equal(count(desk, 'POST /graph'), 1, 'one installation a send');
      assert.equal((await desk.send()).kind, 'accepted');
      assert.equal(sandbox.ledger.total(), 1);
    });
  }

  test('for want of a token is the recipient’s, unless the secret is wrong for all', async () => {
    const body = (error: string) => ({ error, error_description: 'AADSTS1: no' });
    for (const [error, scope] of [
      ['unauthorized_client', 'recipient'],
      ['invalid_client', 'connection'],
    ] as const) {
      person('not_installed');
      sandbox.faults.clear();
      const desk = open();
      assert.equal((await desk.send({ address: { channelId: '29:john', reference: null } })).kind, 'accepted');
      sandbox.faults.set([{ provider: 'login', fault: { kind: 'status', status: 400, body: body(error) } }]);
      assert.equal(rejected(await desk.send()).scope, scope);
    }
  });

  test('without an answer is tried again', async () => {
    for (const route of ['catalog', 'install', 'installedApps', 'chat']) {
      person('not_installed');
      sandbox.faults.set([{ provider: 'graph', route, fault: { kind: 'reset' } }]);
      assert.equal((await open().send()).kind, 'failed', route);
    }
    assert.equal(sandbox.ledger.total(), 0);
  });

  test('is not tried twice in one send', async () => {
    fail('teams', 'send', { status: 403, body: { error: { code: 'BotNotInConversationRoster', message: '' } } });
    const desk = open();
    assert.equal((await desk.send()).kind, 'failed');
    assert.equal(count(desk, 'POST /graph'), 1);
  });
});

test('thirty a second are installed, and the others wait', async () => {
  const limited = await startSandbox({ clock: openTestClock(), limits: { teamsPerTenantPerSecond: 0 } });
  after(() => limited.close());
  const { urls, credentials } = limited;
  const desk = openTestDesk({
    channel: msteams,
    settings: {
      ...credentials.teams,
      ...credentials.teamsApp,
      serviceUrl: urls.teams,
      loginUrl: urls.login,
      graphUrl: urls.graph,
      install: true,
    },
    address: JANE,
  });
  const sending = Array.from({ length: 35 }, (_, index) => {
    const channelId = `11111111-2222-3333-4444-5555555555${index + 10}`;
    limited.people.change({ teams: [{ match: channelId, state: 'not_installed' }] });
    return desk.send({ address: { channelId, reference: null } });
  });
  const outcomes = await Promise.all(sending);
  assert.equal(limited.stats().calls.graph?.['install']?.statuses[201], 30);
  assert.ok(outcomes.every(({ kind }) => kind === 'accepted' || kind === 'busy'));
});

function open(settings: JsonObject = {}): Desk {
  const { urls, credentials } = sandbox;
  if (sandbox.people.teamsPerson(AAD).match === AAD) person('not_installed');
  const { manifestId } = credentials.teamsApp;
  return openTestDesk({
    channel: msteams,
    settings: {
      ...credentials.teams,
      serviceUrl: urls.teams,
      loginUrl: urls.login,
      graphUrl: urls.graph,
      install: true,
      manifestId,
      ...settings,
    },
    address: JANE,
  });
}

function person(state: 'installed' | 'not_installed'): void {
  sandbox.people.change({ teams: [{ match: '29:jane', aadObjectId: AAD, state }] });
}

function fail(
  provider: 'teams' | 'graph',
  route: string,
  status: { status: number; body?: JsonObject; retryAfterSeconds?: number },
) {
  sandbox.faults.set([{ provider, route, fault: { kind: 'status', ...status } }]);
}

function rejected(outcome: { readonly kind: string }): Rejected {
  assert.ok(isRejected(outcome), JSON.stringify(outcome));
  return outcome;
}

const isRejected = (outcome: { readonly kind: string }): outcome is Rejected => outcome.kind === 'rejected';

function outline(desk: Desk): string[] {
  return desk.calls
    .map(
      ({ method, url }) =>
        `${method} ${new URL(url).pathname.replace(/installedApps\/[^/]+\//, 'installedApps/INSTALLATION/')}`,
    )
    .filter((line) => !line.endsWith('/token'));
}

const count = (desk: Desk, start: string): number => outline(desk).filter((line) => line.startsWith(start)).length;
