import type { FastifyRequest } from 'fastify';
import { StoreFull, StoreUnavailable } from '../store/port/errors.ts';
import { type RefusalKind, Refused } from '../tenancy/refused.ts';
import { Fault, type FaultName } from './faults.ts';

/** What an error thrown anywhere in a request means to the caller. Whatever we did not foresee is `internal` and mute. */
export function toFault(error: unknown, request: FastifyRequest): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof StoreUnavailable) {
    return new Fault('store_unavailable', 'the database cannot be reached just now; try again', { 'retry-after': '2' });
  }
  if (error instanceof Refused) return new Fault(REFUSALS[error.kind], error.message, {}, error.pointer);
  if (error instanceof StoreFull) return new Fault('store_full', error.message, { 'retry-after': '10' });
  switch (codeOf(error)) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Fault(
        'body_too_large',
        `at most ${request.routeOptions.bodyLimit} bytes are taken; send several calls`,
      );
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Fault('media_type');
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_VALIDATION':
      return new Fault('body_invalid', error instanceof Error ? error.message : null);
    default:
      return new Fault(isCallersFault(error) ? 'request_malformed' : 'internal');
  }
}

const REFUSALS: Readonly<Record<RefusalKind, FaultName>> = {
  invalid: 'body_invalid',
  in_file: 'declared_in_file',
  unknown_bot: 'bot_unknown',
  unknown_app: 'app_unknown',
  unknown_connection: 'connection_unknown',
  no_key: 'secret_key_missing',
};

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Fastify marks what it refuses by itself (bad URL, wrong Content-Length, aborted body) with a 4xx status. */
function isCallersFault(error: unknown): boolean {
  if (!(error instanceof Error && 'statusCode' in error)) return false;
  return typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500;
}
