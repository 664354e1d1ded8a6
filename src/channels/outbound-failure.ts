import { GuardRefusal } from './guard.ts';
import type { OutboundFailure } from './outbound.ts';

const DEADLINES: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  ETIMEDOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stalled',
};

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the host name does not exist',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ECONNRESET: 'the connection broke',
  EPIPE: 'the connection broke',
  UND_ERR_SOCKET: 'the connection broke',
  UND_ERR_HEADERS_OVERFLOW: 'its headers are larger than 16 KiB',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer is shorter than it announced',
  UND_ERR_CLOSED: 'the server is shutting down',
  UND_ERR_DESTROYED: 'the server is shutting down',
};

/** Turns what undici or a socket threw into a failure. `written`: the request had begun to leave. */
export function explainFailure(error: Error, host: string, written: boolean): OutboundFailure {
  if (error instanceof GuardRefusal) return { kind: 'refused', detail: error.message, timedOut: false };
  const code = codeOf(error);
  if (code === 'UND_ERR_INVALID_ARG') {
    return { kind: 'refused', detail: `The request to ${host} is malformed: ${error.message}.`, timedOut: false };
  }
  const timedOut = error.name === 'TimeoutError' || code in DEADLINES;
  const cause = explainCause(error, code);
  return written
    ? { kind: 'ambiguous', detail: `${host} got the request, but no whole answer came: ${cause}.`, timedOut }
    : { kind: 'not_sent', detail: `${host} could not be reached: ${cause}.`, timedOut };
}

function explainCause(error: Error, code: string): string {
  if (error.name === 'TimeoutError') return 'the time for this attempt ran out';
  if (error.name === 'AbortError') return 'the attempt was stopped';
  const known = DEADLINES[code] ?? CAUSES[code];
  if (known !== undefined) return known;
  if (error.name === 'HTTPParserError') return 'what came is not HTTP';
  return code === '' ? 'an unexpected error' : code;
}

/** Several addresses that all failed come as one `AggregateError`, whose code is that of the first. */
function codeOf(error: Error): string {
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? code : '';
}
