import { isJsonObject, type Json, type JsonObject, parseJsonObject } from '../../model/json.ts';
import type { Busy, Failed, Rejected, Unknown } from '../../model/outcome.ts';
import type { Reason } from '../../model/reasons.ts';
import { cleanDetail } from '../clean-detail.ts';
import type { OutboundResponse } from '../outbound.ts';
import { parseRetryAfter } from '../retry-after.ts';
import { type GraphError, type Meaning, meaningOf, OUTSIDE_WINDOW } from './codes.ts';
import { readRegainMs } from './usage.ts';

export interface RefusalContext {
  /** Epoch ms. */
  readonly now: number;
  /** Never to appear in a detail. */
  readonly secrets: readonly string[];
}

export type Refused = Rejected | Busy | Failed | Unknown;

/** Reads any answer that is no success. Meta's code says it all; the HTTP status counts only where there is none. */
export function judgeAnswer(answer: OutboundResponse, context: RefusalContext): Refused {
  const facts = readFacts(answer, context);
  const meaning = facts.said === null ? undefined : meaningOf(facts.said);
  if (meaning === undefined) return judgeStatus(facts);
  const { detail, retryAfterMs, regainMs } = facts;
  switch (meaning.kind) {
    case 'rejected':
      return { ...meaning, detail };
    case 'busy': {
      const { scope, floorMs, usualMs } = meaning;
      const saidMs = scope === 'connection' ? longest(retryAfterMs, regainMs) : retryAfterMs;
      const waitMs = saidMs ?? usualMs;
      return { kind: 'busy', scope, retryAfterMs: waitMs === null ? null : Math.max(waitMs, floorMs), detail };
    }
    default:
      return { kind: meaning.kind, reason: 'provider_error', detail, retryAfterMs };
  }
}

/** What a webhook tells of a message that was taken and then not delivered, or of the account. */
export interface Report {
  readonly reason: Reason;
  readonly detail: string;
  readonly silence?: 'opted_out';
  /** Not about one message: nothing will go out before somebody has seen to it. */
  readonly isOfConnection: boolean;
}

/** `error` is one entry of `errors`. */
export function judgeReport(error: Json | undefined, secrets: readonly string[]): Report {
  const said = readError(error);
  if (said === null) return { reason: 'provider_error', detail: 'WhatsApp gave no reason.', isOfConnection: false };
  const meaning = meaningOf(said);
  const detail = tell(said, secrets);
  if (meaning?.kind !== 'rejected') return { reason: reasonOf(meaning), detail, isOfConnection: false };
  const { reason, scope, silence } = meaning;
  return { reason, detail, isOfConnection: scope === 'connection', ...(silence === undefined ? {} : { silence }) };
}

/** Whether only a template would have been taken. */
export function wantsTemplate({ body }: OutboundResponse): boolean {
  return readError(parseJsonObject(body)?.['error'])?.code === OUTSIDE_WINDOW;
}

const reasonOf = (meaning: Meaning | undefined): Reason =>
  meaning?.kind === 'busy' ? 'rate_limited' : 'provider_error';

interface Facts {
  readonly status: number;
  /** Null when it was not the Graph API that spoke. */
  readonly said: GraphError | null;
  readonly detail: string;
  readonly retryAfterMs: number | null;
  /** Until the account may send again, by the usage header. */
  readonly regainMs: number | null;
}

function readFacts({ status, headers, body }: OutboundResponse, { now, secrets }: RefusalContext): Facts {
  const said = readError(parseJsonObject(body)?.['error']);
  const detail = said === null ? `HTTP ${status}` : tell(said, secrets);
  const retryAfterMs = parseRetryAfter(headers['retry-after'], now);
  return { status, said, detail, retryAfterMs, regainMs: readRegainMs(headers['x-business-use-case-usage']) };
}

function tell({ code, message, details }: GraphError, secrets: readonly string[]): string {
  const words = [`WhatsApp said ${code}`, message, details];
  return cleanDetail(words.filter((word) => word !== '').join(': '), secrets);
}

const LEADING_CODE = /^\(#\d+\) /;

function readError(error: Json | undefined): GraphError | null {
  if (!isJsonObject(error)) return null;
  const { code, error_subcode: subcode, error_data: data } = error;
  const message = textAt(error, 'message') || textAt(error, 'title');
  if (typeof code !== 'number' || !Number.isSafeInteger(code)) return null;
  return {
    code,
    subcode: typeof subcode === 'number' ? subcode : null,
    message: message.replace(LEADING_CODE, ''),
    details: isJsonObject(data) ? textAt(data, 'details') : '',
  };
}

/** What stands before the API, or a code that is not in the table. */
function judgeStatus({ status, said, detail, retryAfterMs, regainMs }: Facts): Refused {
  if (status === 429)
    return { kind: 'busy', scope: 'connection', retryAfterMs: longest(retryAfterMs, regainMs), detail };
  if (status === 503) return { kind: 'failed', reason: 'provider_error', detail, retryAfterMs };
  if (status >= 300 && status < 400)
    return reject('connection', 'url_refused', `${detail}: redirects are not followed; check apiUrl`);
  if (status === 413) return reject('message', 'message_too_large', detail);
  const isElsewhere = said === null && (status === 401 || status === 403 || status === 404);
  if (isElsewhere)
    return reject('connection', 'connection_refused', `${detail}: not the words of the Graph API; check apiUrl`);
  if (status >= 400 && status < 500) return reject('recipient', 'provider_error', detail);
  const isSilent = said === null && status < 300;
  const lost = `WhatsApp answered ${status} without a message id, so it is not known whether the message is out.`;
  return {
    kind: 'unknown',
    reason: isSilent ? 'answer_lost' : 'provider_error',
    detail: isSilent ? lost : detail,
    retryAfterMs,
  };
}

function reject(scope: Rejected['scope'], reason: Reason, detail: string): Rejected {
  return { kind: 'rejected', scope, reason, detail };
}

function longest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

function textAt(object: JsonObject, key: string): string {
  const value = object[key];
  return typeof value === 'string' ? value : '';
}
