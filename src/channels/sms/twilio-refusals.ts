import { parseJsonObject } from '../../model/json.ts';
import type { Rejected } from '../../model/outcome.ts';
import type { Reason } from '../../model/reasons.ts';
import { cleanDetail } from '../clean-detail.ts';
import type { OutboundResponse } from '../outbound.ts';
import { parseRetryAfter } from '../retry-after.ts';
import { judgeStatus, type Refused, reject } from './refusals.ts';

export interface RefusalContext {
  /** Epoch ms. */
  readonly now: number;
  /** Never to appear in a detail. */
  readonly secrets: readonly string[];
}

/** Reads any answer of Twilio's that is not a success. Its code decides; without one the status does. */
export function judgeTwilio(answer: OutboundResponse, { now, secrets }: RefusalContext): Refused {
  const { status, headers, body } = answer;
  const retryAfterMs = parseRetryAfter(headers['retry-after'], now);
  const said = readError(body);
  const words = said === null ? '' : ` ${said.code} ${said.message}`;
  const detail = cleanDetail(`HTTP ${status}${words}`, secrets);
  // A code is believed only where it can be the reason: nothing is known of a 5xx, whatever its body says.
  const meaning = said === null || status < 400 || status >= 500 ? undefined : MEANINGS.get(said.code);
  if (meaning === BUSY) return { kind: 'busy', scope: 'connection', retryAfterMs, detail };
  if (meaning === STOPPED) return { ...reject(...STOPPED, detail), silence: 'opted_out' };
  if (meaning !== undefined) return reject(...meaning, detail);
  if (status === 404 && said === null) {
    return reject('connection', 'connection_refused', `${detail}: not the words of the Twilio API; check apiUrl`);
  }
  return judgeStatus({ status, detail, retryAfterMs }, 'apiUrl');
}

type Meaning = typeof BUSY | readonly [Rejected['scope'], Reason];

/** Certainly not taken, and welcome later. */
const BUSY = 'busy';
const UNREACHABLE: Meaning = ['recipient', 'unreachable_recipient'];
const STOPPED = ['recipient', 'opted_out'] as const satisfies Meaning;
const CONNECTION: Meaning = ['connection', 'connection_refused'];
const INVALID: Meaning = ['message', 'message_invalid'];
const TOO_LARGE: Meaning = ['message', 'message_too_large'];

/** To answered STOP. */
export const STOPPED_CODE = 21610;

/** A code that is not here speaks by its status, which for 400 means: of this recipient only. */
const MEANINGS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  // The account, its credentials, its sender
  [20003, CONNECTION], // wrong SID or secret
  [20005, CONNECTION], // account not active
  [20008, CONNECTION], // test credentials
  [20404, CONNECTION], // no such account
  [90010, CONNECTION], // account not active
  [21212, CONNECTION], // From is no number
  [21603, CONNECTION], // From is missing
  [21606, CONNECTION], // From cannot send messages
  [21609, CONNECTION], // Twilio cannot call publicUrl
  [21659, CONNECTION], // From belongs to somebody else
  [21705, CONNECTION], // no such messaging service
  // Later
  [14107, BUSY], // rate of messages exceeded
  [20429, BUSY], // too many calls at once; documented as not processed
  [21611, BUSY], // the queue of the sender is full
  [63038, BUSY], // daily cap
  // The recipient
  [21201, UNREACHABLE], // To is no number
  [21211, UNREACHABLE], // To is no valid number
  [21214, UNREACHABLE], // To cannot be reached
  [21217, UNREACHABLE], // To is no valid number
  [21265, UNREACHABLE], // To is a short code
  [21408, UNREACHABLE], // To's country is not allowed: true of that country only
  [STOPPED_CODE, STOPPED],
  [21604, UNREACHABLE], // To is empty
  [21612, UNREACHABLE], // no route from From to To
  [21614, UNREACHABLE], // To is no mobile number
  // The message
  [21602, INVALID], // nothing in it
  [21617, TOO_LARGE], // more than 1,600 characters
  [21619, INVALID], // nothing in it, to a messaging service
  [21655, INVALID], // contentSid
  [21656, INVALID], // contentVariables
  [92005, INVALID], // contentVariables without contentSid
]);

/** What a code means where it comes later than the answer to a call. */
export function reasonOfCode(code: number): Reason | null {
  const meaning = MEANINGS.get(code);
  if (meaning === undefined) return null;
  return meaning === BUSY ? 'rate_limited' : meaning[1];
}

function readError(body: string): { readonly code: number; readonly message: string } | null {
  const error = parseJsonObject(body);
  const code = error?.['code'];
  const message = error?.['message'];
  return typeof code === 'number' ? { code, message: typeof message === 'string' ? message : '' } : null;
}
