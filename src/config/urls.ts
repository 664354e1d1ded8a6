import { BlockList, isIPv4, isIPv6 } from 'node:net';

const PRIVATE_RANGES: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 96, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
];
const PRIVATE_ADDRESSES = new BlockList();
for (const [net, prefix, family] of PRIVATE_RANGES) PRIVATE_ADDRESSES.addSubnet(net, prefix, family);

const PRIVATE_NAME = /(^|\.)(localhost|local|internal|home\.arpa)\.?$/;

/**
 * Why a provider URL is refused, in one sentence; null when it is fine. This reads only what is written: the names'
 * addresses are judged again at every connection.
 */
export function refuseUrl(text: string, allowPrivateNetwork: boolean): string | null {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return 'must be a URL that begins with https:// or http://.';
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or a password.';
  if (allowPrivateNetwork || !isPrivateHost(url.hostname)) return null;
  return `${url.hostname} is on a private network; set allowPrivateNetwork: true on this connection to allow that.`;
}

/** `host` as the URL parser leaves it: every spelling of an IPv4 address is four decimals by then. */
function isPrivateHost(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1');
  if (isIPv4(address)) return PRIVATE_ADDRESSES.check(address, 'ipv4');
  if (isIPv6(address)) return PRIVATE_ADDRESSES.check(address, 'ipv6');
  return PRIVATE_NAME.test(host) || !host.includes('.');
}
