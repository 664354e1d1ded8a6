import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { ChannelSession, ChannelTools } from '../../src/channels/contract.ts';
import { ivr } from '../../src/channels/ivr.ts';
import { createOutbound } from '../../src/channels/outbound-http.ts';
import { serveScript } from '../../src/channels/scripted-server.ts';
import type { Connection } from '../../src/model/tenancy.ts';
import { type BrokenStage, CHANNELS, openBrokenStage } from '../support/broken-stage.ts';
import { delay, patience } from '../support/delay.ts';
import { openEngineRig } from '../support/engine-rig.ts';
import type { Fault, Finding } from './fault.ts';

/** Through a server that has no deadline for a send as a whole. */
const UNTIRING = fileURLToPath(new URL('../support/untiring-server.ts', import.meta.url));

export const trickledAnswers: Fault = {
  id: 'F14',
  title: 'answers that trickle, and informational ones without end',
  isPatient: true,
  run: () => trickle(),
  control: () => trickle(UNTIRING),
};

/** What is said first, and then again and again: often enough that no limit of silence is ever reached. */
const TRICKLES: readonly (readonly [name: string, head: string, drop: string])[] = [
  ['a body', 'HTTP/1.1 200 X\r\ncontent-length: 99999\r\n\r\n', ' '],
  ['chunks', 'HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\n \r\n'],
  ['an answer until the connection ends', 'HTTP/1.1 200 X\r\n\r\n', ' '],
  ['102 without end', '', 'HTTP/1.1 102 X\r\n\r\n'],
  ['103 without end', '', 'HTTP/1.1 103 X\r\nlink: y\r\n\r\n'],
  ['headers', 'HTTP/1.1 200 X\r\nx-a: ', 'x'],
];

const EVERY_MS = 300;
const DEADLINE_MS = 15_000;
const SLACK_MS = 1_000;
/** Of silence, which the headers that are not all there count as. */
const HEADERS_MS = 10_000;

/** How long each is listened to, and what is then said of its recipient. */
async function trickle(script?: string): Promise<Finding> {
  const heard: { readonly name: string; readonly ms: number }[] = [];
  const stage = await openBrokenStage({
    people: TRICKLES.length,
    concurrency: TRICKLES.length,
    answer({ socket, seq }) {
      const [name = '', head = '', drop = ''] = TRICKLES[seq] ?? [];
      const startedAt = performance.now();
      dripInto(socket, head, drop);
      socket.once('close', () => heard.push({ name, ms: performance.now() - startedAt }));
    },
  });
  try {
    const server = await stage.start(['--database', 'sqlite::memory:', '--log-level', 'warn'], script);
    const ids = await Promise.all(CHANNELS.map((channel) => stage.send(server.url, channel, TRICKLES.length)));
    const given = TRICKLES.length * CHANNELS.length;
    const givenUpAt = performance.now() + DEADLINE_MS + 4 * SLACK_MS;
    while (heard.length < given && performance.now() < givenUpAt) await delay(50);
    const states = await Promise.all(ids.map((id) => statesOf(stage, server.url, id)));
    const others = states.flat().filter((state) => state !== 'unknown provider_timeout').length;
    const inTime = heard.filter(({ name, ms }) => Math.abs(ms - deadlineOf(name)) <= SLACK_MS);
    const times = TRICKLES.map(([name]) => `${name} ${span(heard.filter((one) => one.name === name))}`).join(', ');
    return {
      figure: `${given} trickled answers (${TRICKLES.length} kinds, ${CHANNELS.length} channels), cut after: ${times}; ${given - heard.length} never, ${given - states.flat().length + others} not told as lost to the deadline`,
      bar: 'all cut at 15 s ± 1 (headers that never end at 10 s ± 1), all told as unknown',
      ok: inTime.length === given && states.flat().length === given && others === 0,
    };
  } finally {
    await stage.close();
  }
}

/** Answers a function that tells how often it has dripped. */
function dripInto(socket: Socket, head: string, drop: string, everyMs = EVERY_MS): () => number {
  let drops = 0;
  socket.write(head);
  const timer = setInterval(() => {
    drops += 1;
    socket.write(drop);
  }, everyMs);
  socket.once('close', () => clearInterval(timer));
  return () => drops;
}

const URL_OF_TRICKLES = /POST \/(\d+) /;

/**
 * The same in short, by a clock that moves when told: nothing is cut before its time, all is cut when it comes. What
 * drips, drips for real; time for the limits of silence hardly passes.
 */
export async function trickleByTheClock(): Promise<Finding> {
  const dripping = TRICKLES.map(() => Promise.withResolvers<void>());
  let closed = 0;
  const server = await serveScript((socket, request) => {
    const index = Number(URL_OF_TRICKLES.exec(request)?.[1]);
    const [, head = '', drop = ''] = TRICKLES[index] ?? [];
    const drops = dripInto(socket, head, drop, DRIP_MS);
    const timer = setInterval(() => drops() >= 3 && dripping[index]?.resolve(), DRIP_MS);
    socket.once('close', () => {
      clearInterval(timer);
      closed += 1;
    });
  });
  const outbound = createOutbound();
  const rig = await openEngineRig({
    concurrency: TRICKLES.length,
    channel: {
      addressing: 'identity',
      afterUnknown: 'hold',
      open: (connection, tools) => openHooks(connection, tools),
    },
  });
  const openHooks = (connection: Connection, tools: ChannelTools): ChannelSession => {
    const sessions = TRICKLES.map((_, index) => {
      const settings = { url: `${server.url}/${index}`, secret: `whsec_${'A'.repeat(32)}` };
      return ivr.open({ ...connection, settings, allowPrivateNetwork: true }, { ...tools, outbound });
    });
    return {
      send: (request) => sessions[request.seq]?.send(request) ?? Promise.reject(new Error('nobody')),
      check: async () => ({ ok: true, detail: '' }),
      close: async () => {},
    };
  };
  try {
    const [bot] = rig.bots;
    if (bot === undefined) throw new Error('the rig has no bot');
    const id = await rig.accept(
      bot,
      TRICKLES.map((_, index) => `to ${index}`),
    );
    await rig.engine.start();
    await rig.clock.advance(10);
    await Promise.all(dripping.map(({ promise }) => promise));
    await rig.clock.advance(DEADLINE_MS - 11);
    const early = closed + (await rig.logs(bot, id)).length;
    await rig.clock.advance(1);
    // Unless nothing is cut at all.
    await Promise.race([server.idle(), patience(5_000)]);
    // The outcomes are written together, a moment later.
    await rig.clock.advance(1_000);
    const logs = await rig.logs(bot, id);
    const lost = logs.filter(({ state, reason }) => state === 'unknown' && reason === 'provider_timeout').length;
    return {
      figure: `${TRICKLES.length} kinds of trickled answers: ${early} cut 1 ms before their time, ${closed} when it came, ${lost} told as unknown`,
      bar: '0 before, all when it comes, all unknown',
      ok: early === 0 && closed === TRICKLES.length && lost === TRICKLES.length,
    };
  } finally {
    await rig.close();
    await outbound.close();
    await server.close();
  }
}

const DRIP_MS = 5;

/** What was heard to end may be on its way to the store. */
async function statesOf(stage: BrokenStage, url: string, id: string): Promise<string[]> {
  for (let tries = 0; ; tries += 1) {
    const endings = await stage.endings(url, id);
    if (endings.length === TRICKLES.length || tries === 10) {
      return endings.map(({ state, reason }) => `${state} ${reason}`);
    }
    await delay(100);
  }
}

const deadlineOf = (name: string): number => (name === 'headers' ? HEADERS_MS : DEADLINE_MS);

function span(times: readonly { readonly ms: number }[]): string {
  const seconds = times.map(({ ms }) => ms / 1_000);
  return times.length === 0 ? 'never' : `${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)} s`;
}
