import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import { stringify } from 'yaml';
import { systemClock } from '../src/model/clock.ts';
import { connectionId, derivedId, personId } from '../src/model/ids.ts';
import type { Person } from '../src/model/person.ts';
import { SCOPE_SEND } from '../src/model/tenancy.ts';
import type { SandboxCredentials } from '../src/sandbox/credentials.ts';
import { teamsConversationId } from '../src/sandbox/ids.ts';
import type { SandboxUrls } from '../src/sandbox/urls.ts';
import { openStore } from '../src/store/open.ts';
import { startBeckon } from '../test/support/beckon.ts';

export const PEOPLE = 1_000;
export const CONCURRENCY = 64;
export const TEXT = 'The cafeteria closes at three today.';

const botId = derivedId('st', 'bench');
const clientId = derivedId('cs', 'bench');
const secret = 'bench-secret-of-more-than-32-bytes!';
const emailOf = (index: number): string => `person-${index}@example.com`;
const memberOf = (index: number): string => `29:person-${index}`;

const conversationOf = ({ credentials }: Fake, index: number): string =>
  teamsConversationId(credentials.teams.appId, {
    member: memberOf(index),
    tenantId: credentials.teams.tenantId,
    generation: 1,
  });

export interface Stage {
  /** Milliseconds for so many sends by the bare loop. */
  runBare(sends: number): Promise<number>;
  /** Milliseconds from the first POST until every notification is durably finished, on one database. */
  runBeckon(notifications: number, database: string): Promise<number>;
  readonly folder: string;
  close(): Promise<void>;
}

/** The provider in its process, a directory of 1,000 people, and how to run either side against them. */
export async function openStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'beckon-bench-'));
  const provider = spawnScript('fake-provider.ts', []);
  const fake: Fake = JSON.parse(await firstLine(provider));
  const configPath = join(folder, 'beckon.yaml');
  await writeFile(configPath, stringify(configFor(fake)));
  const token = await new SignJWT({ appId: clientId, sub: 'bench' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
  return {
    folder,
    runBare: (sends) => runBare(fake, sends, join(folder, 'bare.json')),
    runBeckon: (notifications, database) => runBeckon({ fake, configPath, token }, notifications, database),
    async close() {
      await end(provider);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Fake {
  readonly urls: SandboxUrls;
  readonly credentials: SandboxCredentials;
}

async function runBare(fake: Fake, sends: number, runPath: string): Promise<number> {
  const { urls } = fake;
  const { appId, appPassword, tenantId } = fake.credentials.teams;
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: appId,
    client_secret: appPassword,
    scope: 'https://api.botframework.com/.default',
  });
  const token = await fetchJson<{ access_token: string }>(`${urls.login}/${tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    body: form,
  });
  const indexes = Array.from({ length: PEOPLE }, (_, index) => index);
  const run = {
    origin: urls.base,
    token: token.access_token,
    paths: indexes.map(
      (index) => `/teams/v3/conversations/${encodeURIComponent(conversationOf(fake, index))}/activities`,
    ),
    bodies: indexes.map((index) => activity(appId, conversationOf(fake, index))),
    sends,
    concurrency: CONCURRENCY,
  };
  await writeFile(runPath, JSON.stringify(run));
  const child = spawnScript('bare-loop.ts', [runPath]);
  return Number(await firstLine(child));
}

/** The bytes Beckon's Teams channel sends for a text. */
const activity = (appId: string, conversation: string): string =>
  JSON.stringify({
    type: 'message',
    text: TEXT,
    textFormat: 'plain',
    channelData: { notification: { alert: true } },
    from: { id: `28:${appId}` },
    conversation: { id: conversation },
  });

interface BeckonRun {
  readonly fake: Fake;
  readonly configPath: string;
  readonly token: string;
}

async function runBeckon(
  { fake, configPath, token }: BeckonRun,
  notifications: number,
  database: string,
): Promise<number> {
  await loadPeople(database, fake);
  const server = await startBeckon(['--config', configPath, '--database', database, '--log-level', 'warn']);
  try {
    const identities = Array.from({ length: PEOPLE }, (_, index) => emailOf(index));
    const body = JSON.stringify({
      channel: 'msteams',
      userIdentityType: 'resolve',
      message: { type: 'text', val: TEXT },
      identities,
    });
    const before = await countDelivered(fake, 0);
    const startedAt = performance.now();
    const ids: string[] = [];
    for (let index = 0; index < notifications; index += 1) ids.push(await notify(server.url, token, body));
    await countDelivered(fake, before + notifications * PEOPLE);
    for (const id of ids) await finished(server.url, token, id);
    return performance.now() - startedAt;
  } finally {
    await server.stop();
  }
}

async function loadPeople(database: string, fake: Fake): Promise<void> {
  const store = await openStore(database, { clock: systemClock });
  const people = Array.from({ length: PEOPLE }, (_, index) => person(index, fake));
  await store.upsertPeople({ people });
  await store.close();
}

function person(index: number, fake: Fake): Person {
  const email = emailOf(index);
  const reference = { conversationId: conversationOf(fake, index), serviceUrl: fake.urls.teams };
  const address = { channelId: memberOf(index), reference, source: 'import' as const, at: 0 };
  const place = { connectionId: connectionId(botId, 'msteams', null), channel: 'msteams', connectionName: null };
  const rest = {
    upn: null,
    phone: null,
    identities: [],
    name: null,
    locale: null,
    timeZone: null,
    tags: [],
    attributes: {},
  };
  return { botId, id: personId(botId, email), email, ...rest, addresses: [{ ...address, ...place }] };
}

async function notify(url: string, token: string, body: string): Promise<string> {
  const headers = { auth: token, 'content-type': 'application/json' };
  const route = `${url}/api/public/bot/${botId}/notify`;
  return (await fetchJson<{ _id: string }>(route, { method: 'POST', headers, body }))._id;
}

/** The last checkpoint of a notification comes within 50 ms of its last send; only the newest is asked more than once. */
async function finished(url: string, token: string, id: string): Promise<void> {
  for (;;) {
    const route = `${url}/api/public/bot/${botId}/notify/status/${id}`;
    const status = await fetchJson<{ status: string; count: number }>(route, { headers: { auth: token } });
    if (status.status === 'SUCCESS' && status.count === PEOPLE) return;
    if (status.status !== 'IN_PROGRESS') throw new Error(`${id} ended as ${status.status} with ${status.count} logs`);
  }
}

/** How many sends the provider has processed, once they are at least so many. */
async function countDelivered({ urls }: Fake, atLeast: number): Promise<number> {
  const query = `provider=teams&atLeast=${atLeast}&timeoutMs=120000`;
  return (await fetchJson<{ total: number }>(`${urls.base}/control/ledger/counts?${query}`)).total;
}

/** The shape is the caller's word: both ends are parts of this repository. */
async function fetchJson<T>(url: string, init: RequestInit = {}): Promise<T> {
  const answer = await fetch(url, init);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text.slice(0, 200)}`);
  return JSON.parse(text);
}

function configFor({ urls, credentials }: Fake) {
  const limits = { perSecond: 0, concurrency: CONCURRENCY };
  const place = { serviceUrl: urls.teams, loginUrl: urls.login, allowPrivateNetwork: true, limits };
  return {
    bots: [{ id: botId, name: 'Bench', connections: [{ channel: 'msteams', ...credentials.teams, ...place }] }],
    apps: [{ clientId, name: 'Bench', algorithm: 'HS256', clientSecret: secret, bots: [botId], scopes: [SCOPE_SEND] }],
    limits: { perMinute: 0, perHour: 0 },
  };
}

function spawnScript(name: string, args: readonly string[]): ChildProcess {
  const script = fileURLToPath(new URL(name, import.meta.url));
  return spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the script has no output');
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`${child.spawnargs[1]} ended with ${code} before it said anything`);
  });
  exited.catch(() => {});
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), exited]);
  return line;
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
