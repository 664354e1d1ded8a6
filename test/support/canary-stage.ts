import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SignJWT } from 'jose';
import { stringify } from 'yaml';
import { type Client, createClient } from '../../src/client/client.ts';
import { sandboxConfig } from '../../src/commands/sandbox-config.ts';
import { isJsonObject, type Json } from '../../src/model/json.ts';
import { SCOPE_ADMIN, SCOPE_DIRECTORY, SCOPE_SEND } from '../../src/model/tenancy.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { type BeckonProcess, startBeckon } from './beckon.ts';
import { Canaries, type Ear } from './canaries.ts';
import { runCli } from './run-cli.ts';

/** A server that says all it can, and everybody who listens to it. */
export interface CanaryStage {
  readonly canaries: Canaries;
  readonly sandbox: Sandbox;
  readonly server: BeckonProcess;
  readonly client: Client;
  readonly token: string;
  readonly botId: string;
  readonly folder: string;
  /** Secrets of the connections in the configuration file, by channel. */
  readonly secrets: Readonly<Record<string, readonly string[]>>;
  /** Flags of the CLI by which it finds configuration and database. */
  readonly flags: readonly string[];
  /** One call; its answer is heard but for what it is there to show. */
  ask(path: string, init?: RequestInit, shows?: (body: string) => readonly string[]): Promise<Response>;
  /** Runs the program to its end and hears what it says. */
  run(args: readonly string[], shows?: (stdout: string) => readonly string[]): Promise<string>;
  /** All that the server has said until now, and what it has told of itself elsewhere. */
  hearServer(): void;
  close(): Promise<void>;
}

/** Where people come to, of which the links of mails are made. */
export const PUBLIC_URL = 'https://beckon.example.com/';
const CLIENT_ID = 'cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9';
/** Keys of the settings of connections that hold a secret. */
const SECRET_KEYS = /(?:password|secret|token|privateKey)$/i;

export async function openCanaryStage(script?: string): Promise<CanaryStage> {
  const canaries = new Canaries();
  const folder = mkdtempSync(join(tmpdir(), 'beckon-canaries-'));
  const sandbox = await startSandbox({ limits: 'off' });
  const collector = await openCollector(canaries);
  const { file, botId } = sandboxConfig(sandbox);
  const clientSecret = canaries.plant('secret', 'the secret of an app', randomBytes(36).toString('base64url'));
  const scopes = [SCOPE_SEND, SCOPE_DIRECTORY, SCOPE_ADMIN];
  const app = { clientId: CLIENT_ID, name: 'Canary', algorithm: 'HS256', clientSecret, kind: 'admin', scopes };
  const config = join(folder, 'beckon.yaml');
  writeFileSync(config, stringify({ ...file, apps: [app] }, { aliasDuplicateObjects: false }), { mode: 0o600 });
  const secretKey = canaries.plant('secret', 'the master key', randomBytes(32).toString('base64'));
  canaries.plant('secret', 'the master key in hex', Buffer.from(secretKey, 'base64').toString('hex'));
  const env = { BECKON_SECRET_KEY: secretKey, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  const database = `sqlite:${join(folder, 'beckon.db')}`;
  const flags = ['--config', config, '--database', database];
  const server = await startBeckon([...flags, '--log-level', 'debug', '--public-url', PUBLIC_URL], script, env);
  const token = await new SignJWT({ appId: CLIENT_ID, sub: 'tester' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(clientSecret));
  canaries.plant('secret', 'the token of an app', token);
  const heard: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    await hearAnswer(canaries, String(input), response);
    return response;
  };
  let read = 0;
  return {
    ...{ canaries, sandbox, server, token, botId, folder, flags },
    client: createClient({ url: server.url, token, fetch: heard }),
    secrets: plantSecrets(canaries, file['bots'] ?? []),
    async ask(path, init = {}, shows = () => []) {
      const response = await fetch(server.url + path, init);
      await hearAnswer(canaries, path, response, shows);
      return response;
    },
    async run(args, shows = () => []) {
      const { stdout, stderr } = await runCli(args, { env });
      canaries.hear('output', `of beckon ${args.slice(0, 2).join(' ')}`, stdout, shows(stdout));
      canaries.hear('output', `of beckon ${args.slice(0, 2).join(' ')}`, stderr);
      return stdout;
    },
    hearServer() {
      const said = server.lines.slice(read);
      read = server.lines.length;
      for (const line of said)
        canaries.hear(line.startsWith('{') ? 'log' : 'output', 'of the server', ...withoutLink(line));
    },
    async close() {
      await server.kill();
      await sandbox.close();
      collector.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The link for the first admin is printed for whoever runs the server. */
function withoutLink(line: string): readonly [line: string, shows: readonly string[]] {
  const token = /\/setup#(\S+)/.exec(line)?.[1];
  return [line, token === undefined ? [] : [token]];
}

async function hearAnswer(
  canaries: Canaries,
  where: string,
  response: Response,
  shows: (body: string) => readonly string[] = showsOf(where),
): Promise<void> {
  const headers = [...response.headers].filter(([name]) => name !== 'set-cookie');
  canaries.hear('answer', `headers of ${where}`, JSON.stringify(headers));
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) return;
  const body = await response.clone().text();
  canaries.hear(earOf(where), where, body, shows(body));
}

const earOf = (where: string): Ear =>
  where.includes('/audit') ? 'audit' : where.endsWith('/metrics') ? 'metrics' : 'answer';

/** A key that the server has made, and the link of an invitation: told once. */
const showsOf =
  (where: string) =>
  (body: string): readonly string[] => {
    if (!/\/admin\/(apps|operators)/.test(where)) return [];
    return [...body.matchAll(/"clientSecret":"([^"]+)"|#([\w-]{20,})"/g)].map(
      ([, secret, link]) => secret ?? link ?? '',
    );
  };

/** Of the bot's connections: by channel. Keys of several lines are known by one of them. */
function plantSecrets(canaries: Canaries, bots: Json): Readonly<Record<string, readonly string[]>> {
  const [bot] = Array.isArray(bots) ? bots.filter(isJsonObject) : [];
  const connections = Array.isArray(bot?.['connections']) ? bot['connections'].filter(isJsonObject) : [];
  const found = connections.map(({ channel, ...settings }) => {
    const secrets = Object.entries(settings).flatMap(([key, value]) => {
      if (!SECRET_KEYS.test(key) || typeof value !== 'string' || value.includes('://')) return [];
      return [
        canaries.plant('secret', `${key} of ${channel}`, value.includes('\n') ? (value.split('\n')[3] ?? '') : value),
      ];
    });
    return [String(channel), secrets] as const;
  });
  return Object.fromEntries(found);
}

/** Takes the traces, and hears them. */
async function openCollector(canaries: Canaries) {
  const server = createServer(async (request, response) => {
    canaries.hear('trace', request.url ?? '', await text(request));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close().closeAllConnections() };
}
