import type { FastifyReply } from 'fastify';
import type { Meter } from '../model/meter.ts';

/** What the server counts, and where somebody who watches it reads that. */
export interface MetricsPage {
  readonly meter: Meter;
  readonly contentType: string;
  render(): Promise<string>;
}

export function createMetricsReply({ contentType, render }: Pick<MetricsPage, 'contentType' | 'render'>) {
  return async function answerMetrics(_request: unknown, reply: FastifyReply): Promise<string> {
    reply.header('cache-control', 'no-store').type(contentType);
    return render();
  };
}
