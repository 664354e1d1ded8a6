import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../model/clock.ts';
import type { CallLimits, Tenancy } from '../../model/tenancy.ts';
import type { Store } from '../../store/port.ts';
import { callerOf } from '../auth/gate.ts';
import { Fault } from '../faults.ts';
import { type CallDecision, CallWindows, type WindowState } from './call-windows.ts';
import { SharedCalls } from './shared-calls.ts';

export interface CallLimitParts {
  readonly tenancy: Tenancy;
  readonly clock: Clock;
  readonly store: Pick<Store, 'kind' | 'countCalls'>;
}

/** A hook that counts a call against its bot's windows, over all four Kore routes together, after the gate. */
export function createCallLimit(parts: CallLimitParts) {
  const admit = openWindows(parts);
  return async function limitCalls(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const decision = await admit(callerOf(request).bot.id);
    if (!decision.admitted) {
      const headers = { 'retry-after': String(inSeconds(decision.state.resetMs)), ...rateHeaders(decision.state) };
      throw new Fault(decision.window === 'hour' ? 'hour_limit' : 'minute_limit', null, headers);
    }
    if (decision.tightest !== null) reply.headers(rateHeaders(decision.tightest));
  };
}

/** A database of one process need not be asked. */
function openWindows({ tenancy, clock, store }: CallLimitParts): (botId: string) => Promise<CallDecision> {
  if (store.kind === 'sqlite') {
    const windows = new CallWindows();
    return async (botId) => windows.admit(botId, limitsOf(botId, tenancy), clock.monotonic());
  }
  const shared = new SharedCalls(
    store,
    (botId) => limitsOf(botId, tenancy),
    () => clock.monotonic(),
  );
  return (botId) => shared.admit(botId);
}

const limitsOf = (botId: string, tenancy: Tenancy): CallLimits => tenancy.bot(botId)?.limits ?? tenancy.callLimits;

function rateHeaders({ limit, remaining, resetMs }: WindowState): Record<string, string> {
  return {
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(inSeconds(resetMs)),
  };
}

const inSeconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));
