import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../model/clock.ts';
import type { Tenancy } from '../../model/tenancy.ts';
import { callerOf } from '../auth/gate.ts';
import { Fault } from '../faults.ts';
import { CallWindows, type WindowState } from './call-windows.ts';

/** A hook that counts a call against its bot's windows, over all four Kore routes together, after the gate. */
export function createCallLimit({ tenancy, clock }: { readonly tenancy: Tenancy; readonly clock: Clock }) {
  const windows = new CallWindows();
  return async function limitCalls(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const decision = windows.admit(callerOf(request).bot.id, tenancy.callLimits, clock.monotonic());
    if (!decision.admitted) {
      const headers = { 'retry-after': String(inSeconds(decision.state.resetMs)), ...rateHeaders(decision.state) };
      throw new Fault(decision.window === 'hour' ? 'hour_limit' : 'minute_limit', null, headers);
    }
    if (decision.tightest !== null) reply.headers(rateHeaders(decision.tightest));
  };
}

function rateHeaders({ limit, remaining, resetMs }: WindowState): Record<string, string> {
  return {
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(inSeconds(resetMs)),
  };
}

const inSeconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));
