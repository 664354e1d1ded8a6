import { isJsonObject, parseJsonObject } from '../../model/json.ts';
import type { Busy, Failed, Rejected, Unknown } from '../../model/outcome.ts';
import type { Reason } from '../../model/reasons.ts';
import { cleanDetail } from '../clean-detail.ts';
import type { OutboundResponse } from '../outbound.ts';
import { parseRetryAfter } from '../retry-after.ts';

export interface RefusalContext {
  /** The push service's. */
  readonly host: string;
  /** Epoch ms. */
  readonly now: number;
  /** Never to appear in a detail. */
  readonly secrets: readonly string[];
}

export type Refused = Rejected | Busy | Failed | Unknown;

/** Reads any answer that is no success. Every service words its refusals in its own way; the status is common to all. */
export function judgeAnswer(answer: OutboundResponse, { host, now, secrets }: RefusalContext): Refused {
  const { status, headers } = answer;
  const said = readSaid(answer.body);
  const detail = cleanDetail(`${host} answered ${status}${said.words === '' ? '' : `: ${said.words}`}`, secrets);
  const retryAfterMs = parseRetryAfter(headers['retry-after'], now);
  // For the recipient's first scope, which is the push service.
  if (status === 429) return { kind: 'busy', scope: 'recipient', retryAfterMs, detail };
  if (NOT_DONE.has(status)) return { kind: 'failed', reason: 'provider_error', detail, retryAfterMs };
  if (status >= 500) return { kind: 'unknown', reason: 'provider_error', detail, retryAfterMs };
  return { kind: 'rejected', ...meaningOf(status, said), detail };
}

/** Besides what came too early: the services promise that a message they answered this to was not taken. */
const NOT_DONE: ReadonlySet<number> = new Set([408, 425, 500, 502, 503]);

type Meaning = Pick<Rejected, 'scope' | 'reason' | 'forgetAddress'>;

const recipient = (reason: Reason): Meaning => ({ scope: 'recipient', reason });
const GONE: Meaning = { ...recipient('address_gone'), forgetAddress: true };
const BAD_CONNECTION: Meaning = { scope: 'connection', reason: 'connection_refused' };
const BAD_MESSAGE: Meaning = { scope: 'message', reason: 'message_invalid' };
const LONG_MESSAGE: Meaning = { scope: 'message', reason: 'message_too_large' };
const UNREACHABLE = recipient('unreachable_recipient');

function meaningOf(status: number, { errno, words }: Said): Meaning {
  if (status < 400) return recipient('url_refused');
  if (AUTH_STATUSES.has(status) && OTHER_KEY.test(words)) return UNREACHABLE;
  const byErrno = ERRNOS.get(errno);
  if (byErrno !== undefined) return byErrno;
  if (status === 404 || status === 410) return GONE;
  if (status === 413) return LONG_MESSAGE;
  if (status === 401 || status === 403) return BAD_CONNECTION;
  return status === 400 && ABOUT_TOKEN.test(words) ? BAD_CONNECTION : recipient('provider_error');
}

const AUTH_STATUSES: ReadonlySet<number> = new Set([400, 401, 403]);

/**
 * The browser subscribed with another VAPID key than the connection's: Apple, Mozilla, and Google in three ways. The
 * address is kept: if it is the setting that is wrong, a directory full of good ones would be lost.
 */
const OTHER_KEY =
  /VapidPkHashMismatch|VAPID public key mismatch|do(?:es)? not correspond to the (?:credentials|sender)|UnauthorizedRegistration|MismatchSenderId/i;

/** What the token that says who sends is called: a 400 because of it is not about the message. */
const ABOUT_TOKEN = /vapid|jwt|authorization|provider ?token|crypto-key/i;

/** Mozilla's own numbers. */
const ERRNOS: ReadonlyMap<number | null, Meaning> = new Map([
  [101, UNREACHABLE],
  [102, GONE],
  [103, GONE],
  [104, LONG_MESSAGE],
  [105, GONE],
  [106, GONE],
  [108, UNREACHABLE],
  [109, BAD_CONNECTION],
  [110, UNREACHABLE],
  [111, BAD_MESSAGE],
  [112, BAD_MESSAGE],
  [113, BAD_MESSAGE],
]);

interface Said {
  /** Mozilla's number; null when there is none. */
  readonly errno: number | null;
  /** `message` (Mozilla), `reason` (Apple), or a line of text (Google); empty when it said nothing. */
  readonly words: string;
}

function readSaid(body: string): Said {
  const json = parseJsonObject(body);
  if (json === null) return { errno: null, words: body.startsWith('<') ? '' : body.slice(0, 1000).trim() };
  const { errno, error } = json;
  const inner = isJsonObject(error) ? error : json;
  const words = [inner['message'], inner['reason'], error].find((word) => typeof word === 'string' && word !== '');
  return {
    errno: typeof errno === 'number' ? errno : null,
    words: typeof words === 'string' ? words.slice(0, 1000) : '',
  };
}
