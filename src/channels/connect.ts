import { lookup as lookUpName } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import type { NetworkPolicy } from './addresses.ts';
import { GuardRefusal, refuseHost, refusePeer, refuseProtocol } from './guard.ts';

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
  readonly connectTimeoutMs: number;
}

/**
 * Opens sockets for undici, and only to where the policy allows. Judged are the host as written, every address it
 * resolves to, and the peer of the open socket before a byte is written, TLS included. What was judged is what is
 * connected to, so a name that changes its answer between check and connect gains nothing.
 */
export function guardedConnector({ policy, resolve, connectTimeoutMs }: ConnectOptions): buildConnector.connector {
  const openTcp = buildConnector({ timeout: connectTimeoutMs, lookup: guardedLookup(resolve, policy), port: 0 });
  const openTls = buildConnector({ timeout: connectTimeoutMs, allowH2: false, port: 0 });

  return (options, callback) => {
    const { protocol, hostname } = options;
    const refuse = (refusal: string) => callback(new GuardRefusal(refusal), null);

    const refusal = refuseProtocol(protocol) ?? refuseHost(hostname, policy);
    if (refusal !== null) return queueMicrotask(() => refuse(refusal));

    openTcp({ protocol: 'http:', hostname, port: options.port || defaultPort(protocol) }, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      const refusal = refusePeer(socket.remoteAddress ?? 'a closed socket', hostname, policy);
      if (refusal !== null) {
        socket.destroy();
        return refuse(refusal);
      }
      if (protocol === 'http:') return callback(null, socket);
      openTls({ ...options, httpSocket: socket }, callback);
    });
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

const defaultPort = (protocol: string): string => (protocol === 'https:' ? '443' : '80');
