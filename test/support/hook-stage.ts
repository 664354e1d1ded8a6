import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { Agent, request } from 'undici';
import { stringify } from 'yaml';
import { connectionId, derivedId } from '../../src/model/ids.ts';
import { type CallLimits, SCOPE_SEND } from '../../src/model/tenancy.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { type BeckonProcess, startBeckon } from './beckon.ts';

/**
 * Several bots, each with a webhook of its own. Webhooks need no directory, and a repeated attempt has the `webhook-id`
 * of the first, so the ledger tells repeats from messages: `total` counts each message once, `replays` the repeats.
 */
export interface HookStage {
  readonly sandbox: Sandbox;
  readonly folder: string;
  readonly token: string;
  start(args: readonly string[], script?: string, env?: Readonly<Record<string, string>>): Promise<BeckonProcess>;
  /** One call over connections that are kept alive, not repeated whatever becomes of it. */
  send(url: string, call: HookCall): Promise<HookAnswer>;
  close(): Promise<void>;
}

export interface HookCall {
  readonly bot: string;
  readonly text: string;
  readonly people: number;
}

export interface HookAnswer {
  /** Null: it was not accepted. */
  readonly id: string | null;
  /** Null: there was no answer. */
  readonly status: number | null;
  readonly retryAfter: string | null;
  /** Of a call without an answer: `ECONNREFUSED`, …; else null. */
  readonly error: string | null;
  readonly durationMs: number;
}

export const botIdOf = (bot: string): string => derivedId('st', `hooks ${bot}`);
export const hookIdOf = (bot: string): string => connectionId(botIdOf(bot), 'ivr', 'Hook');
export const recipientOf = (index: number): string => `person-${index}@example.com`;

export interface HookStageOptions {
  readonly bots: readonly string[];
  readonly concurrency?: number;
  /** Of every bot; default: none. */
  readonly callLimits?: CallLimits;
  /** By bot; absent: as fast as it goes. */
  readonly perSecond?: Readonly<Record<string, number>>;
  /** By bot: where its webhook posts instead of the stage's own sandbox. */
  readonly urls?: Readonly<Record<string, string>>;
}

const clientId = derivedId('cs', 'hooks');
const secret = 'hooks-secret-of-more-than-32-bytes-long';

export async function openHookStage(options: HookStageOptions): Promise<HookStage> {
  const sandbox = await startSandbox({ limits: 'off' });
  const folder = await mkdtemp(join(tmpdir(), 'beckon-hooks-'));
  const configPath = join(folder, 'beckon.yaml');
  await writeFile(configPath, stringify(configFor(sandbox, options)));
  const processes: BeckonProcess[] = [];
  const agent = new Agent({ keepAliveTimeout: 30_000 });
  const token = await new SignJWT({ appId: clientId, sub: 'tester' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
  return {
    sandbox,
    folder,
    token,
    async start(args, script, env) {
      const started = await startBeckon(['--config', configPath, ...args], script, env);
      processes.push(started);
      return started;
    },
    async send(url, call) {
      const startedAt = performance.now();
      try {
        const response = await request(`${url}${pathOf(call)}`, {
          dispatcher: agent,
          method: 'POST',
          headers: { 'content-type': 'application/json', auth: token },
          body: bodyOf(call),
          signal: AbortSignal.timeout(30_000),
        });
        const id = /"_id":"(ds-[0-9a-f-]+)"/.exec(await response.body.text())?.[1] ?? null;
        const after = response.headers['retry-after'];
        const retryAfter = typeof after === 'string' ? after : null;
        const durationMs = performance.now() - startedAt;
        return { id, status: response.statusCode, retryAfter, error: null, durationMs };
      } catch (error) {
        const durationMs = performance.now() - startedAt;
        return { id: null, status: null, retryAfter: null, error: codeOf(error), durationMs };
      }
    },
    async close() {
      await Promise.all(processes.map((child) => child.kill()));
      await agent.destroy();
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const pathOf = ({ bot }: Pick<HookCall, 'bot'>): string => `/api/public/bot/${botIdOf(bot)}/notify`;

export function bodyOf({ text, people }: HookCall): string {
  return JSON.stringify({
    channel: 'ivr',
    webhookInstanceName: 'Hook',
    userIdentityType: 'resolve',
    message: { type: 'text', val: text },
    identities: Array.from({ length: people }, (_, index) => recipientOf(index)),
  });
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.name;
}

const NO_LIMITS: CallLimits = { perMinute: 0, perHour: 0 };

function configFor(
  sandbox: Sandbox,
  { bots, concurrency = 32, perSecond = {}, urls = {}, callLimits = NO_LIMITS }: HookStageOptions,
) {
  const hook = (bot: string) => ({
    channel: 'ivr',
    name: 'Hook',
    url: urls[bot] ?? `${sandbox.urls.hooks}/${bot}`,
    secret: sandbox.credentials.hook.secret,
    limits: { perSecond: perSecond[bot] ?? 0, concurrency },
    allowPrivateNetwork: true,
  });
  const ids = bots.map(botIdOf);
  return {
    bots: bots.map((bot) => ({ id: botIdOf(bot), name: bot, connections: [hook(bot)] })),
    apps: [{ clientId, name: 'Test', algorithm: 'HS256', clientSecret: secret, bots: ids, scopes: [SCOPE_SEND] }],
    limits: callLimits,
  };
}
