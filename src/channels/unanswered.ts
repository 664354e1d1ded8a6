import type { Failed, Rejected, Unknown } from '../model/outcome.ts';
import type { OutboundFailure } from './outbound.ts';

/** A call that carried no message (a token, a look-up, a new conversation) and brought no answer: nothing was sent. */
export function preparationUnanswered({ kind, detail, timedOut }: OutboundFailure): Rejected | Failed {
  if (kind === 'refused') return { kind: 'rejected', scope: 'connection', reason: 'url_refused', detail };
  return { kind: 'failed', reason: timedOut ? 'provider_timeout' : 'provider_unreachable', detail };
}

/** A call that carried the message and brought no answer. */
export function sendUnanswered(failure: OutboundFailure): Rejected | Failed | Unknown {
  if (failure.kind !== 'ambiguous') return preparationUnanswered(failure);
  return { kind: 'unknown', reason: failure.timedOut ? 'provider_timeout' : 'answer_lost', detail: failure.detail };
}
