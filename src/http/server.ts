import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Meter } from '../model/meter.ts';
import type { BodyPace } from './body-pace.ts';
import type { Console } from './console/console.ts';
import { createErrorHandler } from './error-handler.ts';
import { Fault } from './faults.ts';
import { limitConnections } from './limit-connections.ts';
import type { StreamLimits } from './native/events/stream-places.ts';
import type { RefusalTally } from './refusal-tally.ts';
import { createRequestLog } from './request-log.ts';

/** What one connection and one request may take. Times in milliseconds. */
export interface ServerLimits extends BodyPace, StreamLimits {
  readonly maxBodyBytes: number;
  /** For people that are streamed in. */
  readonly maxUploadBytes: number;
  /** For all headers of a request: a client that trickles them is cut off with 408. */
  readonly headersTimeoutMs: number;
  /** For a whole request, of which Node itself knows no pace. */
  readonly requestTimeoutMs: number;
  /** Kore calls in work at once; more are told to come again. */
  readonly maxCalls: number;
  /** Of the bodies of Kore calls that are on their way or in work, together; more calls are told to come again. */
  readonly maxBodyBytesAtOnce: number;
  /** At once, whatever they are used for. */
  readonly maxConnections: number;
  /** Silence after which a connection in use is dropped. */
  readonly idleTimeoutMs: number;
  /** Silence between requests. Longer than the 60 s of usual balancers, which must be the first to hang up. */
  readonly keepAliveTimeoutMs: number;
  /** How often Node looks for requests past their time. */
  readonly checkIntervalMs: number;
}

export const DEFAULT_LIMITS: ServerLimits = {
  // The largest documented call has 1,000 recipients with 20 parameters of 200 characters: over 4 MB.
  maxBodyBytes: 8 * 1024 * 1024,
  maxUploadBytes: 1024 ** 3,
  headersTimeoutMs: 8_000,
  // A directory of a gigabyte over a line of a megabit and a half.
  requestTimeoutMs: 2 * 3_600_000,
  bodyWindowMs: 8_000,
  minWindowBytes: 16 * 1024,
  maxCalls: 100,
  maxBodyBytesAtOnce: 128 * 1024 * 1024,
  maxConnections: 10_000,
  maxStreams: 1_000,
  maxAppStreams: 100,
  idleTimeoutMs: 120_000,
  keepAliveTimeoutMs: 72_000,
  checkIntervalMs: 1000,
};

const MAX_HEADER_BYTES = 16 * 1024;

export interface ServerParts {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly tally: RefusalTally;
  readonly meter: Pick<Meter, 'answered'>;
  /** Addresses and networks of proxies whose `X-Forwarded-*` are believed. */
  readonly trustProxy?: readonly string[];
  /** What may be at an address that is no route's. */
  readonly console?: Console;
}

/** A Fastify server without routes: its limits, its error bodies, its log line, and what it refuses before routing matters. */
export function openServer(
  limits: ServerLimits,
  { logger, clock, tally, meter, trustProxy = [], console }: ServerParts,
): FastifyInstance {
  const answerError = createErrorHandler(logger);
  const app = Fastify({
    trustProxy: [...trustProxy],
    bodyLimit: limits.maxBodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: limits.idleTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      maxHeaderSize: MAX_HEADER_BYTES,
      insecureHTTPParser: false,
    },
    // Ids are judged by what they are, not by their length, and the URL is bounded by the header limit.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_HEADER_BYTES },
    // While closing, calls that made it in are answered; `connection: close` sends the next ones elsewhere.
    return503OnClosing: false,
    frameworkErrors: answerError,
    clientErrorHandler: refuseSocket,
    logger: false,
  });
  app.decorateRequest('caller', null);
  app.decorateRequest('actor', null);
  limitConnections(app.server, limits.maxConnections, { clock, tally });
  app.addHook('onResponse', createRequestLog(logger, tally, meter));
  app.addHook('onClose', async () => tally.tell());
  app.addHook('onRequest', refuseAmbiguousTarget);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(async (request, reply) => {
    const page = await console?.find(request);
    if (page === undefined || page === null) throw new Fault('route_unknown');
    return reply.code(page.status).headers(page.headers).send(page.body);
  });
  return app;
}

/** Two Host headers or a whole URL as target: proxies and servers disagree on what such a request is for. */
async function refuseAmbiguousTarget(request: FastifyRequest): Promise<void> {
  const { rawHeaders, url = '' } = request.raw;
  if (!url.startsWith('/')) throw new Fault('request_malformed', 'the request target must be a path');
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length > 1) throw new Fault('request_malformed', 'there must be one Host header');
}

const SOCKET_REFUSALS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** What cannot be parsed has no route, so it is answered in the one shape every caller's error path understands. */
function refuseSocket(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = SOCKET_REFUSALS[error.code ?? ''] ?? '400 Bad Request';
  const body = JSON.stringify({ errors: [{ msg: status.slice(4), code: Number(status.slice(0, 3)) }] });
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
}
