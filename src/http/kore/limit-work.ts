import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '../faults.ts';

/**
 * Calls in work at once; whoever comes on top is told 503 before anything is looked at. More would only wait longer:
 * the process does one thing at a time. A call whose body is still on its way takes no place, so that slow clients
 * cannot take them all.
 */
export function limitWork(app: FastifyInstance, maxCalls: number): void {
  const inWork = new Set<FastifyRequest>();
  app.addHook('onRequest', async (request, reply) => {
    if (inWork.size >= maxCalls) throw new Fault('overloaded', null, { 'retry-after': '1' });
    inWork.add(request);
    // The end of every answer, also of one that nobody waited for.
    reply.raw.once('close', () => inWork.delete(request));
  });
  app.addHook('preParsing', async (request) => {
    if (!request.raw.complete) inWork.delete(request);
  });
  app.addHook('preHandler', async (request, reply) => {
    if (!reply.raw.closed) inWork.add(request);
  });
}
