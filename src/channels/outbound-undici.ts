import { Pool } from 'undici';
import { type NetworkPolicy, networks } from './addresses.ts';
import { guardedConnector, type Resolve, resolveBySystem } from './connect.ts';
import { Exchange } from './exchange.ts';
import { refuseUrl } from './guard.ts';
import type { Outbound, OutboundCall, OutboundResult } from './outbound.ts';

export interface OutboundOptions {
  /** Connections to one origin, hence calls in flight to it; more wait in line. */
  readonly connectionsPerOrigin?: number;
  /** Origins with open pools, for each of the two network policies; the one unused for longest is closed. */
  readonly maxOrigins?: number;
  /** Networks reachable although they are private, in CIDR notation. */
  readonly exemptNetworks?: readonly string[];
  readonly connectTimeoutMs?: number;
  readonly headersTimeoutMs?: number;
  /** Longest silence within an answer. */
  readonly bodyIdleTimeoutMs?: number;
  readonly resolve?: Resolve;
}

const MAX_HEADER_BYTES = 16 * 1024;
/** As many as one connection of a bot may have in flight: what bounds them otherwise is what is configured. */
const MAX_CONNECTIONS = 10_000;
const CLOSED: OutboundResult = { kind: 'not_sent', detail: 'The server is shutting down.', timedOut: false };

/**
 * Provider calls over kept-alive HTTP/1.1 connections, one request at a time on each. Never rejects. A call ends
 * with its signal at the latest, also while it waits for a connection; the time limits here only end it sooner.
 * `close` ends what is still under way: those calls come back `not_sent` or `ambiguous`, as it was.
 */
export function createOutbound(options: OutboundOptions = {}): Outbound {
  const exempt = networks(options.exemptNetworks ?? []);
  const toPublic = new Origins({ allowPrivateNetwork: false, exempt }, options);
  const toPrivate = new Origins({ allowPrivateNetwork: true, exempt }, options);
  return {
    request: (call) => (call.allowPrivateNetwork ? toPrivate : toPublic).request(call),
    async close() {
      await Promise.all([toPublic.close(), toPrivate.close()]);
    },
  };
}

interface Origin {
  readonly pool: Pool;
  readonly host: string;
  usedAt: number;
}

interface Target {
  readonly origin: Origin;
  readonly path: string;
}

/** Paths that the URL parser would leave as they are. */
const SETTLED_PATH = /^(?!.*(?:\/\.|%2e|\?$))[\w\-~!$&()*+,;=:@%/?.]+$/i;

/** The open pools under one policy. Sockets of the two policies are never mixed. */
class Origins {
  readonly #policy: NetworkPolicy;
  readonly #options: OutboundOptions;
  readonly #origins = new Map<string, Origin>();
  /** Pools without a place in the table whose last calls are under way. */
  readonly #retiring = new Set<Pool>();
  #uses = 0;
  #closed = false;

  constructor(policy: NetworkPolicy, options: OutboundOptions) {
    this.#policy = policy;
    this.#options = options;
  }

  request(call: OutboundCall): Promise<OutboundResult> {
    if (this.#closed) return Promise.resolve(CLOSED);
    const target = this.#findTarget(call.url);
    if (typeof target === 'string') return Promise.resolve({ kind: 'refused', detail: target, timedOut: false });
    const { origin, path } = target;
    return new Promise((resolve) => {
      const exchange = new Exchange(call, origin.host, resolve);
      if (call.signal.aborted) return exchange.handleEvent();
      const { method, headers, body } = call;
      origin.pool.dispatch({ path, method, headers, body }, exchange);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const pools = [...this.#retiring, ...[...this.#origins.values()].map(({ pool }) => pool)];
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  /** A sentence when the target is refused. Parsing costs more than all else here, so known origins skip it. */
  #findTarget(text: string): Target | string {
    const pathAt = text.indexOf('/', 'https://'.length);
    const known = this.#origins.get(text.slice(0, pathAt));
    const path = text.slice(pathAt);
    if (known === undefined || !SETTLED_PATH.test(path)) return this.#readTarget(text);
    known.usedAt = ++this.#uses;
    return { origin: known, path };
  }

  #readTarget(text: string): Target | string {
    const url = URL.parse(text);
    if (url === null) return 'The target is not a URL.';
    const refusal = refuseUrl(url, this.#policy);
    if (refusal !== null) return refusal;
    return { origin: this.#origins.get(url.origin) ?? this.#open(url), path: url.pathname + url.search };
  }

  #open(url: URL): Origin {
    const { connectTimeoutMs = 5_000, headersTimeoutMs = 10_000, bodyIdleTimeoutMs = 5_000 } = this.#options;
    const pool = new Pool(url.origin, {
      connect: guardedConnector({
        policy: this.#policy,
        resolve: this.#options.resolve ?? resolveBySystem,
        connectTimeoutMs,
      }),
      connections: this.#options.connectionsPerOrigin ?? MAX_CONNECTIONS,
      pipelining: 1,
      allowH2: false,
      headersTimeout: headersTimeoutMs,
      bodyTimeout: bodyIdleTimeoutMs,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    const origin = { pool, host: url.host, usedAt: ++this.#uses };
    if (this.#origins.size >= (this.#options.maxOrigins ?? 1_000)) this.#closeOldest();
    this.#origins.set(url.origin, origin);
    return origin;
  }

  /** Calls that are under way on it finish; its idle connections end. */
  #closeOldest(): void {
    let oldest: [string, Origin] | null = null;
    for (const entry of this.#origins) {
      if (oldest === null || entry[1].usedAt < oldest[1].usedAt) oldest = entry;
    }
    if (oldest === null) return;
    const [key, { pool }] = oldest;
    this.#origins.delete(key);
    this.#retiring.add(pool);
    const forget = () => this.#retiring.delete(pool);
    pool.close().then(forget, forget);
  }
}
