import { isIP } from 'node:net';
import { type NetworkPolicy, refuseAddress } from './addresses.ts';

/** Our own no to a target. The message is a sentence for a log: it names the host, never a path or a query. */
export class GuardRefusal extends Error {}

const LOCAL_NAME = /(?:^|\.)(?:localhost|local|localdomain|internal|intranet|lan|home\.arpa)$/;
const WEB_PORTS: ReadonlySet<string> = new Set(['', '80', '443']);
const FIRST_UNPRIVILEGED_PORT = 1024;

/**
 * Why a URL may not be called, as far as it can be judged before a connection exists; null when it may. The parser
 * has turned every spelling of an IPv4 address (decimal, hexadecimal, octal, short, full-width) into four decimals.
 */
export function refuseUrl(url: URL, policy: NetworkPolicy): string | null {
  return (
    refuseProtocol(url.protocol) ?? refuseUserInfo(url) ?? refuseHost(url.hostname, policy) ?? refusePort(url, policy)
  );
}

export function refuseProtocol(protocol: string): string | null {
  if (protocol === 'https:' || protocol === 'http:') return null;
  return `Only https and http targets are allowed, not ${protocol.slice(0, 32)}`;
}

/** Judges a host as it is written: an address by its range, a name by what can only be local. */
export function refuseHost(host: string, policy: NetworkPolicy): string | null {
  const bare = host.startsWith('[') ? host.slice(1, -1) : host.replace(/\.$/, '');
  if (isIP(bare) !== 0) return refusePeer(bare, bare, policy);
  if (policy.allowPrivateNetwork || (bare.includes('.') && !LOCAL_NAME.test(bare))) return null;
  return `${bare} is a name of a private network; set allowPrivateNetwork: true on this connection if that is meant.`;
}

/** Judges an address that a host name led to. */
export function refusePeer(address: string, host: string, policy: NetworkPolicy): string | null {
  const reason = refuseAddress(address, policy);
  if (reason === null) return null;
  return `${address === host ? host : `${host} (${address})`} ${reason}.`;
}

function refuseUserInfo(url: URL): string | null {
  if (url.username === '' && url.password === '') return null;
  return `The URL of ${url.host} holds a user name or a password; remove them.`;
}

/** What listens below 1024 besides the web (mail, shells, directories) is nobody's web hook. */
function refusePort({ port, hostname }: URL, policy: NetworkPolicy): string | null {
  if (policy.allowPrivateNetwork || WEB_PORTS.has(port) || Number(port) >= FIRST_UNPRIVILEGED_PORT) return null;
  return `Port ${port} of ${hostname} is not a web port; use 443, 80 or one above 1023.`;
}
