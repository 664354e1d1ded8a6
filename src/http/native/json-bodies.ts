import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readJson } from '../read-json.ts';

/**
 * Has all bodies of a plugin scope read as JSON. Answers where the bytes of one are: an idempotency key is good for the
 * bytes of a body, not for what they mean.
 */
export function readJsonBodies(app: FastifyInstance): (request: FastifyRequest) => Buffer | null {
  const kept = new WeakMap<object, Buffer>();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    kept.set(request.raw, body);
    return readJson(body);
  });
  return (request) => kept.get(request.raw) ?? null;
}
