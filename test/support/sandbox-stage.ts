import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { stringify } from 'yaml';
import { type Client, createClient } from '../../src/client/client.ts';
import type { Notification } from '../../src/client/notification-documents.ts';
import { sandboxConfig } from '../../src/commands/sandbox-config.ts';
import { isJsonObject, type JsonObject } from '../../src/model/json.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { type BeckonProcess, startBeckon } from './beckon.ts';

/** A server on a database in memory, the simulators it sends to, and a caller. */
export interface SandboxStage {
  readonly sandbox: Sandbox;
  readonly server: BeckonProcess;
  readonly client: Client;
  readonly botId: string;
  /** Flags for the CLI to call the server by. */
  readonly target: readonly string[];
  know(people: readonly JsonObject[]): Promise<void>;
  /** Resolves when nobody is pending. */
  untilOver(notificationId: string): Promise<Notification>;
  /** Bodies of what reached the webhook, by recipient. */
  received(): Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** `change`: what is different in the configuration of the sample. */
export async function openSandboxStage(
  change: (file: JsonObject) => void = () => {},
  flags: readonly string[] = [],
): Promise<SandboxStage> {
  const folder = mkdtempSync(join(tmpdir(), 'beckon-stage-'));
  const config = join(folder, 'beckon.yaml');
  const sandbox = await startSandbox({ limits: 'off' });
  const { file, botId, clientId } = sandboxConfig(sandbox);
  change(file);
  writeFileSync(config, stringify(file, { aliasDuplicateObjects: false }), { mode: 0o600 });
  const server = await startBeckon(['--config', config, '--database', 'sqlite::memory:', ...flags]);
  const client = createClient({ url: server.url, token: await tokenOf(file) });
  return {
    sandbox,
    server,
    client,
    botId,
    target: ['--url', server.url, '--config', config, '--app', clientId],
    async know(people) {
      const lines = new Blob(people.map((person) => `${JSON.stringify(person)}\n`)).stream();
      await client.importPeople({ botId, people: lines, mediaType: 'application/x-ndjson' });
    },
    async untilOver(notificationId) {
      for (;;) {
        const found = await client.notification({ botId, notificationId });
        if (found.counts.pending === 0) return found;
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },
    received: () =>
      Object.fromEntries(
        sandbox.ledger.entries({ provider: 'hooks' }).map(({ recipient, body }) => [recipient, body ?? '']),
      ),
    async close() {
      await server.stop();
      await sandbox.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function tokenOf({ apps }: JsonObject): Promise<string> {
  const [app] = Array.isArray(apps) ? apps : [];
  if (!isJsonObject(app)) throw new Error('the sample has no app');
  return new SignJWT({ appId: String(app['clientId']), sub: 'tester' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(String(app['clientSecret'])));
}
