import type { FastifyInstance, FastifyReply, FastifySchema } from 'fastify';

export interface RecordedRoute {
  readonly method: string;
  readonly url: string;
  /** Of operations that are described where they are served. */
  readonly schema: FastifySchema | undefined;
}

/**
 * Keeps what routes there are, and answers with the document about them. It is written when it is first asked for, and
 * the generator is loaded then: a server nobody asks holds neither.
 */
export function recordRoutes(app: FastifyInstance) {
  const routes: RecordedRoute[] = [];
  app.addHook('onRoute', ({ method, url, schema }) => {
    // HEAD is GET without its body.
    for (const each of [method].flat()) if (each !== 'HEAD') routes.push({ method: each, url, schema });
  });
  let document: Promise<string> | null = null;
  return async function answerDocument(_request: unknown, reply: FastifyReply): Promise<string> {
    document ??= import('./document.ts').then(({ writeDocument }) => writeDocument(routes));
    reply.type('application/json; charset=utf-8').header('cache-control', 'no-cache');
    return document;
  };
}
