import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { stringify } from 'yaml';
import { type Client, createClient } from '../../src/client/client.ts';
import { derivedId } from '../../src/model/ids.ts';
import { SCOPE_DIRECTORY, SCOPE_SEND } from '../../src/model/tenancy.ts';
import { teamsConversationId } from '../../src/sandbox/ids.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';
import { type BeckonProcess, startBeckon } from './beckon.ts';

const botId = derivedId('st', 'rehearsal');
const clientId = derivedId('cs', 'rehearsal');
const secret = 'rehearsal-secret-of-more-than-32-bytes';

/** A sandbox, a configuration that points at it, and a folder of its own: what a whole-system test stands on. */
export interface Rehearsal {
  readonly botId: string;
  readonly sandbox: Sandbox;
  readonly folder: string;
  readonly configPath: string;
  start(args: readonly string[], script?: string, env?: Readonly<Record<string, string>>): Promise<BeckonProcess>;
  /** The token of the app, for calls that must not be repeated by the client. */
  readonly token: string;
  client(url: string): Client;
  /** Puts people into the directory, each with a Teams conversation. */
  importPeople(url: string, count: number): Promise<void>;
  /** Tells `people` of them something, over Kore's v1 route; answers the request id. */
  notify(url: string, people: number, text: string): Promise<string>;
  close(): Promise<void>;
}

export const emailOf = (index: number): string => `person-${index}@example.com`;
export const teamsIdOf = (index: number): string => `29:person-${index}`;

export interface RehearsalOptions extends SandboxOptions {
  readonly concurrency?: number;
  /** Default 0: as fast as it goes; null: what the provider documents. */
  readonly perSecond?: number | null;
  /** Connections beside Teams. */
  readonly beside?: (sandbox: Sandbox) => readonly object[];
}

export async function openRehearsal(options: RehearsalOptions): Promise<Rehearsal> {
  const sandbox = await startSandbox(options);
  const folder = await mkdtemp(join(tmpdir(), 'beckon-test-'));
  const configPath = join(folder, 'beckon.yaml');
  await writeFile(configPath, stringify(configFor(sandbox, options)));
  const processes: BeckonProcess[] = [];
  const token = await new SignJWT({ appId: clientId, sub: 'tester' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
  const client = (url: string) => createClient({ url, token });
  return {
    botId,
    sandbox,
    folder,
    configPath,
    token,
    client,
    async start(args, script, env) {
      const started = await startBeckon(['--config', configPath, ...args], script, env);
      processes.push(started);
      return started;
    },
    async importPeople(url, count) {
      const lines = Array.from({ length: count }, (_, index) => JSON.stringify(personAt(index, sandbox)));
      const people = new Blob([lines.join('\n')]).stream();
      await client(url).importPeople({ botId, people, mediaType: 'application/x-ndjson' });
    },
    async notify(url, people, text) {
      const identities = Array.from({ length: people }, (_, index) => emailOf(index));
      const body = {
        channel: 'msteams',
        userIdentityType: 'resolve',
        message: { type: 'text', val: text },
        identities,
      } as const;
      return (await client(url).notify({ botId, body }))._id;
    },
    async close() {
      await Promise.all(processes.map((child) => child.kill()));
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configFor(sandbox: Sandbox, { concurrency = 32, perSecond = 0, beside = () => [] }: RehearsalOptions) {
  const { urls, credentials } = sandbox;
  const limits = { ...(perSecond === null ? {} : { perSecond }), concurrency };
  const teams = { ...credentials.teams, serviceUrl: urls.teams, loginUrl: urls.login };
  const scopes = [SCOPE_SEND, SCOPE_DIRECTORY];
  const connections = [{ channel: 'msteams', ...teams }, ...beside(sandbox)];
  return {
    bots: [
      {
        id: botId,
        name: 'Rehearsal',
        connections: connections.map((connection) => ({ ...connection, limits, allowPrivateNetwork: true })),
      },
    ],
    apps: [{ clientId, name: 'Test', algorithm: 'HS256', clientSecret: secret, bots: [botId], scopes }],
    limits: { perMinute: 0, perHour: 0 },
  };
}

function personAt(index: number, { urls, credentials }: Sandbox) {
  const { appId, tenantId } = credentials.teams;
  const conversationId = teamsConversationId(appId, { member: teamsIdOf(index), tenantId, generation: 1 });
  const reference = { conversationId, serviceUrl: urls.teams };
  return { email: emailOf(index), addresses: [{ channel: 'msteams', channelId: teamsIdOf(index), reference }] };
}
