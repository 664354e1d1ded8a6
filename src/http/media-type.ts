import type { FastifyRequest } from 'fastify';
import { Fault } from './faults.ts';

/** The media type without parameters, lower-case. A body without one is taken for JSON. */
export function mediaTypeOf(request: FastifyRequest): string {
  const [essence = ''] = (request.headers['content-type'] ?? '').split(';');
  return essence.trim().toLowerCase() || 'application/json';
}

const JSON_TYPE = /^application\/(json|[a-z0-9!#$&^_.-]+\+json)$/;

/** Decided from the headers, before the body is read. */
export async function requireJsonBody(request: FastifyRequest): Promise<void> {
  const mediaType = mediaTypeOf(request);
  if (!JSON_TYPE.test(mediaType)) {
    throw new Fault('media_type', `${mediaType.slice(0, 100)}: send the body as application/json`);
  }
  requirePlainUtf8(request);
}

/** No other character set, no compression. */
export function requirePlainUtf8(request: FastifyRequest): void {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  if (!/^utf-?8$/i.test(charset)) throw new Fault('media_type', `charset ${charset.slice(0, 40)}: send UTF-8`);

  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new Fault('media_type', `content-encoding ${encoding.slice(0, 40)}: send the body uncompressed`);
  }
}
