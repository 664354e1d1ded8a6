import type { FastifyReply } from 'fastify';
import type { Clock } from '../model/clock.ts';
import type { JsonObject } from '../model/json.ts';
import { StoreUnavailable } from '../store/port/errors.ts';
import type { Store } from '../store/port.ts';
import { Fault } from './faults.ts';

const PROBE_MS = 2000;

export interface HealthParts {
  readonly store: Pick<Store, 'kind' | 'ping' | 'schemaVersion' | 'findRestored'>;
  readonly clock: Clock;
  /** True from the first SIGTERM on, so that balancers look elsewhere while calls are still answered. */
  readonly isDraining: () => boolean;
  readonly describeWal: (() => JsonObject | null) | undefined;
}

/** The process runs. Touches nothing else, so that a slow database does not get the process restarted. */
export function answerAlive(): { readonly status: string } {
  return { status: 'ok' };
}

/** The process can do its work: the store answers, and with which schema. */
export function createReadiness(parts: HealthParts) {
  return async function answerReady(_request: unknown, reply: FastifyReply): Promise<object> {
    reply.header('cache-control', 'no-store');
    if (parts.isDraining()) throw new Fault('draining', null, { 'retry-after': '5' });
    const { schemaVersion, restored } = await probeStore(parts);
    // It takes calls and answers them, so it is ready; that nothing is sent is for an operator to end.
    const waits = restored && { waits: `restored from a backup: ${restored.recipients} recipients need a decision` };
    const wal = parts.describeWal?.() ?? null;
    return { status: 'ready', store: parts.store.kind, schemaVersion, ...(wal && { wal }), ...waits };
  };
}

async function probeStore({ store, clock }: HealthParts) {
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(PROBE_MS, () => late.reject(new StoreUnavailable(`no answer in ${PROBE_MS} ms`)));
  try {
    return await Promise.race([lookAt(store), late.promise]);
  } catch {
    throw new StoreUnavailable('the readiness probe failed');
  } finally {
    cancel();
  }
}

async function lookAt(store: HealthParts['store']) {
  await store.ping();
  return { schemaVersion: await store.schemaVersion(), restored: await store.findRestored() };
}
