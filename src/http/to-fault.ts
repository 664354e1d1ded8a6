import { StoreUnavailable } from '../store/port.ts';
import { Fault, type FaultName } from './faults.ts';

const FRAMEWORK_FAULTS: Readonly<Record<string, FaultName>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media_type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'body_invalid',
  FST_ERR_CTP_INVALID_JSON_BODY: 'body_invalid',
  FST_ERR_VALIDATION: 'body_invalid',
  FST_ERR_NOT_FOUND: 'route_unknown',
};

/** What an error thrown anywhere in a request means to the caller. Whatever we did not foresee is `internal` and mute. */
export function toFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof StoreUnavailable) {
    return new Fault('store_unavailable', 'the database cannot be reached just now; try again', { 'retry-after': '2' });
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const named = FRAMEWORK_FAULTS[code];
  if (named !== undefined) return new Fault(named, named === 'body_invalid' ? messageOf(error) : null);
  return isCallersFault(error) ? new Fault('request_malformed') : new Fault('internal');
}

/** Fastify marks what it refuses by itself (bad URL, wrong Content-Length, aborted body) with a 4xx status. */
function isCallersFault(error: unknown): boolean {
  if (!(error instanceof Error && 'statusCode' in error)) return false;
  return typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
