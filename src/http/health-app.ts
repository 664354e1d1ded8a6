import type { FastifyInstance } from 'fastify';
import type { AppParts } from './app.ts';
import { answerAlive, createReadiness } from './health.ts';
import { RefusalTally } from './refusal-tally.ts';
import { DEFAULT_LIMITS, openServer } from './server.ts';

type HealthParts = Pick<AppParts, 'store' | 'clock' | 'logger' | 'limits' | 'isDraining' | 'describeWal'>;

/** All that a worker answers: whoever looks after it asks how it is. */
export function createHealthApp(parts: HealthParts) {
  const { store, clock, logger, limits, isDraining = () => false, describeWal } = parts;
  const tally = new RefusalTally({ clock, logger });
  const app: FastifyInstance = openServer({ ...DEFAULT_LIMITS, ...limits }, { logger, clock, tally });
  app.get('/healthz', answerAlive);
  app.get('/readyz', createReadiness({ store, clock, isDraining, describeWal }));
  return app;
}
