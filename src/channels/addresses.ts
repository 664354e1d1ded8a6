import { BlockList, isIP } from 'node:net';

/** Which addresses a connection may reach. `exempt` lists networks the operator opened by name, whatever their range. */
export interface NetworkPolicy {
  readonly allowPrivateNetwork: boolean;
  readonly exempt?: BlockList;
}

/**
 * Never a provider, with `allowPrivateNetwork` or without: cloud metadata services, link-local, multicast, broadcast
 * and the unspecified address (which reaches the machine itself).
 */
const FORBIDDEN = networks([
  '0.0.0.0/8',
  '169.254.0.0/16',
  '100.100.100.200/32', // Alibaba metadata
  '168.63.129.16/32', // Azure wire server: a public address with a private service
  '192.0.0.192/32', // Oracle metadata
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  'fd00:ec2::254/128', // AWS metadata
  'fd20:ce::254/128', // Google metadata
  'fe80::/10',
  'ff00::/8',
]);

/** Refused unless `allowPrivateNetwork`: what is not the public Internet. */
const PRIVATE_IPV4 = networks([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
]);

/**
 * Listed from the other side: all but 2000::/3 falls under the first three rules (::1, IPv4-compatible and -mapped,
 * NAT64, ULA, site-local). A list of its own, because `::/3` holds the mapped addresses and hence every IPv4 one.
 */
const PRIVATE_IPV6 = networks([
  '::/3',
  '4000::/2',
  '8000::/1',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16', // 6to4
  '3fff::/20',
]);

/** Why an IP address may not be reached, as the end of a sentence; null when it may. Anything but an address is refused. */
export function refuseAddress(address: string, policy: NetworkPolicy): string | null {
  const family = familyOf(address);
  if (family === null) return 'is not an IP address';
  if (policy.exempt?.check(address, family) === true) return null;
  if (FORBIDDEN.check(address, family)) return 'is reserved and never a provider';
  if (policy.allowPrivateNetwork) return null;
  if (!(family === 'ipv4' ? PRIVATE_IPV4 : PRIVATE_IPV6).check(address, family)) return null;
  return 'is on a private network; set allowPrivateNetwork: true on this connection if that is meant';
}

/** Networks in CIDR notation, `10.0.0.0/8`. Throws a sentence for anything else. */
export function networks(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', prefix = ''] = cidr.split('/');
    const family = familyOf(address);
    if (family === null || !/^\d{1,3}$/.test(prefix)) throw new Error(`${cidr} is not a network such as 10.0.0.0/8.`);
    list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

function familyOf(address: string): 'ipv4' | 'ipv6' | null {
  const version = isIP(address);
  if (version === 4) return 'ipv4';
  return version === 6 ? 'ipv6' : null;
}
