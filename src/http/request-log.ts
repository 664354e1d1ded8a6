import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../model/logger.ts';
import type { Meter } from '../model/meter.ts';
import type { RefusalTally } from './refusal-tally.ts';

/**
 * One line per request, but for those that are told to come again later. The route is the pattern, bot and app are those
 * the gate admitted: nothing a caller wrote (path, query, header, body) reaches the log.
 */
export function createRequestLog(
  logger: Pick<Logger, 'info'>,
  tally: Pick<RefusalTally, 'add'>,
  meter: Pick<Meter, 'answered'>,
) {
  return async function logRequest(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const status = reply.statusCode;
    const route = request.routeOptions.url ?? null;
    const botId = request.caller?.bot.id ?? null;
    if (status === 429 || status === 503) return tally.add({ status, route, botId });
    meter.answered({ route, status }, reply.elapsedTime / 1_000);
    logger.info('request answered', {
      method: request.method,
      route,
      status,
      durationMs: Math.round(reply.elapsedTime),
      botId,
      appId: request.caller?.app.clientId ?? null,
    });
  };
}
