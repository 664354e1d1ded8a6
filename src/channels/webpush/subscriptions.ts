import type { Address, Rejected } from '../../model/outcome.ts';

/** Where one browser is reached, and the keys to encrypt for it. */
export interface Subscription {
  readonly endpoint: string;
  readonly origin: string;
  readonly host: string;
  readonly p256dh: string;
  readonly auth: string;
}

const KEYS = { p256dh: /^[\w+/-]{86,88}=?$/, auth: /^[\w+/-]{22,88}={0,2}$/ };

/** Reads addresses. Anybody can claim any endpoint for their browser, so only the hosts of push services are called. */
export class Subscriptions {
  readonly #names: ReadonlySet<string>;
  readonly #parents: readonly string[];

  /** Host names, `*.parent`, and whole origins. */
  constructor(allowedHosts: readonly string[]) {
    this.#names = new Set(allowedHosts);
    this.#parents = allowedHosts.filter((host) => host.startsWith('*.')).map((host) => host.slice(1));
  }

  read({ channelId, reference }: Address): Subscription | Rejected {
    const { p256dh = '', auth = '' } = reference ?? {};
    const url = URL.parse(channelId);
    if (url === null || !KEYS.p256dh.test(p256dh) || !KEYS.auth.test(auth)) return NO_SUBSCRIPTION;
    if (!this.#isAllowed(url)) return refuseHost(url);
    url.hash = '';
    return { endpoint: url.href, origin: url.origin, host: url.host, p256dh, auth };
  }

  #isAllowed({ origin, protocol, port, hostname, username, password }: URL): boolean {
    if (username !== '' || password !== '') return false;
    if (this.#names.has(origin)) return true;
    if (protocol !== 'https:' || port !== '') return false;
    return this.#names.has(hostname) || this.#parents.some((parent) => hostname.endsWith(parent));
  }
}

/** Also said of keys that are of the right length and still no keys. */
export const NO_SUBSCRIPTION: Rejected = {
  kind: 'rejected',
  scope: 'recipient',
  reason: 'not_associated',
  detail:
    "not a push subscription: the channelId must be its endpoint, the reference must hold the browser's p256dh and auth",
};

function refuseHost({ protocol, host }: URL): Rejected {
  const place = `${protocol}//${host}`.slice(0, 100);
  const detail = `The subscription leads to ${place}, which is none of the connection's allowedHosts.`;
  return { kind: 'rejected', scope: 'recipient', reason: 'url_refused', detail };
}
