import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, createClient } from '../../src/client/client.ts';
import type { Notification } from '../../src/client/documents.ts';
import { botIdOf, openHookStage } from '../support/hook-stage.ts';
import { residentMb } from '../support/resident-memory.ts';
import { runCli, startCli } from '../support/run-cli.ts';

export interface Figures {
  readonly recipients: number;
  /** From the first chunk to the seal. */
  readonly uploadSeconds: number;
  /** From the seal to the last end, the pause left out. */
  readonly deliverySeconds: number;
  /** Of the server, while it received; and at any time. */
  readonly uploadMb: number;
  readonly peakMb: number;
  readonly looks: number;
  readonly delivered: number;
  readonly exported: number;
  /** What was wrong at a look; empty: nothing ever. */
  readonly findings: readonly string[];
}

/** One in so many is refused, and taken when it is tried again. */
const REFUSED_EVERY = 1_000;
const LOOK_MS = 250;

/**
 * A file of recipients is sent by the command line through a real server, paused and resumed half-way, and exported. At
 * every look the totals have to add up and to go one way, and nobody is sent anything while it stands still.
 */
export async function sendMany(recipients: number): Promise<Figures> {
  const sink = await openSink();
  const stage = await openHookStage({ bots: ['ann'], urls: { ann: sink.url }, concurrency: 64 });
  try {
    const server = await stage.start(['--database', `sqlite:${join(stage.folder, 'beckon.db')}`]);
    const client = createClient({ url: server.url, token: stage.token });
    const target = ['--url', server.url, '--token', stage.token, '--bot', botIdOf('ann')];
    const watch = new Watch(client, server.pid, recipients);
    const file = join(stage.folder, 'people.csv');
    await pipeline(Readable.from(rowsOf(recipients)), createWriteStream(file));

    const startedAt = performance.now();
    const words = ['--channel', 'ivr', '--instance', 'Hook', '--text', 'Hello {name}'];
    const sending = startCli(['send', '--audience', file, ...words, ...target]);
    const ended = once(sending, 'close');
    const key = { botId: botIdOf('ann'), notificationId: await idSaidBy(sending.stderr) };
    await watch.until(key, () => sending.exitCode !== null);
    await ended;
    const sealedAt = performance.now();
    watch.isSealed = true;
    const uploadMb = watch.peakMb;

    await watch.until(key, ({ counts }) => counts.total - counts.pending >= recipients / 10);
    const pausedAt = performance.now();
    await client.pause(key);
    await watch.until(key, async () => (await client.pause(key)).inFlight === 0);
    const before = sink.count();
    await watch.look(key);
    await pause(1_000);
    if (sink.count() !== before) watch.findings.push(`${sink.count() - before} were sent while it was paused`);
    await client.resume(key);
    const pausedMs = performance.now() - pausedAt;

    const done = await watch.until(key, ({ finishedAt }) => finishedAt !== null);
    const deliveryMs = performance.now() - sealedAt - pausedMs;
    const csv = join(stage.folder, 'all.csv');
    const exporting = await runCli(['recipients', 'export', key.notificationId, csv, ...target]);
    if (exporting.code !== 0) watch.findings.push(`the export ended with ${exporting.code}: ${exporting.stderr}`);
    watch.sample();
    return {
      recipients,
      uploadSeconds: (sealedAt - startedAt) / 1_000,
      deliverySeconds: deliveryMs / 1_000,
      uploadMb,
      peakMb: watch.peakMb,
      looks: watch.looks,
      delivered: done.counts.delivered,
      exported: (await countLines(csv)) - 1,
      findings: watch.findings,
    };
  } finally {
    await stage.close();
    sink.close();
  }
}

interface Key {
  readonly botId: string;
  readonly notificationId: string;
}

class Watch {
  readonly findings: string[] = [];
  looks = 0;
  peakMb = 0;
  isSealed = false;
  readonly #client: Client;
  readonly #pid: number;
  readonly #recipients: number;
  #total = 0;
  #final = 0;

  constructor(client: Client, pid: number, recipients: number) {
    this.#client = client;
    this.#pid = pid;
    this.#recipients = recipients;
  }

  async until(key: Key, isOver: (seen: Notification) => boolean | Promise<boolean>): Promise<Notification> {
    for (;;) {
      const seen = await this.look(key);
      if (await isOver(seen)) return seen;
      await pause(LOOK_MS);
    }
  }

  async look(key: Key): Promise<Notification> {
    const seen = await this.#client.notification(key);
    const { total, pending, delivered, failed, suppressed, expired, cancelled, unknown } = seen.counts;
    const final = delivered + failed + suppressed + expired + cancelled + unknown;
    if (total !== pending + final) this.findings.push(`${total} is not ${pending} + ${final}`);
    if (total < this.#total) this.findings.push(`the total went from ${this.#total} to ${total}`);
    if (final < this.#final) this.findings.push(`those who have ended went from ${this.#final} to ${final}`);
    if (seen.state === 'receiving' && final > 0) this.findings.push(`${final} ended before the seal`);
    if (this.isSealed && total !== this.#recipients) this.findings.push(`sealed with ${total}`);
    this.#total = total;
    this.#final = final;
    this.looks += 1;
    this.sample();
    return seen;
  }

  sample(): void {
    this.peakMb = Math.max(this.peakMb, residentMb(this.#pid));
  }
}

function* rowsOf(count: number): Generator<string> {
  yield 'identity,name\n';
  for (let index = 0; index < count; index += 1) yield `person-${index}@example.com,Person ${index}\n`;
}

async function idSaidBy(stderr: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input: stderr });
  for await (const line of lines) {
    const id = /ds-[0-9a-f-]{36}/.exec(line)?.[0];
    if (id === undefined) continue;
    // What is still said has to go somewhere, or the program would wait.
    stderr.resume();
    return id;
  }
  throw new Error('the program said no id');
}

async function countLines(path: string): Promise<number> {
  let lines = 0;
  for await (const _ of createInterface({ input: createReadStream(path) })) lines += 1;
  return lines;
}

/** Takes everything, but for one in a thousand. */
async function openSink() {
  let [seen, taken] = [0, 0];
  const server = createServer((request, response) => {
    request.resume();
    request.once('end', () => {
      seen += 1;
      const isRefused = seen % REFUSED_EVERY === 0;
      if (!isRefused) taken += 1;
      response.writeHead(isRefused ? 422 : 204).end();
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    count: () => taken,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
