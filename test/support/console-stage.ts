import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import type { Page } from 'playwright-core';
import { stringify } from 'yaml';
import { type Client, createClient } from '../../src/client/client.ts';
import type { Notification } from '../../src/client/notification-documents.ts';
import type { SendBody } from '../../src/client/send-documents.ts';
import { loadCommandConfig } from '../../src/commands/runtime.ts';
import { sandboxConfig } from '../../src/commands/sandbox-config.ts';
import { readSettings } from '../../src/config/read-settings.ts';
import { createLogger } from '../../src/log/logger.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import type { OidcProvider } from '../../src/model/oidc.ts';
import { SCOPE_ADMIN, SCOPE_DIRECTORY, SCOPE_SEND } from '../../src/model/tenancy.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { type RunningServer, serve } from '../../src/serve.ts';

/** A server with its console, the simulators it sends to, and somebody who may do everything. */
export interface ConsoleStage {
  readonly sandbox: Sandbox;
  readonly server: RunningServer;
  readonly url: string;
  readonly botId: string;
  /** As the console's pages of the bot are addressed. */
  readonly home: string;
  readonly client: Client;
  know(people: readonly JsonObject[]): Promise<void>;
  /** Resolves when nobody is pending. */
  send(body: SendBody): Promise<Notification>;
  /** By a link, as `beckon demo` prints one. */
  signIn(page: Page): Promise<void>;
  close(): Promise<void>;
}

export interface ConsoleStageOptions {
  /** False: nobody can sign in yet, and there is no bot. */
  readonly isSetUp?: boolean;
  /** Where else people sign in, and the port they come back to. */
  readonly signIn?: { readonly port: number; readonly provider: OidcProvider };
}

const ADMIN = { name: 'Meera Nair', email: 'meera@example.com' };
const CLIENT_ID = 'cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9';

export async function openConsoleStage({ isSetUp = true, signIn }: ConsoleStageOptions = {}): Promise<ConsoleStage> {
  const folder = mkdtempSync(join(tmpdir(), 'beckon-console-'));
  const sandbox = await startSandbox({ limits: 'off' });
  const { file, botId } = sandboxConfig(sandbox);
  const secret = randomBytes(36).toString('base64url');
  const scopes = [SCOPE_SEND, SCOPE_DIRECTORY, SCOPE_ADMIN];
  const tester = {
    clientId: CLIENT_ID,
    name: 'Nightly import',
    algorithm: 'HS256',
    clientSecret: secret,
    kind: 'admin',
    scopes,
  };
  const bots = isSetUp ? nameFirst(file['bots'], 'HR assistant') : [];
  const apps = [...(isSetUp && Array.isArray(file['apps']) ? file['apps'] : []), tester];
  const config = join(folder, 'beckon.yaml');
  writeFileSync(
    config,
    stringify({ ...file, bots, apps, ...(signIn && { oidc: [signIn.provider] }) }, { aliasDuplicateObjects: false }),
    { mode: 0o600 },
  );
  // Nobody who has not set anything up has a key either.
  const env = isSetUp ? { BECKON_SECRET_KEY: randomBytes(32).toString('base64') } : {};
  const server = await start({ config, database: `sqlite:${join(folder, 'beckon.db')}`, env, port: signIn?.port });
  const token = await new SignJWT({ appId: CLIENT_ID, sub: 'tester' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
  const client = createClient({ url: server.url, token });
  return {
    sandbox,
    server,
    url: server.url,
    botId,
    home: `${server.url}/bots/${botId}`,
    client,
    async know(people) {
      const lines = new Blob(people.map((person) => `${JSON.stringify(person)}\n`)).stream();
      await client.importPeople({ botId, people: lines, mediaType: 'application/x-ndjson' });
    },
    async send(body) {
      const { id } = await client.notifications.send({ botId, body });
      for await (const { event } of client.events({ botId, notificationId: id })) if (event === 'end') break;
      return client.notification({ botId, notificationId: id });
    },
    async signIn(page) {
      await page.goto(await server.makeSignInLink(ADMIN));
      await page
        .getByRole('navigation', { name: 'Console' })
        .or(page.getByRole('button', { name: 'Menu' }))
        .waitFor();
    },
    async close() {
      await server.drain();
      await sandbox.close();
      rmSync(folder, { recursive: true });
    },
  };
}

interface StartOptions {
  readonly config: string;
  readonly database: string;
  readonly env: Readonly<Record<string, string>>;
  readonly port: number | undefined;
}

/** Settings come from here alone. */
async function start({ config, database, env, port = 0 }: StartOptions): Promise<RunningServer> {
  const address = { '--port': String(port), ...(port !== 0 && { '--public-url': `http://127.0.0.1:${port}/` }) };
  const flags = { '--config': config, '--database': database, ...address, '--log-level': 'silent' };
  const settings = readSettings({ flags, env, readSecretFile: () => ({ fault: 'there are no secret files here' }) });
  const logger = createLogger({ level: settings.logLevel, format: settings.logFormat });
  return serve({ settings, config: await loadCommandConfig(settings), logger });
}

const nameFirst = (bots: Json | undefined, name: string) =>
  (Array.isArray(bots) ? bots : []).map((bot, index) => (index === 0 ? { ...(bot as JsonObject), name } : bot));
