import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../model/logger.ts';
import { sendEnvelope } from './kore/envelope.ts';
import { sendProblem } from './problems.ts';
import { toFault } from './to-fault.ts';

export const KORE_PREFIX = '/api/public';

/** One error handler for every route: Kore's routes answer with its envelope, all others with a problem. */
export function createErrorHandler(logger: Pick<Logger, 'error'>) {
  return function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const fault = toFault(error, request);
    if (fault.fault === 'internal') logger.error('request failed', { route: request.routeOptions.url ?? null, error });
    if (request.raw.url?.startsWith(`${KORE_PREFIX}/`)) sendEnvelope(reply, fault);
    else sendProblem(reply, fault);
  };
}
