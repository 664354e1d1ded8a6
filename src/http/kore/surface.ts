import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../model/clock.ts';
import { Fault } from '../faults.ts';
import { sendEnvelope } from './envelope.ts';

export interface SurfaceOptions {
  readonly clock: Clock;
  /** For the whole body of one call. */
  readonly bodyTimeoutMs: number;
}

/** Gives a plugin scope the manners of Kore's routes: bodies as raw bytes, and a wrong verb told before anything else. */
export function openKoreSurface(app: FastifyInstance, options: SurfaceOptions): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setNotFoundHandler(refuseUnknownRoute);
  app.addHook('onRequest', async (request) => {
    if (request.is404) refuseUnknownRoute(request);
  });
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });
  app.addHook('preParsing', createBodyDeadline(options));
}

/** The bytes of the body; null when there was none. */
export function bodyOf(request: FastifyRequest): Buffer | null {
  return Buffer.isBuffer(request.body) ? request.body : null;
}

const SEND_PATH = /^\/api\/public\/bot\/[^/?]+\/notify(V2)?\/?(\?|$)/;
const STATUS_PATH = /^\/api\/public\/bot\/[^/?]+\/notify(V2)?\/status\/[^/?]+\/?(\?|$)/;

function refuseUnknownRoute(request: FastifyRequest): never {
  const url = request.raw.url ?? '';
  if (SEND_PATH.test(url)) throw new Fault('method_not_allowed', null, { allow: 'POST' });
  if (STATUS_PATH.test(url)) throw new Fault('method_not_allowed', null, { allow: 'GET, POST' });
  throw new Fault('route_unknown');
}

/** Node's own limit is for the longest upload there is; these bodies are small, so a trickled one is cut off much earlier. */
function createBodyDeadline({ clock, bodyTimeoutMs }: SurfaceOptions) {
  return async function startBodyDeadline(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (request.raw.complete) return;
    // Hung up while the token was checked: its 'close' has been and gone, and nothing more will come.
    if (request.raw.destroyed)
      throw new Fault('request_malformed', 'the connection was closed before the body arrived');
    const cancel = clock.after(bodyTimeoutMs, () => {
      sendEnvelope(reply.header('connection', 'close'), new Fault('body_too_slow'));
    });
    request.raw.once('end', cancel).once('close', cancel);
  };
}
