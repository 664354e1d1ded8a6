import { isIP } from 'node:net';
import { refuseAddress } from '../addresses.ts';

/**
 * The hosts of Microsoft's connectors, and what lies below them. Shorter than the allow-list of Microsoft's SDK, which
 * also names hosts for files: on some of those anybody can have a name, and this is where the bot's token goes.
 */
const CONNECTOR_HOSTS = [
  'botframework.com',
  'botframework.us',
  'botframework.azure.us',
  'botframework.azure.cn',
  'smba.trafficmanager.net',
  'teams.microsoft.com',
  'teams.microsoft.us',
];

/** The government community cloud's connector, for a refusal that says "another host" and not which. */
const GCC_SERVICE_URL = 'https://smba.infra.gcc.teams.microsoft.com/teams/';

const REMEMBERED = 100;

/**
 * Decides where a person's connector is. Stored references name one, and references can be imported: a URL that is not
 * Microsoft's, nor the configured one's origin, is passed over.
 */
export class ServiceUrls {
  /** The connection's own, ending in a slash. */
  readonly configured: string;
  readonly #origin: string;
  readonly #allowPrivateNetwork: boolean;
  readonly #decided = new Map<string, string | null>();

  constructor(configured: string, allowPrivateNetwork: boolean) {
    const url = new URL(configured);
    this.configured = withSlash(url);
    this.#origin = url.origin;
    this.#allowPrivateNetwork = allowPrivateNetwork;
  }

  /** The proposed URL, ending in a slash, or the configured one when there is none or it is not trusted. */
  choose(proposed: string | undefined): string {
    return proposed === undefined ? this.configured : (this.#trusted(proposed) ?? this.configured);
  }

  isTrusted(proposed: string): boolean {
    return this.#trusted(proposed) !== null;
  }

  /** Where to go when the connector says that the bot belongs on another host; null: nowhere we would trust. */
  moveTo(named: string | null): string | null {
    const trusted = named === null ? null : this.#trusted(named);
    return trusted ?? (isConnector(new URL(this.configured).hostname) ? GCC_SERVICE_URL : null);
  }

  /** The URL ending in a slash; null when a token must not be sent there. */
  #trusted(text: string): string | null {
    const decided = this.#decided.get(text);
    if (decided !== undefined) return decided;
    if (this.#decided.size >= REMEMBERED) this.#decided.clear();
    const url = URL.parse(text);
    const decision = url !== null && this.#isOurs(url) ? withSlash(url) : null;
    this.#decided.set(text, decision);
    return decision;
  }

  #isOurs(url: URL): boolean {
    if (url.username !== '' || url.password !== '') return false;
    if (url.origin === this.#origin) return true;
    if (this.#allowPrivateNetwork && isPrivate(url.hostname)) return true;
    return url.protocol === 'https:' && url.port === '' && isConnector(url.hostname);
  }
}

function isConnector(host: string): boolean {
  return CONNECTOR_HOSTS.some((name) => host === name || host.endsWith(`.${name}`));
}

function isPrivate(host: string): boolean {
  if (host === 'localhost') return true;
  const address = host.replace(/^\[(.*)\]$/, '$1');
  return isIP(address) !== 0 && refuseAddress(address, { allowPrivateNetwork: false }) !== null;
}

function withSlash({ origin, pathname }: URL): string {
  return `${origin}${pathname.replace(/\/+$/, '')}/`;
}
