import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rawAnswer } from '../../src/channels/scripted-server.ts';
import { type BrokenStage, CHANNELS, type ChannelId, type Ending, openBrokenStage } from '../support/broken-stage.ts';
import { delay } from '../support/delay.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

/** Through a server that believes the first line of an answer. */
const TRUSTING = fileURLToPath(new URL('../support/trusting-server.ts', import.meta.url));

export const brokenAnswers: Fault = {
  id: 'F15',
  title: 'answers that are broken, each before a good one on the same connection',
  run: (parts) => answerBrokenly({ rounds: 4 }, parts),
  control: (parts) => answerBrokenly({ rounds: 1, script: TRUSTING }, parts),
};

/** What the recipient of such an answer is to be told: `unknown` where the message may be out. */
type State = 'delivered' | 'unknown';

interface BrokenAnswer {
  readonly name: string;
  readonly say: (socket: Socket, good: string) => void;
  readonly state: State;
  /** Of channels whose providers promise a status and nothing more; absent: the same. */
  readonly byStatus?: State;
}

const HEAD = 'HTTP/1.1 200 X\r\n';
const say = (text: string) => (socket: Socket) => socket.write(text, 'latin1');
const end = (text: string) => (socket: Socket) => socket.end(text, 'latin1');
/** The bytes arrive before the reset, which may overtake what is still in the sender's buffers. */
const reset = (text: string) => (socket: Socket) =>
  socket.write(text, 'latin1', () => setImmediate(() => socket.resetAndDestroy()));
const answer = (status: number, body: string, headers = {}) => say(rawAnswer(status, body, headers));
const HTML = '<!doctype html><title>Sign in</title><p>All is well';

const lost = (name: string, sayIt: BrokenAnswer['say']): BrokenAnswer => ({ name, say: sayIt, state: 'unknown' });
/** A whole answer, but not the one that was promised. */
const wrong = (name: string, sayIt: BrokenAnswer['say']): BrokenAnswer => ({
  name,
  say: sayIt,
  state: 'unknown',
  byStatus: 'delivered',
});

const ANSWERS: readonly BrokenAnswer[] = [
  lost('reset without a word', (socket) => socket.resetAndDestroy()),
  lost('close without a word', (socket) => socket.end()),
  lost('reset within the first line', reset('HTTP/1.1 2')),
  lost('reset within the headers', reset(`${HEAD}content-type: appl`)),
  lost('reset before the body', reset(`${HEAD}content-length: 9\r\n\r\n`)),
  lost('reset within the body', reset(`${HEAD}content-length: 9\r\n\r\n{"id"`)),
  lost('less than content-length', end(`${HEAD}content-length: 9\r\n\r\n{"id"`)),
  lost('chunks without an end', end(`${HEAD}transfer-encoding: chunked\r\n\r\n5\r\n{"id"\r\n`)),
  lost('a chunk of no length', say(`${HEAD}transfer-encoding: chunked\r\n\r\nxyz\r\n{"id"\r\n0\r\n\r\n`)),
  lost('a negative length', say(`${HEAD}content-length: -1\r\n\r\n{}`)),
  lost('two lengths', say(`${HEAD}content-length: 2\r\ncontent-length: 3\r\n\r\n{} `)),
  lost(
    'a length and chunks',
    say(`${HEAD}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`),
  ),
  lost('a header without a colon', say(`${HEAD}content-type\r\ncontent-length: 2\r\n\r\n{}`)),
  lost('garbage', end('\x00\x01\xfe\xff hello there\r\n\r\n')),
  lost('HTTP/0.9', end('{"ok":true,"id":"1"}')),
  lost('another protocol', end('220 mail.example ESMTP\r\n')),
  {
    name: 'an unasked 100',
    say: (socket, good) => socket.write(`HTTP/1.1 100 X\r\n\r\n${good}`),
    state: 'delivered',
  },
  lost('an unasked upgrade', say('HTTP/1.1 101 X\r\nupgrade: y\r\nconnection: upgrade\r\n\r\n')),
  wrong('200 with HTML', answer(200, HTML, { 'content-type': 'text/html' })),
  wrong('200 with the wrong JSON', answer(200, '{"status":"fine","result":[]}')),
  wrong('200 with JSON of the wrong kind', answer(200, '[{"ok":true,"id":"1"}]')),
  wrong('200 with half a JSON', answer(200, '{"id":"17000000')),
  wrong('200 with nothing', answer(200, '')),
  wrong('204', say('HTTP/1.1 204 X\r\n\r\n')),
  wrong('200 packed, unasked', (socket, good) => {
    const packed = gzipSync(bodyOf(good));
    socket.write(`${HEAD}content-encoding: gzip\r\ncontent-length: ${packed.length}\r\n\r\n`);
    socket.write(packed);
  }),
  { name: 'the right one and then another', say: (socket, good) => socket.write(good + good), state: 'delivered' },
  { name: 'the right one and then a close', say: (socket, good) => socket.end(good), state: 'delivered' },
  {
    name: 'the right one after two others',
    say: (socket, good) => socket.write(`HTTP/1.1 102 X\r\n\r\nHTTP/1.1 103 X\r\nlink: y\r\n\r\n${good}`),
    state: 'delivered',
  },
];

/** Every broken answer has two good ones behind it, or the breaker would rightly think that the provider is down. */
const EACH = 3;

interface BrokenOptions {
  /** Every answer is given once in each round, in an order of its own. */
  readonly rounds: number;
  readonly script?: string;
}

/** Every answer to every channel, over one connection at a time: what is told of the recipient, and of who came next. */
export async function answerBrokenly({ rounds, script }: BrokenOptions, { random }: FaultParts): Promise<Finding> {
  const people = ANSWERS.length * EACH;
  let order: readonly BrokenAnswer[] = ANSWERS;
  const calls = new Map<string, number>();
  const stage = await openBrokenStage({
    people,
    concurrency: 1,
    answer({ channel, socket, seq, good }) {
      const key = `${channel} ${seq}`;
      calls.set(key, (calls.get(key) ?? 0) + 1);
      const broken = seq % EACH === 0 ? order[seq / EACH] : undefined;
      if (broken === undefined) socket.write(good);
      else broken.say(socket, good);
    },
  });
  try {
    const server = await stage.start(['--database', 'sqlite::memory:', '--log-level', 'warn'], script);
    const faults: string[] = [];
    const sums = { wrongClass: 0, sentForNothing: 0, affected: 0, repeated: 0 };
    for (let round = 0; round < rounds; round += 1) {
      order = ANSWERS.map((broken) => [random(), broken] as const)
        .toSorted(([one], [other]) => one - other)
        .map(([, broken]) => broken);
      calls.clear();
      const endings = await Promise.all(CHANNELS.map((channel) => sendAll(stage, server.url, channel, people)));
      CHANNELS.forEach((channel, index) => {
        for (let seq = 0; seq < people; seq += 1) {
          const broken = seq % EACH === 0 ? order[seq / EACH] : undefined;
          const ending = endings[index]?.find((one) => one.seq === seq);
          const said = ending?.state ?? 'pending';
          const wanted = broken === undefined ? 'delivered' : stateOn(channel, broken);
          const count = calls.get(`${channel} ${seq}`) ?? 0;
          if (count !== 1) sums.repeated += 1;
          if (said === wanted && count === 1) continue;
          if (broken === undefined) sums.affected += 1;
          else if (said === 'delivered') sums.sentForNothing += 1;
          else sums.wrongClass += 1;
          const before = order[Math.floor(seq / EACH)]?.name;
          const name = broken?.name ?? `the next after “${before}”`;
          faults.push(`${channel}, ${name}: ${said} after ${count} calls (${ending?.detail ?? ''})`);
        }
      });
    }
    const given = rounds * ANSWERS.length * CHANNELS.length;
    const shown = faults.slice(0, 5).join('; ');
    return {
      figure: `${given} broken answers (${ANSWERS.length} kinds, ${CHANNELS.length} channels): ${sums.sentForNothing} counted as sent, ${sums.wrongClass} in another wrong class, ${sums.affected} of ${given * (EACH - 1)} next ones affected, ${sums.repeated} not called once${shown === '' ? '' : `: ${shown}`}`,
      bar: '0 counted as sent, 0 in a wrong class, 0 next ones affected',
      ok: faults.length === 0,
    };
  } finally {
    await stage.close();
  }
}

const stateOn = (channel: ChannelId, { state, byStatus = state }: BrokenAnswer): State =>
  channel === 'ivr' || channel === 'webpush' ? byStatus : state;

const bodyOf = (good: string): string => good.slice(good.indexOf('\r\n\r\n') + 4);

/** Until all of them are over, or none has been for too long. */
async function sendAll(stage: BrokenStage, url: string, channel: ChannelId, people: number) {
  const id = await stage.send(url, channel, people);
  let endings: readonly Ending[] = [];
  for (let movedAt = performance.now(); ; await delay(50)) {
    const now = await stage.endings(url, id);
    if (now.length > endings.length) movedAt = performance.now();
    endings = now;
    if (endings.length === people || performance.now() - movedAt > PATIENCE_MS) return endings;
  }
}

/** Longer than a provider that never goes on is waited for. */
const PATIENCE_MS = 20_000;
