import type { FastifyReply } from 'fastify';
import type { FindPlatformKey } from './auth/platform-key.ts';

/** The key to which callers encrypt tokens. One document for the life of the process. */
export function createJwks(platformKey: FindPlatformKey) {
  return async function answerJwks(_request: unknown, reply: FastifyReply): Promise<string> {
    reply.type('application/jwk-set+json').header('cache-control', 'public, max-age=3600');
    const { publicJwk } = await platformKey();
    return JSON.stringify({ keys: [publicJwk] });
  };
}
