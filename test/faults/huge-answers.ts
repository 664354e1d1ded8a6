import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type BrokenStage, CHANNELS, type ChannelId, openBrokenStage } from '../support/broken-stage.ts';
import { delay } from '../support/delay.ts';
import { percentile } from '../support/percentile.ts';
import { residentMb } from '../support/resident-memory.ts';
import type { Fault, Finding } from './fault.ts';

/** Through a server that reads all there is of an answer, and unpacks it. */
const GULLIBLE = fileURLToPath(new URL('../support/gullible-server.ts', import.meta.url));

export const hugeAnswers: Fault = {
  id: 'F16',
  title: 'huge headers, bodies without end, packed bodies that burst',
  isTimed: true,
  run: () => answerHugely({ rounds: 8 }),
  control: () => answerHugely({ rounds: 1, script: GULLIBLE }),
};

const MB = 1_024 * 1_024;
/** Without an end to who reads it, but not to this test. */
const ENDLESS_MB = 48;
const PACKED = gzipSync(Buffer.alloc(ENDLESS_MB * MB));

const HEAD = 'HTTP/1.1 200 X\r\n';
const CHUNK = `4000\r\n${'x'.repeat(0x4000)}\r\n`;

interface HugeAnswer {
  readonly name: string;
  readonly say: (socket: Socket) => void;
  /** The message may be out: on a provider that promises a body, or on any. */
  readonly unknownOn: 'bodies' | 'all';
}

/** Nothing to be cut off: packed it is short. */
const BURSTING: HugeAnswer = {
  name: 'a body that bursts',
  say(socket) {
    socket.write(`${HEAD}content-encoding: gzip\r\ncontent-length: ${PACKED.length}\r\n\r\n`);
    socket.write(PACKED);
  },
  unknownOn: 'bodies',
};

const ANSWERS: readonly HugeAnswer[] = [
  {
    name: 'a header of 1 MB',
    say: (socket) => socket.write(`${HEAD}x-a: ${'x'.repeat(MB)}\r\n\r\n`),
    unknownOn: 'all',
  },
  { name: 'headers without end', say: pour(HEAD, `x-a: ${'x'.repeat(1_000)}\r\n`), unknownOn: 'all' },
  { name: 'a body without end', say: pour(`${HEAD}\r\n`, 'x'.repeat(0x4000)), unknownOn: 'bodies' },
  { name: 'chunks without end', say: pour(`${HEAD}transfer-encoding: chunked\r\n\r\n`, CHUNK), unknownOn: 'bodies' },
  BURSTING,
];

/** Every huge answer has two good ones beside it, or the breaker would rightly think that the provider is down. */
const EACH = 3;
const CONCURRENCY = 4;
const CROWD = CONCURRENCY * CHANNELS.length;

interface HugeOptions {
  /** How often each is given alone, and how often all to everybody at a time. */
  readonly rounds: number;
  readonly script?: string;
}

/** What huge answers cost: time until they are cut off, and memory. Told are they as any that makes no sense. */
export async function answerHugely({ rounds, script }: HugeOptions): Promise<Finding> {
  const people = ANSWERS.length * EACH;
  const times: number[] = [];
  let mode: 'good' | 'crowd' | HugeAnswer = 'good';
  const hugeAt = (seq: number): HugeAnswer | undefined => {
    if (typeof mode === 'object') return mode;
    return mode === 'crowd' && seq % EACH === 0 ? ANSWERS[seq / EACH] : undefined;
  };
  const stage = await openBrokenStage({
    people,
    concurrency: CONCURRENCY,
    answer({ socket, seq, good }) {
      const huge = hugeAt(seq);
      if (huge === undefined) {
        socket.write(good);
        return;
      }
      const startedAt = performance.now();
      huge.say(socket);
      if (typeof mode === 'object' && huge !== BURSTING) {
        socket.once('close', () => times.push(performance.now() - startedAt));
      }
    },
  });
  try {
    const server = await stage.start(['--database', 'sqlite::memory:', '--log-level', 'warn'], script);
    const memory = watchMemory(server.pid);
    const toAll = () => Promise.all(CHANNELS.map((channel) => sendAll(stage, server.url, channel, people)));
    const grown = async (work: () => Promise<void>) => {
      const before = memory.peak();
      await work();
      return memory.peak() - before;
    };
    // What a server of this age has grown to anyway.
    for (let before = 0; before < rounds; before += 1) await toAll();
    const oneByOne = async () => {
      for (let round = 0; round < rounds; round += 1) {
        for (const huge of ANSWERS) {
          for (const next of [huge, 'good'] as const) {
            mode = next;
            await sendAll(stage, server.url, 'ivr', 1);
          }
        }
      }
    };
    const aloneMb = await grown(oneByOne);
    const againMb = await grown(oneByOne);
    const wrong: string[] = [];
    const crowdMb = await grown(async () => {
      mode = 'crowd';
      for (let round = 0; round < rounds; round += 1) {
        const states = await toAll();
        wrong.push(...CHANNELS.flatMap((channel, index) => judge(channel, states[index] ?? [], people)));
      }
    });
    memory.stop();
    const isLong = rounds > 1;
    const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)];
    return {
      figure: `${ANSWERS.length} huge answers of up to ${ENDLESS_MB} MB, ${rounds} times: alone cut after ${Math.round(p50)} ms (p50), ${Math.round(p99)} ms (p99), memory +${aloneMb} MB, and +${againMb} MB the second time; ${CROWD} at a time on ${CHANNELS.length} channels memory +${crowdMb} MB; ${wrong.length} told wrongly ${wrong.slice(0, 3).join('; ')}`,
      bar: `${CROWD} at a time ≤ +5 MB each, 0 told wrongly${isLong ? '; alone p50 ≤ 100 ms and ≤ +5 MB the second time' : ''}`,
      ok: wrong.length === 0 && crowdMb <= 5 * CROWD && (!isLong || (p50 <= 100 && againMb <= 5)),
    };
  } finally {
    await stage.close();
  }
}

function judge(channel: ChannelId, states: readonly string[], people: number): string[] {
  const wrong: string[] = [];
  for (let seq = 0; seq < people; seq += 1) {
    const huge = seq % EACH === 0 ? ANSWERS[seq / EACH] : undefined;
    const isByStatus = channel === 'ivr' || channel === 'webpush';
    const isUnknown = huge !== undefined && (huge.unknownOn === 'all' || !isByStatus);
    const wanted = isUnknown ? 'unknown' : 'delivered';
    const state = states[seq] ?? 'pending';
    if (state !== wanted) wrong.push(`${channel}, ${huge?.name ?? 'a good one'}: ${state}`);
  }
  return wrong;
}

/** As much as the reader takes. */
function pour(head: string, block: string): HugeAnswer['say'] {
  return (socket) => {
    let left = (ENDLESS_MB * MB) / block.length;
    socket.write(head);
    const go = () => {
      while (left > 0 && !socket.destroyed) {
        left -= 1;
        if (!socket.write(block)) return;
      }
      if (left <= 0) socket.end();
    };
    socket.on('drain', go);
    go();
  };
}

/** The state of each, by seq, when all are over or none has been for too long. */
async function sendAll(stage: BrokenStage, url: string, channel: ChannelId, people: number): Promise<string[]> {
  const id = await stage.send(url, channel, people);
  const states: string[] = [];
  for (let movedAt = performance.now(), over = 0; over < people && performance.now() - movedAt < PATIENCE_MS; ) {
    await delay(10);
    const endings = await stage.endings(url, id);
    if (endings.length > over) movedAt = performance.now();
    over = endings.length;
    for (const { seq, state } of endings) states[seq] = state;
  }
  return states;
}

const PATIENCE_MS = 20_000;

function watchMemory(pid: number) {
  let peakMb = 0;
  const look = () => {
    peakMb = Math.max(peakMb, residentMb(pid));
  };
  const timer = setInterval(look, 10);
  return {
    peak() {
      look();
      return peakMb;
    },
    stop: () => clearInterval(timer),
  };
}
