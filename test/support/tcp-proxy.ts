import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Random } from '../../src/model/clock.ts';
import { delay } from './delay.ts';
import { between } from './seed.ts';

/** Stands between a program and its database and misbehaves when told. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that are open now. */
  open(): number;
  /** Resets every open connection; new ones are taken. */
  cut(): void;
  /** From now on, until null is told, every answer is late and some exchanges end the connection. */
  worsen(weather: Weather | null): void;
  /** From now on nothing moves, in no direction, on no connection; all stay open and new ones are taken. */
  freeze(): void;
  /** New connections work again; those that were open while nothing moved are lost, as behind a router that forgot. */
  thaw(): void;
  /** The answer that is next on some connection never arrives: what the client asked for happens, and it is cut. */
  swallowNextAnswer(matching: RegExp): Promise<void>;
  close(): Promise<void>;
}

export interface Weather {
  /** How late answers are, evenly between the two. They stay in order. */
  readonly delayMs: readonly [least: number, most: number];
  /** The share of what is asked upon which the connection is reset: every other one before it has arrived. */
  readonly resetShare: number;
  readonly random: Random;
}

interface Swallow {
  readonly matching: RegExp;
  readonly done: () => void;
}

export async function startTcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let frozen = false;
  let swallow: Swallow | null = null;
  let weather: Weather | null = null;

  const server = createServer((client) => {
    const upstream = connect(target);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    let doomed: Swallow | null = null;
    const answer = inOrder(client);
    client.on('data', (chunk) => {
      if (frozen) return;
      if (weather !== null && weather.random() < weather.resetShare) {
        if (weather.random() < 0.5) return reset(pair);
        doomed = { matching: /./, done: () => {} };
      }
      if (swallow?.matching.test(chunk.toString('latin1'))) {
        doomed = swallow;
        swallow = null;
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (doomed !== null) {
        reset(pair);
        doomed.done();
        doomed = null;
      } else if (!frozen) answer(chunk, weather === null ? 0 : between(weather.random, ...weather.delayMs));
    });
    for (const [one, other] of [pair, [upstream, client] as const]) {
      one.on('error', () => {});
      one.on('close', () => {
        pairs.delete(pair);
        if (!frozen) other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy listens on no port');

  const cut = () => {
    for (const pair of [...pairs]) reset(pair);
  };
  return {
    port: address.port,
    open: () => pairs.size,
    cut,
    worsen: (next) => {
      weather = next;
    },
    freeze: () => {
      frozen = true;
    },
    thaw: () => {
      cut();
      frozen = false;
    },
    swallowNextAnswer: (matching) =>
      new Promise((done) => {
        swallow = { matching, done };
      }),
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Writes each chunk when its delay is over, and none before the one that came before it. */
function inOrder(socket: Socket): (chunk: Buffer, delayMs: number) => void {
  let last: Promise<void> | null = null;
  return (chunk, delayMs) => {
    if (last === null && delayMs === 0) {
      socket.write(chunk);
      return;
    }
    const written = Promise.all([last, delay(delayMs)]).then(() => {
      if (socket.writable) socket.write(chunk);
      if (last === written) last = null;
    });
    last = written;
  };
}

function reset([client, upstream]: readonly [Socket, Socket]): void {
  client.resetAndDestroy();
  upstream.destroy();
}

/** The same database, by way of the proxy. */
export function viaProxy(url: string, proxy: TcpProxy): string {
  const parsed = new URL(url);
  parsed.hostname = '127.0.0.1';
  parsed.port = String(proxy.port);
  return parsed.href;
}
