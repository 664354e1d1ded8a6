import { lookup as lookUpName } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, isIP, type LookupFunction, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../model/clock.ts';
import type { NetworkPolicy } from './addresses.ts';
import { GuardRefusal, refuseHost, refusePeer, refuseProtocol } from './guard.ts';
import { WireFailure } from './outbound-failure.ts';

/** All addresses of a host name; rejects when there are none. */
export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>;

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

export const resolveBySystem: Resolve = (host) => lookUpName(host, { all: true });

export interface ConnectOptions {
  readonly policy: NetworkPolicy;
  readonly resolve: Resolve;
  readonly clock: Clock;
  /** For name, connection and handshake together. */
  readonly connectTimeoutMs: number;
}

export interface ConnectTarget {
  /** `http:` or `https:`; the latter speaks TLS from the first byte. */
  readonly protocol: string;
  /** An address of IPv6 may stand in brackets. */
  readonly hostname: string;
  /** Empty: the protocol's own. */
  readonly port: string;
}

/**
 * Opens a socket; rejects with a `GuardRefusal`, or with what went wrong, or when `signal` is aborted meanwhile. With
 * `onRead` all that comes goes there, by way of its buffer where that is possible; without, the socket is a stream.
 */
export type OpenSocket = (signal: AbortSignal, onRead?: OnReadOpts) => Promise<Socket>;

const KEEP_ALIVE_DELAY_MS = 60_000;
const ignore = () => {};

/**
 * Opens sockets to one origin, and only where the policy allows. Judged are the host as written, every address it
 * resolves to, and the peer of the open socket before a byte is written, TLS included. What was judged is what is
 * connected to, so a name that changes its answer between check and connect gains nothing.
 */
export function guardedOpener({ protocol, hostname, port }: ConnectTarget, options: ConnectOptions): OpenSocket {
  const { policy, resolve, clock, connectTimeoutMs } = options;
  const lookup = guardedLookup(resolve, policy);
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  const isSecure = protocol === 'https:';
  /** Spares the next connection half of its handshake. */
  let session: Buffer | undefined;

  return async (signal, onRead) => {
    const refusal = refuseProtocol(protocol) ?? refuseHost(hostname, policy);
    if (refusal !== null) throw new GuardRefusal(refusal);
    const tcp = connect({
      host,
      port: Number(port || (isSecure ? 443 : 80)),
      lookup,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
      signal,
      ...(!isSecure && onRead !== undefined && { onread: onRead }),
    });
    // Whoever waits for a moment hears of errors until then; between two moments somebody has to.
    tcp.on('error', ignore);
    let latest: Socket = tcp;
    const cancel = clock.after(connectTimeoutMs, () => latest.destroy(new WireFailure('no connection in time', true)));
    try {
      await once(tcp, 'connect');
      const refusal = refusePeer(tcp.remoteAddress ?? 'a closed socket', hostname, policy);
      if (refusal !== null) throw new GuardRefusal(refusal);
      if (!isSecure) return tcp;
      const secure = connectTls({
        socket: tcp,
        host,
        ALPNProtocols: ['http/1.1'],
        // An address has no name to ask for, and none to be found in the certificate but itself.
        ...(isIP(host) === 0 && { servername: host.replace(/\.$/, '') }),
        ...(session !== undefined && { session }),
      });
      latest = secure.on('error', ignore).on('session', (next) => {
        session = next;
      });
      await once(secure, 'secureConnect');
      if (onRead !== undefined) secure.on('data', (chunk) => onRead.callback(chunk.length, chunk));
      return secure;
    } catch (error) {
      tcp.destroy();
      throw error;
    } finally {
      cancel();
    }
  };
}

/** One refused address among the answers refuses them all: no provider has such a name. */
function guardedLookup(resolve: Resolve, policy: NetworkPolicy): LookupFunction {
  return (host, options, callback) => {
    resolve(host).then(
      (answers) => {
        const refusal = answers.map(({ address }) => refusePeer(address, host, policy)).find((sentence) => sentence);
        const [first] = answers;
        if (refusal) callback(new GuardRefusal(refusal), '', 0);
        else if (first === undefined) callback(new Error('the name has no address'), '', 0);
        else if (options.all === true) callback(null, [...answers]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), '', 0),
    );
  };
}
