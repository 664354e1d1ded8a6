import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
import { type BeckonProcess, startBeckon } from '../test/support/beckon.ts';
import { end, firstLine, spawnScript } from './processes.ts';

export const PEOPLE = 1_000;
export const CONCURRENCY = 64;
export const TEXT = 'The cafeteria closes at three today.';

const clientId = derivedId('cs', 'bench');
const secret = 'bench-secret-of-more-than-32-bytes!';

/** `bulk` is where the crowd is, on Teams; `calm` is another bot, with a webhook. */
export const BOTS = { bulk: derivedId('st', 'bench'), calm: derivedId('st', 'bench calm') } as const;

export const emailOf = (index: number): string => `person-${index}@example.com`;
const memberOf = (index: number): string => `29:person-${index}`;

export interface Fake {
  readonly urls: SandboxUrls;
  readonly credentials: SandboxCredentials;
}

export interface Stage {
  readonly fake: Fake;
  readonly folder: string;
  readonly token: string;
  /** Makes everybody known in a database that nobody serves yet. */
  prepare(database: string): Promise<void>;
  /** A server on a database that was prepared, or is now. */
  start(database: string, options?: StartOptions): Promise<BeckonProcess>;
  /** Accepts a notification, to everybody on Teams unless told otherwise; answers its id. */
  notify(server: BeckonProcess, bot?: string, body?: string): Promise<string>;
  /** How many sends a provider (Teams unless told otherwise) has processed, once they are at least so many. */
  delivered(atLeast?: number, provider?: 'teams' | 'hooks'): Promise<number>;
  /** Resolves when the counts of a notification say that it is over; rejects when not everybody was reached. */
  finished(server: BeckonProcess, id: string): Promise<void>;
  /** Rejects unless the whole status document says that everybody was reached, one by one. */
  verify(server: BeckonProcess, id: string): Promise<void>;
  close(): Promise<void>;
}

export interface StartOptions {
  /** Tells the event loop's delays in its last line. */
  readonly watchLoop?: boolean;
  /** Sends at a time. */
  readonly concurrency?: number;
  readonly isPrepared?: boolean;
}

/** The provider in its process, a directory of 1,000 people, and servers against them. */
export async function openStage({ delayMs = 0 } = {}): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'beckon-bench-'));
  const provider = spawnScript('fake-provider.ts', { delayMs });
  const fake: Fake = JSON.parse(await firstLine(provider));
  const token = await new SignJWT({ appId: clientId, sub: 'bench' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
  return {
    fake,
    folder,
    token,
    prepare: (database) => loadPeople(database, fake),
    async start(database, { watchLoop = false, concurrency = CONCURRENCY, isPrepared = false } = {}) {
      if (!isPrepared) await loadPeople(database, fake);
      const configPath = join(folder, `beckon-${concurrency}.yaml`);
      await writeFile(configPath, stringify(configFor(fake, concurrency)));
      const env = watchLoop ? { NODE_OPTIONS: `--import=${LOOP_DELAY}` } : {};
      const args = ['--config', configPath, '--database', database, '--log-level', 'warn', '--linger-ms', '0'];
      return startBeckon(args, undefined, env);
    },
    async notify({ url }, bot = BOTS.bulk, body = BODY) {
      const headers = { auth: token, 'content-type': 'application/json' };
      return (await fetchJson<{ _id: string }>(`${url}${notifyPath(bot)}`, { method: 'POST', headers, body }))._id;
    },
    async delivered(atLeast = 0, provider = 'teams') {
      const query = `provider=${provider}&atLeast=${atLeast}&timeoutMs=120000`;
      return (await fetchJson<{ total: number }>(`${fake.urls.base}/control/ledger/counts?${query}`)).total;
    },
    async finished({ url }, id) {
      // The counts, not the logs: while the clock runs, nobody but the server's own work is to cost it anything.
      const route = `${url}/api/v1/bots/${BOTS.bulk}/notifications/${id}`;
      for (;;) {
        const { finishedAt, counts } = await fetchJson<Progress>(route, { headers: { auth: token } });
        if (finishedAt === null) continue;
        if (counts.delivered === PEOPLE) return;
        throw new Error(`${id} ended with ${JSON.stringify(counts)}`);
      }
    },
    async verify({ url }, id) {
      const route = `${url}${notifyPath(BOTS.bulk)}/status/${id}`;
      const { status, count } = await fetchJson<{ status: string; count: number }>(route, { headers: { auth: token } });
      if (status !== 'SUCCESS' || count !== PEOPLE) throw new Error(`${id} ended as ${status} with ${count} logs`);
    },
    async close() {
      await end(provider);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Progress {
  readonly finishedAt: string | null;
  readonly counts: { readonly delivered: number };
}

const LOOP_DELAY = fileURLToPath(new URL('loop-delay.ts', import.meta.url));

export const notifyPath = (bot: string): string => `/api/public/bot/${bot}/notify`;

/** A v1 call to everybody in the directory. */
export const BODY = JSON.stringify({
  channel: 'msteams',
  userIdentityType: 'resolve',
  message: { type: 'text', val: TEXT },
  identities: Array.from({ length: PEOPLE }, (_, index) => emailOf(index)),
});

export function conversationOf({ credentials }: Fake, index: number): string {
  const { appId, tenantId } = credentials.teams;
  return teamsConversationId(appId, { member: memberOf(index), tenantId, generation: 1 });
}

/** The shape is the caller's word: both ends are parts of this repository. */
export async function fetchJson<T>(url: string, init: RequestInit = {}): Promise<T> {
  const answer = await fetch(url, init);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text.slice(0, 200)}`);
  return JSON.parse(text);
}

async function loadPeople(database: string, fake: Fake): Promise<void> {
  const store = await openStore(database, { clock: systemClock });
  await store.upsertPeople({ people: Array.from({ length: PEOPLE }, (_, index) => person(index, fake)) });
  await store.close();
}

function person(index: number, fake: Fake): Person {
  const botId = BOTS.bulk;
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

/** Puts notifications to everybody into a database that nobody serves yet. */
export async function fillBacklog(database: string, notifications: number, firstNumber = 0): Promise<void> {
  const store = await openStore(database, { clock: systemClock });
  const createdAt = systemClock.now();
  const rest = { customMessage: null, parameters: null, attempts: 0, maybeSent: false };
  const recipients = Array.from({ length: PEOPLE }, (_, seq) => ({ seq, identity: emailOf(seq), ...rest }));
  const accept = (index: number) =>
    store.accept({
      notification: {
        botId: BOTS.bulk,
        id: derivedId('ds', `backlog ${firstNumber + index}`),
        api: 'kore-v1',
        appId: clientId,
        createdBy: derivedId('u', 'bench'),
        channel: 'msteams',
        channelSpelling: 'msteams',
        connectionId: connectionId(BOTS.bulk, 'msteams', null),
        resolve: true,
        lane: 'normal',
        message: { type: 'text', text: TEXT },
        total: PEOPLE,
        createdAt,
        expiresAt: createdAt + 86_400_000,
      },
      recipients,
      delayMs: 0,
      idempotency: null,
    });
  for (let first = 0; first < notifications; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, notifications - first);
    await Promise.all(Array.from({ length: count }, (_, index) => accept(first + index)));
  }
  await store.close();
}

const AT_ONCE = 20;

function configFor({ urls, credentials }: Fake, concurrency: number) {
  const rest = { allowPrivateNetwork: true, limits: { perSecond: 0, concurrency } };
  const teams = { channel: 'msteams', ...credentials.teams, serviceUrl: urls.teams, loginUrl: urls.login, ...rest };
  const hook = { channel: 'ivr', name: 'Hook', url: `${urls.hooks}/calm`, secret: credentials.hook.secret, ...rest };
  const bots = [
    { id: BOTS.bulk, name: 'Bulk', connections: [teams] },
    { id: BOTS.calm, name: 'Calm', connections: [hook] },
  ];
  const app = { clientId, name: 'Bench', algorithm: 'HS256', clientSecret: secret, scopes: [SCOPE_SEND] };
  return { bots, apps: [{ ...app, bots: Object.values(BOTS) }], limits: { perMinute: 0, perHour: 0 } };
}
