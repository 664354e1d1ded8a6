import type { Rejected } from '../../model/outcome.ts';
import type { Reason } from '../../model/reasons.ts';

export interface GraphError {
  readonly code: number;
  readonly subcode: number | null;
  readonly message: string;
  readonly details: string;
}

export type Meaning = Refusal | Limit | { readonly kind: 'failed' } | { readonly kind: 'unknown' };

interface Refusal {
  readonly kind: 'rejected';
  readonly scope: Rejected['scope'];
  readonly reason: Reason;
  readonly silence?: 'opted_out';
}

interface Limit {
  readonly kind: 'busy';
  readonly scope: 'recipient' | 'connection';
  /** The least to wait, whatever was said. */
  readonly floorMs: number;
  /** What to wait when nothing was said; null: the engine's back-off. */
  readonly usualMs: number | null;
}

/** More than 24 hours since the person wrote, so only a template may be sent. */
export const OUTSIDE_WINDOW = 131047;

/** What Meta's error means for the recipient, by its code; undefined for a code that is not documented. */
export function meaningOf(error: GraphError): Meaning | undefined {
  const { code, subcode } = error;
  if (code === 100 && subcode === 33) return BAD_CONNECTION;
  if (PARAMETER_CODES.has(code) && isAboutRecipient(error)) return UNREACHABLE;
  return code >= 200 && code <= 299 ? BAD_CONNECTION : MEANINGS.get(code);
}

const UNREACHABLE: Refusal = { kind: 'rejected', scope: 'recipient', reason: 'unreachable_recipient' };
/** Of marketing messages. */
const OPTED_OUT: Refusal = { kind: 'rejected', scope: 'recipient', reason: 'opted_out', silence: 'opted_out' };
const BAD_CONNECTION: Refusal = { kind: 'rejected', scope: 'connection', reason: 'connection_refused' };
const BAD_MESSAGE: Refusal = { kind: 'rejected', scope: 'message', reason: 'message_invalid' };
const LONG_MESSAGE: Refusal = { kind: 'rejected', scope: 'message', reason: 'message_too_large' };
const FAILED: Meaning = { kind: 'failed' };
const UNKNOWN: Meaning = { kind: 'unknown' };
/** One message in six seconds to the same person. */
const PAIR_LIMIT: Limit = { kind: 'busy', scope: 'recipient', floorMs: 6_000, usualMs: 6_000 };
const NUMBER_LIMIT: Limit = { kind: 'busy', scope: 'connection', floorMs: 0, usualMs: null };
const ACCOUNT_LIMIT: Limit = { kind: 'busy', scope: 'connection', floorMs: 0, usualMs: 15 * 60_000 };

/** 133016 limits registrations and 131048 follows complaints: both last for hours and want a person's eye. */
const MEANINGS: ReadonlyMap<number, Meaning> = new Map([
  ...means(BAD_CONNECTION, 0, 190, 3, 10, 131005, 368, 131031, 33, 131042, 131045, 133006, 133010, 131037),
  ...means(BAD_CONNECTION, 131048, 133016),
  ...means(UNREACHABLE, 130497, 131021, 131026, OUTSIDE_WINDOW, 130472, 131049),
  ...means(OPTED_OUT, 131050),
  ...means(BAD_MESSAGE, 100, 131008, 131009, 131051, 131053, 135000),
  ...means(BAD_MESSAGE, 132000, 132001, 132007, 132012, 132015, 132016, 132068, 132069),
  ...means(LONG_MESSAGE, 132005),
  ...means(PAIR_LIMIT, 131056),
  ...means(NUMBER_LIMIT, 130429),
  ...means(ACCOUNT_LIMIT, 80007, 4, 613),
  ...means(FAILED, 1, 2, 131016, 133004, 131057),
  ...means(UNKNOWN, 131000),
]);

function means(meaning: Meaning, ...codes: readonly number[]): [number, Meaning][] {
  return codes.map((code) => [code, meaning]);
}

/** These find fault with a parameter, and that may be the one that names the recipient: nobody else's message is bad. */
const PARAMETER_CODES: ReadonlySet<number> = new Set([100, 131008, 131009]);
const RECIPIENT_WORDS = /\brecipient\b|['"[(]to['"\])]|\bparam(?:eter)?:? to\b/i;

function isAboutRecipient({ message, details }: GraphError): boolean {
  return RECIPIENT_WORDS.test(message) || RECIPIENT_WORDS.test(details);
}
