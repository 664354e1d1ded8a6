import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '../faults.ts';

/** Gives a plugin scope the manners of Kore's routes: bodies as raw bytes, and a wrong verb told before anything else. */
export function openKoreSurface(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setNotFoundHandler(refuseUnknownRoute);
  app.addHook('onRequest', async (request) => {
    if (request.is404) refuseUnknownRoute(request);
  });
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });
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
