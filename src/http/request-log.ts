import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../model/logger.ts';

/**
 * One line per request. The route is the pattern, bot and app are those the gate admitted: nothing a caller wrote
 * (path, query, header, body) reaches the log.
 */
export function createRequestLog(logger: Pick<Logger, 'info'>) {
  return async function logRequest(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    logger.info('request answered', {
      method: request.method,
      route: request.routeOptions.url ?? null,
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
      botId: request.caller?.bot.id ?? null,
      appId: request.caller?.app.clientId ?? null,
    });
  };
}
