import type { Busy, Failed, Rejected, Unknown } from '../../model/outcome.ts';
import type { Reason } from '../../model/reasons.ts';

export type Refused = Rejected | Busy | Failed | Unknown;

/** Both providers' answer to an identity that is no phone number; nobody is called for it. */
export const NO_PHONE_NUMBER: Rejected = reject(
  'recipient',
  'not_associated',
  'not a phone number with its country code, as in +4915112345678 or 4915112345678',
);

export interface AnsweredStatus {
  readonly status: number;
  readonly detail: string;
  readonly retryAfterMs: number | null;
}

/** What a status means when no code of the provider says more. `urlKey`: the setting to look at. */
export function judgeStatus({ status, detail, retryAfterMs }: AnsweredStatus, urlKey: string): Refused {
  if (status >= 300 && status < 400) {
    return reject('connection', 'url_refused', `${detail}: redirects are not followed; check ${urlKey}`);
  }
  if (status === 401 || status === 403) return reject('connection', 'connection_refused', detail);
  if (status === 413) return reject('message', 'message_too_large', detail);
  if (status === 429) return { kind: 'busy', scope: 'connection', retryAfterMs, detail };
  if (NOT_DONE.has(status)) return { kind: 'failed', reason: 'provider_error', detail, retryAfterMs };
  if (status >= 400 && status < 500) return reject('recipient', 'provider_error', detail);
  return { kind: 'unknown', reason: 'provider_error', detail, retryAfterMs };
}

/** The request was not even read, came too early, or was turned away at the door. */
const NOT_DONE: ReadonlySet<number> = new Set([408, 425, 503]);

export function reject(scope: Rejected['scope'], reason: Reason, detail: string): Rejected {
  return { kind: 'rejected', scope, reason, detail };
}
