import { GuardRefusal } from './guard.ts';
import type { OutboundFailure } from './outbound.ts';
import { MalformedRequest } from './request-text.ts';

/** What went wrong on the wire, as we see it ourselves. The message ends a sentence in a log. */
export class WireFailure extends Error {
  readonly timedOut: boolean;

  constructor(cause: string, timedOut = false) {
    super(cause);
    this.timedOut = timedOut;
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the host name does not exist',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ECONNRESET: 'the connection broke',
  EPIPE: 'the connection broke',
  ETIMEDOUT: 'no connection in time',
};

/** Turns what the wire or a socket threw into a failure. `written`: the request had begun to leave. */
export function explainFailure(error: Error, host: string, written: boolean): OutboundFailure {
  if (error instanceof GuardRefusal) return { kind: 'refused', detail: error.message, timedOut: false };
  if (error instanceof MalformedRequest) {
    return { kind: 'refused', detail: `The request to ${host} is malformed: ${error.message}.`, timedOut: false };
  }
  const cause = explainCause(error);
  const timedOut = error.name === 'TimeoutError' || codeOf(error) === 'ETIMEDOUT' || isTimeout(error);
  return written
    ? { kind: 'ambiguous', detail: `${host} got the request, but no whole answer came: ${cause}.`, timedOut }
    : { kind: 'not_sent', detail: `${host} could not be reached: ${cause}.`, timedOut };
}

const isTimeout = (error: Error): boolean => error instanceof WireFailure && error.timedOut;

function explainCause(error: Error): string {
  if (error instanceof WireFailure) return error.message;
  if (error.name === 'TimeoutError') return 'the time for this attempt ran out';
  if (error.name === 'AbortError') return 'the attempt was stopped';
  const code = codeOf(error);
  return CAUSES[code] ?? (code === '' ? 'an unexpected error' : code);
}

/** Several addresses that all failed come as one `AggregateError`, whose code is that of the first. */
function codeOf(error: Error): string {
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? code : '';
}
