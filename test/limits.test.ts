import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SignJWT } from 'jose';
import { stringify } from 'yaml';
import { type Client, createClient } from '../src/client/client.ts';
import { derivedId } from '../src/model/ids.ts';
import { SCOPE_SEND } from '../src/model/tenancy.ts';
import { teamsConversationId } from '../src/sandbox/ids.ts';
import type { LedgerEntry } from '../src/sandbox/ledger.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { type BeckonProcess, startBeckon } from './support/beckon.ts';

/**
 * Two bots with the same credentials, at once, over real connections to simulators that count and refuse. What the
 * providers document is read from the simulators' ledgers, in every window that begins with a send.
 */
const BOTS = [derivedId('st', 'limits one'), derivedId('st', 'limits two')] as const;
const clientId = derivedId('cs', 'limits');
const clientSecret = 'limits-secret-of-more-than-32-bytes';
const folder = mkdtempSync(join(tmpdir(), 'beckon-limits-'));
after(() => rmSync(folder, { recursive: true }));

interface Stage {
  readonly sandbox: Sandbox;
  readonly server: BeckonProcess;
  readonly client: Client;
}

async function openStage(name: string, limits: 'documented' | 'off'): Promise<Stage> {
  const sandbox = await startSandbox({ limits });
  const { urls, credentials } = sandbox;
  const common = { allowPrivateNetwork: true, ...(limits === 'off' ? { limits: { perSecond: 0 } } : {}) };
  const connections = [
    { channel: 'msteams', ...credentials.teams, serviceUrl: urls.teams, loginUrl: urls.login, ...common },
    { channel: 'slack', token: credentials.slack.token, apiUrl: urls.slack, ...common },
    {
      channel: 'hangoutchat',
      clientEmail: credentials.googleChat.clientEmail,
      privateKey: credentials.googleChat.privateKey,
      tokenUrl: urls.googleToken,
      apiUrl: urls.googleChat,
      ...common,
    },
  ];
  const bots = BOTS.map((id) => ({ id, name: 'Limits', connections }));
  const app = { clientId, name: 'Limits', algorithm: 'HS256', clientSecret, bots: [...BOTS], scopes: [SCOPE_SEND] };
  const config = join(folder, `${name}.yaml`);
  writeFileSync(config, stringify({ bots, apps: [app] }, { aliasDuplicateObjects: false }));
  const server = await startBeckon(['--config', config, '--database', 'sqlite::memory:']);
  const token = await new SignJWT({ appId: clientId, sub: 'tester' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(clientSecret));
  return { sandbox, server, client: createClient({ url: server.url, token }) };
}

async function closeStage({ sandbox, server }: Stage): Promise<void> {
  await server.stop();
  await sandbox.close();
}

const PEOPLE = 36;
/** Written to by both bots, so often that they have to wait. */
const FAVOURITE = '29:favourite';
const TO_FAVOURITE = 4;

/** One bot knows the conversations, the other has to open each: two calls, and both count. */
async function sendToTeams({ sandbox, client }: Stage): Promise<LedgerEntry[]> {
  const { appId, tenantId } = sandbox.credentials.teams;
  const known = Array.from({ length: PEOPLE }, (_, index) =>
    teamsConversationId(appId, { member: `29:known-${index}`, tenantId, generation: 1 }),
  );
  const fresh = Array.from({ length: PEOPLE / 2 }, (_, index) => `29:fresh-${index}`);
  const favourite = Array.from({ length: TO_FAVOURITE }, () => FAVOURITE);
  const common = {
    channel: 'msteams',
    userIdentityType: 'donotresolve',
    message: { type: 'text', val: 'hello' },
  } as const;
  const notify = (botId: string, identities: readonly string[]) =>
    client.notify({ botId, body: { ...common, identities } });
  await Promise.all([notify(BOTS[0], [...favourite, ...known]), notify(BOTS[1], [...favourite, ...fresh])]);
  return ledgerOf(sandbox, 'teams', known.length + fresh.length + 2 * TO_FAVOURITE);
}

async function sendToSlack({ sandbox, client }: Stage): Promise<LedgerEntry[]> {
  const identities = ['D0FAVOURITE', 'D0FAVOURITE', 'D0ANN', 'D0BOB', 'D0CY', 'D0DEE'];
  const common = {
    channel: 'slack',
    userIdentityType: 'donotresolve',
    message: { type: 'text', val: 'hello' },
  } as const;
  const body = { ...common, identities };
  await Promise.all(BOTS.map((botId) => client.notify({ botId, body })));
  return ledgerOf(sandbox, 'slack', 2 * identities.length);
}

async function sendToGoogleChat({ sandbox, client }: Stage): Promise<LedgerEntry[]> {
  const identities = ['AAA', 'AAA', 'BBB'].map((id) => ({ spaceId: `spaces/${id}` }));
  const body = { channel: 'hangoutchat', message: { type: 'text', value: 'hello' }, identities } as const;
  await Promise.all(BOTS.map((botId) => client.notifyV2({ botId, body })));
  return ledgerOf(sandbox, 'googlechat', 2 * identities.length);
}

async function ledgerOf(sandbox: Sandbox, provider: 'teams' | 'slack' | 'googlechat', sends: number) {
  await sandbox.until(() => sandbox.ledger.total(provider) >= sends);
  return sandbox.ledger.entries({ provider });
}

const TENANT = [[30, 1_000]] as const;
const TEAMS_CONVERSATION = [
  [7, 1_000],
  [8, 2_000],
  [60, 30_000],
] as const;
/** Beckon's own figure: Slack publishes none for a workspace. */
const SLACK_TOKEN = [[5, 1_000]] as const;
const ONE_A_SECOND = [[1, 1_000]] as const;

type Windows = readonly (readonly [calls: number, ms: number])[];

describe('documented limits', () => {
  let stage: Stage;
  before(async () => {
    stage = await openStage('limited', 'documented');
  });
  after(() => closeStage(stage));

  test('hold over two bots of one app, in any window, and without a single 429', async () => {
    const [teams, slack, google] = await Promise.all([sendToTeams(stage), sendToSlack(stage), sendToGoogleChat(stage)]);
    assert.deepEqual(findExcess(teams, TENANT), []);
    assert.deepEqual(findExcessByConversation(teams, TEAMS_CONVERSATION), []);
    assert.deepEqual(findExcess(slack, SLACK_TOKEN), []);
    assert.deepEqual(findExcessByConversation(slack, ONE_A_SECOND), []);
    assert.deepEqual(findExcessByConversation(google, ONE_A_SECOND), []);
    assert.deepEqual(findRefusals(stage.sandbox), []);
  });

  test('are used: nobody waits for the other bot, and little time is lost', async () => {
    const entries = stage.sandbox.ledger.entries({ provider: 'teams' });
    const firstHalf = entries.slice(0, entries.length / 2).map(({ recipient }) => recipient);
    for (const name of ['known', 'fresh']) assert.ok(firstHalf.filter((who) => who.includes(name)).length >= 5, name);
    const lastedMs = (entries.at(-1)?.at ?? 0) - (entries[0]?.at ?? 0);
    const calls = PEOPLE + PEOPLE + 4 * TO_FAVOURITE;
    assert.ok(lastedMs < (calls / 30) * 1_000 * 3, `${calls} calls took ${lastedMs} ms`);
  });
});

describe('without our limits', () => {
  let stage: Stage;
  before(async () => {
    stage = await openStage('unlimited', 'off');
  });
  after(() => closeStage(stage));

  test('the same look at the ledger finds them exceeded', async () => {
    const [teams, slack, google] = await Promise.all([sendToTeams(stage), sendToSlack(stage), sendToGoogleChat(stage)]);
    assert.notDeepEqual(findExcess(teams, TENANT), []);
    assert.notDeepEqual(findExcessByConversation(teams, TEAMS_CONVERSATION), []);
    assert.notDeepEqual(findExcess(slack, SLACK_TOKEN), []);
    assert.notDeepEqual(findExcessByConversation(slack, ONE_A_SECOND), []);
    assert.notDeepEqual(findExcessByConversation(google, ONE_A_SECOND), []);
  });
});

function findExcessByConversation(entries: readonly LedgerEntry[], windows: Windows): string[] {
  return [...Map.groupBy(entries, ({ conversation }) => conversation)].flatMap(([conversation, own]) =>
    findExcess(own, windows).map((excess) => `${conversation}: ${excess}`),
  );
}

/** Every window that begins with a send and holds too many. */
function findExcess(entries: readonly LedgerEntry[], windows: Windows): string[] {
  const times = entries.map(({ at }) => at).sort((one, other) => one - other);
  return windows.flatMap(([calls, ms]) =>
    times.flatMap((start, index) => {
      const held = times.slice(index).filter((at) => at < start + ms).length;
      return held > calls ? [`${held} within ${ms} ms, where ${calls} are allowed`] : [];
    }),
  );
}

function findRefusals(sandbox: Sandbox): string[] {
  return Object.entries(sandbox.stats().calls).flatMap(([provider, routes]) =>
    Object.entries(routes).flatMap(([route, { statuses }]) => (statuses['429'] ? [`${provider} ${route}`] : [])),
  );
}
