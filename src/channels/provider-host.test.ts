import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { systemClock } from '../model/clock.ts';
import type { Outbound, OutboundCall, OutboundResult } from './outbound.ts';
import { createOutbound, type OutboundOptions } from './outbound-http.ts';
import { rawAnswer, type Script, type ScriptedServer, serveScript } from './scripted-server.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const resource of open.splice(0)) await resource.close();
});

/** What a server says besides a good answer, after which no other request may go to that connection. */
const LAST_WORDS: readonly (readonly [name: string, script: Script])[] = [
  ['connection: close', (socket) => socket.write(rawAnswer(200, 'ok', { connection: 'close' }))],
  ['a second answer', (socket) => socket.write(rawAnswer(200, 'ok') + rawAnswer(200, 'ok'))],
  ['a byte too many', (socket) => socket.write(`${rawAnswer(200, 'ok')}!`)],
  ['an end', (socket) => socket.end(rawAnswer(200, 'ok'))],
  ['an answer that only the end of the connection ends', (socket) => socket.end('HTTP/1.1 200 X\r\n\r\nok')],
  ['HTTP/1.0', (socket) => socket.write(rawAnswer(200, 'ok').replace('1.1', '1.0'))],
  ['that it keeps nobody', (socket) => socket.write(rawAnswer(200, 'ok', { 'keep-alive': 'timeout=1' }))],
];

describe('A connection carries no other request after', () => {
  for (const [name, script] of LAST_WORDS) {
    test(name, async () => {
      const { server, outbound } = await stage(script);
      for (let round = 0; round < 3; round += 1) assert.equal(bodyOf(await call(outbound, server)), 'ok');
      assert.equal(server.connections, 3);
    });
  }

  test('a word nobody asked for', async () => {
    let socket: Socket | null = null;
    const { server, outbound } = await stage((current) => {
      socket = current;
      current.write(rawAnswer(200, 'ok'));
    });
    await call(outbound, server);
    (socket as Socket | null)?.write('HTTP/1.1 408 X\r\ncontent-length: 0\r\n\r\n');
    await server.idle();
    assert.equal(bodyOf(await call(outbound, server)), 'ok');
    assert.equal(server.connections, 2);
  });

  test('an answer to half a request', async () => {
    const deaf: Socket[] = [];
    const { server, outbound } = await stage(
      (socket) => socket.write(rawAnswer(200, 'ok')),
      (socket) => {
        deaf.push(socket.pause());
        socket.write(rawAnswer(413, 'too long'));
      },
    );
    assert.equal(bodyOf(await call(outbound, server, { body: 'x'.repeat(16 * 1024 * 1024) })), 'too long');
    for (const socket of deaf) socket.resume();
    await server.idle();
    assert.equal(server.requests.length, 0);
  });
});

describe('An idle connection', () => {
  /** Calls, and again after each pause; says how many connections that took. */
  async function callAfter(answer: string, pauses: readonly number[]): Promise<number> {
    let now = 0;
    const clock = { ...systemClock, monotonic: () => now };
    const { server, outbound } = await stage((socket) => socket.write(answer), undefined, { clock });
    await call(outbound, server);
    for (const pause of pauses) {
      await restOfConnections();
      now += pause;
      await call(outbound, server);
    }
    return server.connections;
  }

  test('is used for four seconds, and not after', async () => {
    const answer = rawAnswer(200, 'ok');
    assert.deepEqual([await callAfter(answer, [3_999, 3_999]), await callAfter(answer, [3_999, 4_000])], [1, 2]);
  });

  test('is used for as long as the server says, less what the way may take', async () => {
    const answer = rawAnswer(200, 'ok', { 'keep-alive': 'timeout=30' });
    assert.deepEqual([await callAfter(answer, [27_999, 27_999]), await callAfter(answer, [27_999, 28_000])], [1, 2]);
  });

  test('ends by itself when nobody asks', async () => {
    let now = 0;
    const clock = { ...systemClock, monotonic: () => now };
    const options = { bodyIdleTimeoutMs: 50, clock };
    const { server, outbound } = await stage((socket) => socket.write(rawAnswer(200, 'ok')), undefined, options);
    await call(outbound, server);
    now = 4_000;
    await server.idle();
  });
});

test('of those who wait for connections that fail, everybody hears of it, and who comes later is served', async () => {
  let isDown = true;
  const { server, outbound } = await stage((socket) => socket.write(rawAnswer(200, 'ok')), undefined, {
    connectionsPerOrigin: 2,
    resolve: async () => {
      if (isDown) throw Object.assign(new Error('x'), { code: 'EAI_AGAIN' });
      return [{ address: '127.0.0.1', family: 4 }];
    },
  });
  const url = `http://provider.example:${server.port}/`;
  const results = await Promise.all(Array.from({ length: 9 }, () => call(outbound, server, { url })));
  assert.deepEqual(new Set(results.map(({ kind }) => kind)), new Set(['not_sent']));
  isDown = false;
  assert.equal(bodyOf(await call(outbound, server, { url })), 'ok');
});

/** A connection that has answered is free when the event loop has looked at its sockets once more. */
async function restOfConnections(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await setImmediate();
}

async function stage(script: Script, onConnection?: (socket: Socket) => void, options: OutboundOptions = {}) {
  const server = await serveScript(script, '127.0.0.1', 0, onConnection);
  const outbound = createOutbound(options);
  open.push(outbound, server);
  return { server, outbound };
}

function call(outbound: Outbound, server: ScriptedServer, rest: Partial<OutboundCall> = {}): Promise<OutboundResult> {
  const signal = AbortSignal.timeout(5_000);
  const url = `${server.url}/`;
  return outbound.request({ method: 'POST', url, headers: {}, body: '{}', signal, allowPrivateNetwork: true, ...rest });
}

function bodyOf(result: OutboundResult): string {
  return result.kind === 'response' ? result.body : result.detail;
}
