import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '../../src/client/client.ts';
import { botIdOf, openHookStage } from '../support/hook-stage.ts';
import { residentMb } from '../support/resident-memory.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { openSink } from './sink.ts';
import { Watch } from './watch.ts';

export interface Figures {
  readonly recipients: number;
  /** From the first chunk to the seal. */
  readonly uploadSeconds: number;
  /** From the seal to the last end before the retry, the pause left out. */
  readonly deliverySeconds: number;
  /** Of the server: before anything, while it received, and at any time. */
  readonly restMb: number;
  readonly uploadMb: number;
  readonly peakMb: number;
  readonly looks: number;
  readonly retried: number;
  readonly delivered: number;
  readonly exported: number;
  /** What was wrong at a look; empty: nothing ever. */
  readonly findings: readonly string[];
}

export interface Run {
  readonly recipients: number;
  /** Absent: a SQLite file. */
  readonly database?: string;
}

const REFUSED_EVERY = 1_000;

/**
 * A file of recipients is sent by the command line through a real server, paused and resumed on its way, retried for
 * those who failed, and exported. At every look the totals are right, and nobody is sent anything while it stands still.
 */
export async function sendMany({ recipients, database }: Run): Promise<Figures> {
  const sink = await openSink({ refusedEvery: REFUSED_EVERY });
  const stage = await openHookStage({ bots: ['ann'], urls: { ann: sink.url }, concurrency: 64 });
  try {
    // A first start from sources has Node's compiler in memory as well, which a package never has.
    await (await stage.start(['--database', 'sqlite::memory:'])).stop();
    const server = await stage.start(['--database', database ?? `sqlite:${join(stage.folder, 'beckon.db')}`]);
    const restMb = residentMb(server.pid);
    const botId = botIdOf('ann');
    const client = createClient({ url: server.url, token: stage.token });
    await client.templates.put({ botId, name: 'welcome', definition: WELCOME });
    const target = ['--url', server.url, '--token', stage.token, '--bot', botId];
    const file = join(stage.folder, 'people.csv');
    await pipeline(Readable.from(rowsOf(recipients)), createWriteStream(file));

    const startedAt = performance.now();
    const words = ['--channel', 'ivr', '--instance', 'Hook', '--template', 'welcome'];
    const sending = startCli(['send', '--audience', file, ...words, ...target]);
    const ended = once(sending, 'close');
    const said = await untilIdIsSaid(sending.stderr);
    const key = { botId, notificationId: said.id };
    const watch = new Watch(client, key, server.pid, recipients);
    await watch.until(() => sending.exitCode !== null);
    const [code] = await ended;
    const sealedAt = performance.now();
    watch.noteSealed();
    const uploadMb = watch.peakMb;
    const progress = said.countProgress();
    if (code !== 0 || progress === 0)
      watch.findings.push(`the upload ended with ${code}, ${progress} lines of progress`);

    await watch.until(({ counts }) => counts.total - counts.pending >= recipients / 10);
    const pausedAt = performance.now();
    await client.pause(key);
    await watch.until(async () => (await client.pause(key)).inFlight === 0);
    const before = sink.count();
    await watch.look();
    await pause(1_000);
    if (sink.count() !== before) watch.findings.push(`${sink.count() - before} were sent while it was paused`);
    await client.resume(key);
    const pausedMs = performance.now() - pausedAt;
    await watch.until(({ finishedAt }) => finishedAt !== null);
    const deliveryMs = performance.now() - sealedAt - pausedMs;

    sink.mend();
    const failed = await runCli([
      'recipients',
      'export',
      key.notificationId,
      join(stage.folder, 'failed.csv'),
      '--state',
      'failed',
      ...target,
    ]);
    watch.noteRetry();
    const { retried } = await client.retry({ ...key, body: {} });
    const done = await watch.until(({ counts }) => counts.delivered === recipients || counts.pending === 0);

    const exporting = await runCli([
      'recipients',
      'export',
      key.notificationId,
      join(stage.folder, 'all.csv'),
      ...target,
    ]);
    watch.sample();
    for (const { code, stderr } of [failed, exporting])
      if (code !== 0) watch.findings.push(`an export ended with ${code}: ${stderr}`);
    if (sink.countWrong() > 0) watch.findings.push(`${sink.countWrong()} were sent the wrong words`);
    if (sink.count() !== recipients) watch.findings.push(`${sink.count()} messages were taken`);
    return {
      recipients,
      uploadSeconds: seconds(sealedAt - startedAt),
      deliverySeconds: seconds(deliveryMs),
      restMb,
      uploadMb,
      peakMb: watch.peakMb,
      looks: watch.looks,
      retried,
      delivered: done.counts.delivered,
      exported: (await countLines(join(stage.folder, 'all.csv'))) - 1,
      findings: watch.findings,
    };
  } finally {
    await stage.close();
    sink.close();
  }
}

const WELCOME = {
  parameters: { name: { type: 'string' } },
  variants: { en: { message: { type: 'text', val: 'Hello {name}' } } },
  default: 'en',
} as const;

function* rowsOf(count: number): Generator<string> {
  yield 'identity,name\n';
  for (let index = 0; index < count; index += 1) yield `person-${index}@example.com,Person ${index}\n`;
}

/** What is still said is read on, or the program would wait. */
async function untilIdIsSaid(stderr: NodeJS.ReadableStream) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let progress = 0;
  createInterface({ input: stderr })
    .on('line', (line) => {
      const id = /ds-[0-9a-f-]{36}/.exec(line)?.[0];
      if (id !== undefined) resolve(id);
      if (line.startsWith('Uploading: ')) progress += 1;
    })
    .on('close', () => reject(new Error('the program said no id')));
  return { id: await promise, countProgress: () => progress };
}

async function countLines(path: string): Promise<number> {
  let lines = 0;
  for await (const _ of createInterface({ input: createReadStream(path) })) lines += 1;
  return lines;
}

const seconds = (ms: number): number => Math.round(ms / 100) / 10;
