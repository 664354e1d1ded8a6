import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { Pool } from 'undici';
import { stringify } from 'yaml';
import { connectionId, derivedId } from '../../src/model/ids.ts';
import { SCOPE_DIRECTORY, SCOPE_SEND } from '../../src/model/tenancy.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { type BeckonProcess, startBeckon } from './beckon.ts';

/** Servers with many bots, each of which has a webhook and a number for text messages, and calls of any kind to them. */
export interface ApiStage {
  readonly sandbox: Sandbox;
  readonly folder: string;
  start(args: readonly string[], script?: string): Promise<BeckonProcess>;
  /** One call over connections that are kept alive, not repeated whatever becomes of it. */
  call(url: string, call: ApiCall): Promise<ApiAnswer>;
  /** A token of the app that may do everything once, or of the one whose tokens are good for one call (`jti`). */
  sign(claims: Readonly<Record<string, unknown>>, app?: 'lasting' | 'once'): Promise<string>;
  /** Leaves no connection to a server open, so that it need not wait for us when it stops. */
  hangUp(url: string): Promise<void>;
  close(): Promise<void>;
}

export interface ApiCall {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface ApiStageOptions {
  readonly bots: readonly string[];
  readonly limits?: { readonly perMinute: number; readonly perHour: number };
}

export const botIdOf = (bot: string): string => derivedId('st', `api ${bot}`);
export const smsIdOf = (bot: string): string => connectionId(botIdOf(bot), 'sms', null);
export const koreUrl = (bot: string, route: string): string => `/api/public/bot/${botIdOf(bot)}/${route}`;
export const nativeUrl = (bot: string, route: string): string => `/api/v1/bots/${botIdOf(bot)}/${route}`;

/** What providers are told to post to; nobody listens there, so that a test decides what is posted when. */
export const PUBLIC_URL = 'http://127.0.0.1:9/';

const SECRET = 'api-secret-of-more-than-32-bytes-in-all';
const APPS = { lasting: derivedId('cs', 'api lasting'), once: derivedId('cs', 'api once') };

export async function openApiStage(options: ApiStageOptions): Promise<ApiStage> {
  const sandbox = await startSandbox({ limits: 'off' });
  const folder = await mkdtemp(join(tmpdir(), 'beckon-api-'));
  const configPath = join(folder, 'beckon.yaml');
  await writeFile(configPath, stringify(configFor(sandbox, options), { aliasDuplicateObjects: false }));
  const processes: BeckonProcess[] = [];
  const pools = new Map<string, Pool>();
  const poolOf = (url: string): Pool => {
    const pool = pools.get(url) ?? new Pool(url, { keepAliveTimeout: 30_000 });
    pools.set(url, pool);
    return pool;
  };
  const sign: ApiStage['sign'] = (claims, app = 'lasting') =>
    new SignJWT({ appId: APPS[app], sub: 'tester', ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(SECRET));
  const token = await sign({});
  return {
    sandbox,
    folder,
    sign,
    async start(args, script) {
      const started = await startBeckon(['--config', configPath, '--public-url', PUBLIC_URL, ...args], script);
      processes.push(started);
      return started;
    },
    async call(url, { method = 'GET', path, headers, body }) {
      const response = await poolOf(url).request({
        path,
        method,
        headers: { auth: token, ...headers },
        body: body ?? null,
        signal: AbortSignal.timeout(30_000),
      });
      return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
    },
    async hangUp(url) {
      await pools.get(url)?.destroy();
      pools.delete(url);
    },
    async close() {
      await Promise.all(processes.map((child) => child.kill()));
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configFor(sandbox: Sandbox, { bots, limits = { perMinute: 0, perHour: 0 } }: ApiStageOptions) {
  const { hook, twilio } = sandbox.credentials;
  const ids = bots.map(botIdOf);
  const app = { algorithm: 'HS256', clientSecret: SECRET, bots: ids, scopes: [SCOPE_SEND, SCOPE_DIRECTORY] };
  const common = { limits: { perSecond: 0, concurrency: 32 }, allowPrivateNetwork: true };
  return {
    bots: bots.map((bot) => ({
      id: botIdOf(bot),
      name: bot,
      connections: [
        { ...common, channel: 'ivr', name: 'Hook', url: `${sandbox.urls.hooks}/${bot}`, secret: hook.secret },
        { ...common, channel: 'sms', provider: 'twilio', ...twilio, apiUrl: sandbox.urls.twilio },
      ],
    })),
    apps: [
      { ...app, clientId: APPS.lasting, name: 'Lasting' },
      { ...app, clientId: APPS.once, name: 'Once', enforceJti: true },
    ],
    limits,
  };
}
