import { isJsonObject, type JsonObject, parseJsonObject } from '../../model/json.ts';
import type { Accepted, Busy, Failed, Rejected, Unknown } from '../../model/outcome.ts';
import type { Reason } from '../../model/reasons.ts';
import { cleanDetail } from '../clean-detail.ts';
import type { OutboundResponse } from '../outbound.ts';
import { parseRetryAfter } from '../retry-after.ts';

export interface RefusalContext {
  /** This space was written to within the last second, which is as often as Google allows. */
  readonly isSpaceWarm: boolean;
  /** Epoch ms. */
  readonly now: number;
  /** Never to appear in a detail. */
  readonly secrets: readonly string[];
}

export type Refused = Rejected | Busy | Failed | Unknown;

/** Reads any answer to a message that is not a success. Accepted: an earlier attempt of ours had arrived. */
export function judgeSend(answer: OutboundResponse, context: RefusalContext): Accepted | Refused {
  const facts = readFacts(answer, 'send', context);
  // We set no message id, so what exists already is what our own request id made.
  if (facts.status === 409 && facts.said?.status === 'ALREADY_EXISTS') {
    return { kind: 'accepted', providerMessageId: null };
  }
  return classify(facts);
}

/** The same for a question, which tells nobody anything. */
export function judgeFind(answer: OutboundResponse, context: Omit<RefusalContext, 'isSpaceWarm'>): Refused {
  return classify(readFacts(answer, 'find', { ...context, isSpaceWarm: false }));
}

interface Facts extends RefusalContext {
  readonly step: Step;
  readonly status: number;
  /** Null when it was not the Chat API that spoke. */
  readonly said: GoogleError | null;
  readonly detail: string;
  readonly retryAfterMs: number | null;
}

type Step = 'send' | 'find';

function readFacts(answer: OutboundResponse, step: Step, context: RefusalContext): Facts {
  const { status, headers, body } = answer;
  const said = readError(body);
  const words = [`HTTP ${status}`, said?.status ?? '', ...(said?.reasons ?? []), said?.message ?? ''];
  const detail = cleanDetail(words.filter((word) => word !== '').join(' '), context.secrets);
  return { ...context, step, status, said, detail, retryAfterMs: parseRetryAfter(headers['retry-after'], context.now) };
}

function classify(facts: Facts): Refused {
  const { status, detail, retryAfterMs, step } = facts;
  if (status === 400) return classifyBadRequest(facts);
  if (status === 401) return reject('connection', 'connection_refused', detail);
  if (status === 403) return classifyForbidden(facts);
  if (status === 404) return classifyMissing(facts);
  if (status === 413) return reject('message', 'message_too_large', detail);
  if (status === 429) return { kind: 'busy', scope: scopeOfLimit(facts), retryAfterMs, detail };
  if (TRANSIENT.has(status)) return { kind: 'failed', reason: 'provider_error', detail, retryAfterMs };
  if (status >= 300 && status < 400)
    return reject('connection', 'url_refused', `${detail}: redirects are not followed; check apiUrl`);
  if (status >= 400 && status < 500) return reject('recipient', 'provider_error', detail);
  // What is left are 5xx and statuses that make no sense; only a send can have done something.
  return { kind: step === 'send' ? 'unknown' : 'failed', reason: 'provider_error', detail, retryAfterMs };
}

/** Aborted, as two attempts at once are; cancelled, internal, unavailable, deadline exceeded. */
const TRANSIENT: ReadonlySet<number> = new Set([408, 409, 425, 499, 500, 503, 504]);

/** An argument is the message, the same for everybody, unless Google says that it is the space. */
function classifyBadRequest({ step, said, detail }: Facts): Rejected {
  const isAboutSpace = /\bresource name\b|\bparent\b/i.test(said?.message ?? '') || said?.fields.includes('parent');
  if (step === 'find' || isAboutSpace) return reject('recipient', 'unreachable_recipient', detail);
  if (said?.status !== 'INVALID_ARGUMENT') return reject('recipient', 'message_invalid', detail);
  const isSize = /\b(?:too (?:long|large|big)|bytes|size|length)\b/i.test(said.message);
  return reject('message', isSize ? 'message_too_large' : 'message_invalid', detail);
}

const NOT_A_MEMBER = /\bnot a member of\b/i;

/** Causes that are the same for every recipient, by the reason Google gives or by its words. */
const CONNECTION_REASONS: ReadonlySet<string> = new Set([
  'SERVICE_DISABLED',
  'SERVICE_NOT_VISIBLE',
  'ACCESS_TOKEN_SCOPE_INSUFFICIENT',
  'ACCOUNT_STATE_INVALID',
  'BILLING_DISABLED',
  'CONSUMER_INVALID',
  'CONSUMER_SUSPENDED',
  'USER_PROJECT_DENIED',
  'IP_ADDRESS_BLOCKED',
  'SECURITY_POLICY_VIOLATED',
]);
const CONNECTION_WORDS =
  /\b(?:has not been used in project|it is disabled|app is disabled|scopes?|admin approval|administrator restricts)\b/i;

function classifyForbidden({ said, detail }: Facts): Rejected {
  if (said === null) return notTheApi(detail);
  if (NOT_A_MEMBER.test(said.message)) return reject('recipient', 'app_not_installed', detail);
  const isConnection =
    said.reasons.some((reason) => CONNECTION_REASONS.has(reason)) || CONNECTION_WORDS.test(said.message);
  if (isConnection) return reject('connection', 'connection_refused', detail);
  return reject('recipient', 'unreachable_recipient', detail);
}

/** A project without a configured Chat app is told so in the words of a missing space. */
function classifyMissing({ step, said, detail }: Facts): Rejected {
  if (said === null) return notTheApi(detail);
  if (/\bchat app not found\b/i.test(said.message)) return reject('connection', 'connection_refused', detail);
  if (step === 'find') return reject('recipient', 'app_not_installed', detail);
  return { ...reject('recipient', 'address_gone', detail), forgetAddress: true };
}

/** Google names the limit or not; then it is told by whether this space can be the cause at all. */
function scopeOfLimit({ said, isSpaceWarm }: Facts): Busy['scope'] {
  const limit = said?.limit ?? '';
  if (/per_?space/i.test(limit)) return 'recipient';
  return limit === '' && isSpaceWarm ? 'recipient' : 'connection';
}

function notTheApi(detail: string): Rejected {
  return reject('connection', 'connection_refused', `${detail}: not the words of the Chat API; check apiUrl`);
}

function reject(scope: Rejected['scope'], reason: Reason, detail: string): Rejected {
  return { kind: 'rejected', scope, reason, detail };
}

interface GoogleError {
  /** The canonical code, as in `PERMISSION_DENIED`. */
  readonly status: string;
  readonly message: string;
  /** Of the `ErrorInfo` details. */
  readonly reasons: readonly string[];
  /** Fields that a `BadRequest` detail finds fault with. */
  readonly fields: readonly string[];
  /** The quota that ran out, when Google names it. */
  readonly limit: string;
}

/** The google.rpc shape; null for any other body. */
function readError(body: string): GoogleError | null {
  const error = parseJsonObject(body)?.['error'];
  if (!isJsonObject(error)) return null;
  const details = objectsIn(error['details']);
  const [metadata] = details.map((detail) => detail['metadata']).filter(isJsonObject);
  return {
    status: textAt(error, 'status'),
    message: textAt(error, 'message'),
    reasons: details.map((detail) => textAt(detail, 'reason')).filter((reason) => reason !== ''),
    fields: details.flatMap((detail) => objectsIn(detail['fieldViolations'])).map((fault) => textAt(fault, 'field')),
    limit: metadata === undefined ? '' : textAt(metadata, 'quota_limit'),
  };
}

function objectsIn(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function textAt(object: JsonObject, key: string): string {
  const value = object[key];
  return typeof value === 'string' ? value : '';
}
