import type { FastifyInstance } from 'fastify';
import { silentMeter } from '../model/meter.ts';
import type { AppParts } from './app.ts';
import { answerAlive, createReadiness } from './health.ts';
import { endLastConnections } from './last-connections.ts';
import { RefusalTally } from './refusal-tally.ts';
import { DEFAULT_LIMITS, openServer } from './server.ts';
import { createMetricsReply } from './show-metrics.ts';

type HealthParts = Pick<AppParts, 'store' | 'clock' | 'logger' | 'limits' | 'isDraining' | 'describeWal' | 'metrics'>;

/** All that a worker answers: whoever looks after it asks how it is. */
export function createHealthApp(parts: HealthParts) {
  const { store, clock, logger, limits, isDraining = () => false, describeWal, metrics } = parts;
  const meter = metrics?.meter ?? silentMeter;
  const tally = new RefusalTally({ clock, logger, meter });
  const app: FastifyInstance = openServer({ ...DEFAULT_LIMITS, ...limits }, { logger, clock, tally, meter });
  app.get('/healthz', answerAlive);
  app.get('/readyz', createReadiness({ store, clock, isDraining, describeWal }));
  endLastConnections(app, { clock, logger });
  if (metrics !== undefined) app.get('/metrics', createMetricsReply(metrics));
  return app;
}
