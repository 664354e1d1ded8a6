import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { stringify } from 'yaml';
import { rawAnswer, type ScriptedServer, serveScript } from '../../src/channels/scripted-server.ts';
import { createClient } from '../../src/client/client.ts';
import { derivedId } from '../../src/model/ids.ts';
import { SCOPE_DIRECTORY, SCOPE_SEND } from '../../src/model/tenancy.ts';
import { subscriptionAt } from '../../src/sandbox/push-subscriptions.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { type BeckonProcess, startBeckon } from './beckon.ts';

export const CHANNELS = ['msteams', 'slack', 'hangoutchat', 'whatsapp', 'sms', 'webpush', 'ivr'] as const;
export type ChannelId = (typeof CHANNELS)[number];

/** What came to a provider that answers as it likes. */
export interface Order {
  readonly channel: ChannelId;
  readonly socket: Socket;
  /** Of the recipient, within the notification. */
  readonly seq: number;
  /** The whole answer that the provider's documentation promises, on the wire. */
  readonly good: string;
}

/** What the server says became of a recipient. */
export interface Ending {
  readonly seq: number;
  readonly state: string;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly attempts: number;
}

/**
 * A server with a connection of every channel that speaks HTTP, each to a provider of its own that answers with raw
 * bytes, so that it can say what no HTTP library would. What is lost is not tried again: every answer is an end.
 */
export interface BrokenStage {
  readonly folder: string;
  start(args: readonly string[], script?: string): Promise<BeckonProcess>;
  /** One notification to so many people, in order; answers its id. */
  send(url: string, channel: ChannelId, people: number): Promise<string>;
  /** Of those that are over, by seq. */
  endings(url: string, notificationId: string): Promise<readonly Ending[]>;
  close(): Promise<void>;
}

export interface BrokenStageOptions {
  readonly answer: (order: Order) => void;
  /** How many there are to be sent to. */
  readonly people: number;
  /** Sends in flight on each connection. */
  readonly concurrency: number;
}

const botId = derivedId('st', 'broken');
const clientId = derivedId('cs', 'broken');
const secret = 'broken-secret-of-more-than-32-bytes-long';

type Providers = Readonly<Record<ChannelId, ScriptedServer>>;

export async function openBrokenStage({ answer, people, concurrency }: BrokenStageOptions): Promise<BrokenStage> {
  const sandbox = await startSandbox({ limits: 'off' });
  const folder = await mkdtemp(join(tmpdir(), 'beckon-broken-'));
  const configPath = join(folder, 'beckon.yaml');
  const provide = (channel: ChannelId) =>
    serveScript((socket, request) => answer({ channel, socket, seq: seqIn(request), good: GOOD[channel] }));
  const providers: Providers = {
    msteams: await provide('msteams'),
    slack: await provide('slack'),
    hangoutchat: await provide('hangoutchat'),
    whatsapp: await provide('whatsapp'),
    sms: await provide('sms'),
    webpush: await provide('webpush'),
    ivr: await provide('ivr'),
  };
  await writeFile(configPath, stringify(configFor(sandbox, providers, concurrency), { aliasDuplicateObjects: false }));
  const processes: BeckonProcess[] = [];
  const token = await new SignJWT({ appId: clientId, sub: 'tester' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
  const clientOf = (url: string) => createClient({ url, token });
  return {
    folder,
    async start(args, script) {
      const started = await startBeckon(['--config', configPath, ...args], script);
      processes.push(started);
      const lines = Array.from({ length: people }, (_, seq) => JSON.stringify(personAt(seq, providers)));
      const directory = new Blob([lines.join('\n')]).stream();
      await clientOf(started.url).importPeople({ botId, people: directory, mediaType: 'application/x-ndjson' });
      return started;
    },
    async send(url, channel, wanted) {
      const identities = Array.from({ length: wanted }, (_, seq) => ({
        ...identityAt(channel, seq),
        customMessage: `hello ${labelOf(seq)}`,
      }));
      const name = channel === 'ivr' ? { webhookInstanceName: 'Hook' } : {};
      const body = { channel, ...name, message: { type: 'text', value: 'hello' }, identities } as const;
      return (await clientOf(url).notifyV2({ botId, body }))._id;
    },
    async endings(url, notificationId) {
      const page = `${url}/api/v1/bots/${botId}/notifications/${notificationId}/recipients?limit=500`;
      const response = await fetch(page, { headers: { auth: token } });
      const { recipients } = (await response.json()) as { readonly recipients: readonly Ending[] };
      return recipients;
    },
    async close() {
      await Promise.all(processes.map((child) => child.kill()));
      await Promise.all(CHANNELS.map((channel) => providers[channel].close()));
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Travels in the message, or in the address where the message is encrypted: so the provider knows who is meant. */
const labelOf = (seq: number): string => `to-${String(seq).padStart(4, '0')}-`;
const seqIn = (request: string): number => Number(/to-(\d{4})-/.exec(request)?.[1] ?? Number.NaN);

const json = (status: number, body: unknown): string =>
  rawAnswer(status, JSON.stringify(body), { 'content-type': 'application/json' });

const GOOD: Readonly<Record<ChannelId, string>> = {
  msteams: json(201, { id: '1700000000000' }),
  slack: json(200, { ok: true, channel: 'D0ANN', ts: '1700000000.000100' }),
  hangoutchat: json(200, { name: 'spaces/AAA/messages/one.two' }),
  whatsapp: json(200, { messaging_product: 'whatsapp', messages: [{ id: 'wamid.HBgLMTU1NTAwMDAwMDE' }] }),
  sms: json(201, { sid: `SM${'0'.repeat(31)}1`, status: 'queued' }),
  webpush: rawAnswer(201, '', { location: '/message/1' }),
  ivr: rawAnswer(200, 'ok'),
};

const emailAt = (seq: number): string => `person-${seq}@example.com`;

function identityAt(channel: ChannelId, seq: number) {
  if (channel === 'hangoutchat') return { spaceId: `spaces/AAA${seq}` };
  if (channel === 'whatsapp' || channel === 'sms') return { phoneNumber: `+1555${String(seq).padStart(7, '0')}` };
  return { email: emailAt(seq) };
}

function personAt(seq: number, { msteams, webpush }: Providers) {
  const { endpoint, keys } = subscriptionAt(`${webpush.url}/push`, labelOf(seq));
  const reference = { conversationId: `a:conversation-${seq}`, serviceUrl: `${msteams.url}/teams/` };
  return {
    email: emailAt(seq),
    addresses: [
      { channel: 'msteams', channelId: `29:person-${seq}`, reference },
      { channel: 'slack', channelId: `U0PERSON${seq}`, reference: { conversationId: `D0PERSON${seq}` } },
      { channel: 'webpush', channelId: endpoint, reference: keys },
    ],
  };
}

function configFor({ urls, credentials }: Sandbox, providers: Providers, concurrency: number) {
  const common = { allowPrivateNetwork: true, afterUnknown: 'hold', limits: { perSecond: 0, concurrency } };
  const { clientEmail, privateKey } = credentials.googleChat;
  const { phoneNumberId, accessToken } = credentials.whatsapp;
  const connections = [
    { channel: 'msteams', ...credentials.teams, serviceUrl: `${providers.msteams.url}/teams/`, loginUrl: urls.login },
    { channel: 'slack', token: credentials.slack.token, apiUrl: `${providers.slack.url}/api/` },
    {
      channel: 'hangoutchat',
      clientEmail,
      privateKey,
      tokenUrl: urls.googleToken,
      apiUrl: `${providers.hangoutchat.url}/`,
    },
    { channel: 'whatsapp', phoneNumberId, accessToken, apiUrl: `${providers.whatsapp.url}/v25.0/` },
    { channel: 'sms', provider: 'twilio', ...credentials.twilio, apiUrl: `${providers.sms.url}/` },
    { channel: 'webpush', ...credentials.webpush, allowedHosts: [providers.webpush.url] },
    { channel: 'ivr', name: 'Hook', url: `${providers.ivr.url}/hook`, secret: credentials.hook.secret },
  ].map((connection) => ({ ...connection, ...common }));
  const scopes = [SCOPE_SEND, SCOPE_DIRECTORY];
  return {
    bots: [{ id: botId, name: 'Broken', connections }],
    apps: [{ clientId, name: 'Test', algorithm: 'HS256', clientSecret: secret, bots: [botId], scopes }],
    limits: { perMinute: 0, perHour: 0 },
  };
}
