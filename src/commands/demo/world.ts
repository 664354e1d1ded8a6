import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Client, createClient } from '../../client/client.ts';
import { readSettings } from '../../config/read-settings.ts';
import { createLogger } from '../../log/logger.ts';
import { connectionId } from '../../model/ids.ts';
import type { App } from '../../model/tenancy.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { serve } from '../../serve.ts';
import { mintToken } from '../mint.ts';
import { loadCommandConfig } from '../runtime.ts';
import { sandboxConfig } from '../sandbox-config.ts';
import { findApp } from '../token.ts';

export interface WorldOptions {
  /** Where the database is kept; null: a fresh folder that goes away with the demo. */
  readonly data: string | null;
  readonly port: string;
  /** No log at all. */
  readonly quiet: boolean;
}

/** Simulators, a server that talks to them, and a client that talks to the server. */
export interface World {
  readonly sandbox: Sandbox;
  readonly url: string;
  readonly botId: string;
  readonly clientId: string;
  readonly configPath: string;
  readonly client: Client;
  /** Where the reader of the demo is signed in to the console at once. */
  readonly consoleLink: string;
  mint(lifeSeconds: number): Promise<string>;
  close(): Promise<void>;
}

/** Starts everything; when a part of it cannot start, the others are gone again. */
export async function startWorld({ data, port, quiet }: WorldOptions): Promise<World> {
  const stack = new AsyncDisposableStack();
  try {
    const folder = data ?? mkdtempSync(join(tmpdir(), 'beckon-demo-'));
    if (data === null) stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const sandbox = await startSandbox({ limits: 'off', faults: SMALL_TROUBLES });
    stack.defer(() => sandbox.close());
    const { configPath, botId, clientId } = writeConfig(folder, sandbox);
    const database = `sqlite:${join(folder, 'beckon-demo.db')}`;
    // Providers have to be told where to call back before the first message goes out.
    const server = await startServer({ configPath, database, port: port === '0' ? await findFreePort() : port, quiet });
    tellProviders(sandbox, server.url, botId);
    stack.defer(() => server.drain());

    const app = await findApp(configPath, clientId);
    const mint = (lifeSeconds: number) => mintDemoToken(app, lifeSeconds);
    const client = createClient({ url: server.url, token: () => mint(CALL_TOKEN_SECONDS) });
    const consoleLink = await server.makeSignInLink({ name: 'Demo', email: 'demo@example.com' });
    const close = () => stack.disposeAsync();
    return { sandbox, url: server.url, botId, clientId, configPath, client, consoleLink, mint, close };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

const CALL_TOKEN_SECONDS = 300;

function writeConfig(folder: string, sandbox: Sandbox) {
  const { file, botId, clientId } = sandboxConfig(sandbox);
  const configPath = join(folder, 'beckon-demo.yaml');
  mkdirSync(folder, { recursive: true });
  writeFileSync(configPath, stringify(file, { aliasDuplicateObjects: false }), { mode: 0o600 });
  return { configPath, botId, clientId };
}

/** As an operator enters the URL of a connection at its provider. */
function tellProviders({ webhooks }: Sandbox, url: string, botId: string): void {
  const eventsOf = (channel: string) => `${url}/channels/${connectionId(botId, channel, null)}/events`;
  webhooks.change({
    teams: eventsOf('msteams'),
    slack: eventsOf('slack'),
    googlechat: eventsOf('hangoutchat'),
    whatsapp: eventsOf('whatsapp'),
  });
}

async function findFreePort(): Promise<string> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? String(address.port) : '0';
}

/** Providers are never quite well: some answers take a moment, and some people are reached at the second try only. */
const SMALL_TROUBLES = [
  {
    provider: 'teams',
    route: 'send',
    recipient: '29:flaky-*',
    times: 1,
    perRecipient: true,
    fault: { kind: 'status', status: 503 },
  },
  { provider: 'teams', route: 'send', fault: { kind: 'slow', delayMs: 25 } },
] as const;

interface DemoServer {
  readonly configPath: string;
  readonly database: string;
  readonly port: string;
  readonly quiet: boolean;
}

/** Settings come from here alone: the demo is the same whatever the environment says. */
async function startServer({ configPath, database, port, quiet }: DemoServer) {
  const settings = readSettings({
    flags: {
      '--config': configPath,
      '--database': database,
      '--port': port,
      '--public-url': `http://127.0.0.1:${port}/`,
      '--log-level': quiet ? 'silent' : 'warn',
    },
    env: {},
    readSecretFile: () => ({ fault: 'the demo has no secret files' }),
  });
  const config = await loadCommandConfig(settings);
  return serve({ settings, config, logger: createLogger({ level: settings.logLevel, format: settings.logFormat }) });
}

function mintDemoToken(app: App, lifeSeconds: number): Promise<string> {
  const now = Date.now();
  return mintToken({ app, subject: 'demo', lifeSeconds, once: false, privateKey: null, platformKey: null, now });
}
