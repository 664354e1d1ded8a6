import { type Clock, systemClock } from '../model/clock.ts';
import { type NetworkPolicy, networks } from './addresses.ts';
import { guardedOpener, type Resolve, resolveBySystem } from './connect.ts';
import { Exchange } from './exchange.ts';
import { refuseUrl } from './guard.ts';
import type { Outbound, OutboundCall, OutboundResult } from './outbound.ts';
import { explainFailure, WireFailure } from './outbound-failure.ts';
import { ProviderHost } from './provider-host.ts';
import { writeRequest } from './request-text.ts';

export interface OutboundOptions {
  /** Connections to one origin, hence calls in flight to it; more wait in line. */
  readonly connectionsPerOrigin?: number;
  /** Origins with open connections, for each of the two network policies; the one unused for longest is closed. */
  readonly maxOrigins?: number;
  /** Networks reachable although they are private, in CIDR notation. */
  readonly exemptNetworks?: readonly string[];
  readonly connectTimeoutMs?: number;
  readonly headersTimeoutMs?: number;
  /** Longest silence within an answer. */
  readonly bodyIdleTimeoutMs?: number;
  readonly resolve?: Resolve;
  readonly clock?: Clock;
}

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

interface Target {
  readonly origin: ProviderHost;
  readonly path: string;
}

/** Paths that the URL parser would leave as they are. */
const SETTLED_PATH = /^(?!.*(?:\/\.|%2e|\?$))[\w\-~!$&()*+,;=:@%/?.]+$/i;

/** The hosts that are called under one policy. Sockets of the two policies are never mixed. */
class Origins {
  readonly #policy: NetworkPolicy;
  readonly #options: OutboundOptions;
  readonly #origins = new Map<string, ProviderHost>();
  /** Without a place in the table, with last calls under way. */
  readonly #retiring = new Set<ProviderHost>();
  #uses = 0;
  #closed = false;

  constructor(policy: NetworkPolicy, options: OutboundOptions) {
    this.#policy = policy;
    this.#options = options;
  }

  async request(call: OutboundCall): Promise<OutboundResult> {
    if (this.#closed) return CLOSED;
    const target = this.#findTarget(call.url);
    if (typeof target === 'string') return { kind: 'refused', detail: target, timedOut: false };
    const { origin, path } = target;
    try {
      const request = writeRequest(call, origin.host, path);
      return await new Promise((resolve) => {
        const exchange = new Exchange(call, request, origin.host, resolve);
        if (call.signal.aborted) exchange.handleEvent();
        else origin.carry(exchange);
      });
    } catch (error) {
      return explainFailure(error instanceof Error ? error : new Error(String(error)), origin.host, false);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const ending = new WireFailure('the server is shutting down');
    for (const host of [...this.#retiring, ...this.#origins.values()]) host.destroy(ending);
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

  #open(url: URL): ProviderHost {
    const { connectTimeoutMs = 5_000, headersTimeoutMs = 10_000, bodyIdleTimeoutMs = 5_000 } = this.#options;
    const { connectionsPerOrigin: maxConnections = MAX_CONNECTIONS, clock = systemClock } = this.#options;
    const { resolve = resolveBySystem } = this.#options;
    const opener = guardedOpener(url, { policy: this.#policy, resolve, clock, connectTimeoutMs });
    const host = new ProviderHost(url.host, opener, { maxConnections, headersTimeoutMs, bodyIdleTimeoutMs, clock });
    host.usedAt = ++this.#uses;
    if (this.#origins.size >= (this.#options.maxOrigins ?? 1_000)) this.#closeOldest();
    this.#origins.set(url.origin, host);
    return host;
  }

  /** Calls that are under way on it finish; its idle connections end. */
  #closeOldest(): void {
    let oldest: [string, ProviderHost] | null = null;
    for (const entry of this.#origins) {
      if (oldest === null || entry[1].usedAt < oldest[1].usedAt) oldest = entry;
    }
    if (oldest === null) return;
    const [key, host] = oldest;
    this.#origins.delete(key);
    this.#retiring.add(host);
    host.retire(() => this.#retiring.delete(host));
  }
}
