/**
 * What a flood of status callbacks costs those who send meanwhile: SMS per second with and without three times as many
 * WhatsApp callbacks, repeated, out of order and a third of them forged. Once at a pace that is configured, and once as
 * fast as it goes, where both want the same processor. Rounds alternate; medians of three; about half a minute on an
 * idle machine. Run by hand:
 *   node bench/receipts.ts
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { stringify } from 'yaml';
import { type Client, createClient } from '../src/client/client.ts';
import type { SandboxCredentials } from '../src/sandbox/credentials.ts';
import type { SandboxUrls } from '../src/sandbox/urls.ts';
import { startBeckon } from '../test/support/beckon.ts';
import {
  botId,
  clientId,
  clientSecret,
  floodConfig,
  floodUrl,
  POSTS_EACH,
  phones,
  planFlood,
  pour,
} from '../test/support/receipts-flood.ts';
import { end, firstLine, spawnScript } from './processes.ts';

const ROUNDS = 3;
const FLOOD = 3;
const BAR = 0.9;
const PACES = [
  { name: 'at 100 a second', perSecond: 100, sends: 300 },
  { name: 'unlimited', perSecond: 0, sends: 1_000 },
] as const;

interface Provider {
  readonly urls: SandboxUrls;
  readonly credentials: SandboxCredentials;
}

interface Stage {
  readonly provider: Provider;
  readonly url: string;
  readonly client: Client;
}

/** A second each. */
interface Round {
  readonly base: number;
  readonly flooded: number;
  readonly callbacks: number;
}

const folder = mkdtempSync(join(tmpdir(), 'beckon-bench-receipts-'));
const child = spawnScript('fake-provider.ts', { delayMs: 0 });
try {
  const provider: Provider = JSON.parse(await firstLine(child));
  console.log('pace              alone   flooded   callbacks   ratio');
  for (const pace of PACES) await measure(provider, pace);
  console.log(`\nSends a second, medians of ${ROUNDS}; bar of the ratio: ${BAR.toFixed(2)}.`);
} finally {
  await end(child);
  rmSync(folder, { recursive: true });
}

async function measure(provider: Provider, { name, perSecond, sends }: (typeof PACES)[number]): Promise<void> {
  const config = join(folder, 'beckon.yaml');
  writeFileSync(config, stringify(floodConfig(provider, perSecond)));
  const database = `sqlite:${join(folder, `${perSecond}.db`)}`;
  const server = await startBeckon(['--config', config, '--database', database, '--log-level', 'error']);
  const token = await new SignJWT({ appId: clientId, sub: 'bench' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(clientSecret));
  try {
    const stage = { provider, url: server.url, client: createClient({ url: server.url, token }) };
    // Compilation belongs to nobody's figures.
    await runRound(stage, perSecond === 0 ? sends : 10);
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round += 1) rounds.push(await runRound(stage, sends));
    report(name, rounds);
  } finally {
    await server.stop();
  }
}

async function runRound(stage: Stage, sends: number): Promise<Round> {
  const base = await timeSends(stage, sends);
  const recipients = Math.ceil((FLOOD * sends) / POSTS_EACH);
  const before = await countSent(stage.provider, 'whatsapp', 0);
  const told = await notify(stage.client, 'whatsapp', recipients);
  await countSent(stage.provider, 'whatsapp', before + recipients);
  const { posts } = planFlood(stage.provider, told, recipients);

  const startedAt = performance.now();
  const pouring = pour(floodUrl(stage.url), posts, { perSecond: FLOOD * base, inFlight: 48 });
  const flooded = await timeSends(stage, sends);
  const answers = await pouring;
  const callbacks = (posts.length * 1_000) / (performance.now() - startedAt);
  const wrong = answers.filter((status, index) => status !== (posts[index]?.isForged ? 401 : 200)).length;
  if (wrong > 0) throw new Error(`${wrong} callbacks were answered wrongly`);
  return { base, flooded, callbacks };
}

/** So many a second, from the request until the provider has the last one. */
async function timeSends({ provider, client }: Stage, sends: number): Promise<number> {
  const before = await countSent(provider, 'twilio', 0);
  const startedAt = performance.now();
  await notify(client, 'sms', sends);
  await countSent(provider, 'twilio', before + sends);
  return (sends * 1_000) / (performance.now() - startedAt);
}

async function notify(client: Client, channel: 'whatsapp' | 'sms', count: number): Promise<string> {
  const message = { type: 'text', value: 'Lunch is ready' } as const;
  const job = await client.notifyV2({ botId, body: { channel, message, identities: phones(count, '4915') } });
  return /ds-[0-9a-f-]{36}/.exec(JSON.stringify(job))?.[0] ?? '';
}

/** How many the provider has taken, once they are at least so many. */
async function countSent({ urls }: Provider, provider: 'whatsapp' | 'twilio', atLeast: number): Promise<number> {
  const query = `provider=${provider}&atLeast=${atLeast}&timeoutMs=60000`;
  const response = await fetch(`${urls.base}/control/ledger/counts?${query}`);
  const counts: { readonly total: number } = JSON.parse(await response.text());
  if (counts.total < atLeast) throw new Error(`${provider} has ${counts.total} of ${atLeast} after a minute`);
  return counts.total;
}

function report(name: string, rounds: readonly Round[]): void {
  const [base, flooded, callbacks] = [
    rounds.map((round) => round.base),
    rounds.map((round) => round.flooded),
    rounds.map((round) => round.callbacks),
  ].map((figures) => String(Math.round(median(figures))));
  const ratio = median(rounds.map((round) => round.flooded / round.base)).toFixed(2);
  const cells = [name.padEnd(16), base?.padStart(6), flooded?.padStart(9), callbacks?.padStart(11), ratio.padStart(7)];
  console.log(cells.join(' '));
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0;
}
