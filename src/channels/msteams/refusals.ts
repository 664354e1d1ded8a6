import { isJsonObject, type JsonObject, parseJsonObject } from '../../model/json.ts';
import type { Busy, Failed, Rejected, Unknown } from '../../model/outcome.ts';
import type { Reason } from '../../model/reasons.ts';
import { cleanDetail } from '../clean-detail.ts';
import type { OutboundResponse } from '../outbound.ts';
import { parseRetryAfter } from '../retry-after.ts';

export type Step = 'create' | 'send';

/** What the connector's no means, and what may be tried once before it counts. */
export interface Verdict {
  readonly outcome: Rejected | Busy | Failed | Unknown;
  /**
   * `recreate`: the conversation is unknown there, make it anew. `renew`: we are no longer in it, another one may have
   * taken its place. `move`: this bot's connector is on another host.
   */
  readonly remedy: 'recreate' | 'renew' | 'move' | null;
  /** For `move`: the host the connector named; null when it named none. */
  readonly serviceUrl: string | null;
}

export interface RefusalContext {
  readonly step: Step;
  /** Epoch ms. */
  readonly now: number;
  /** Never to appear in a detail. */
  readonly secrets: readonly string[];
}

/** Reads any answer of the connector that is not a success. */
export function judgeRefusal(answer: OutboundResponse, context: RefusalContext): Verdict {
  const said = readError(answer.body);
  const words = [`HTTP ${answer.status}`, said.code, said.subCode, said.message].filter((word) => word !== '');
  const facts: Facts = {
    ...context,
    status: answer.status,
    said,
    detail: cleanDetail(words.join(' '), context.secrets),
    retryAfterMs: parseRetryAfter(answer.headers['retry-after'], context.now),
  };
  const remedy = findRemedy(facts);
  const serviceUrl = remedy === 'move' ? (/https?:\/\/[\w.:-]+(?:\/[\w./-]*)?/.exec(said.message)?.[0] ?? null) : null;
  return { outcome: classify(facts), remedy, serviceUrl };
}

interface Facts extends RefusalContext {
  readonly status: number;
  readonly said: ConnectorError;
  readonly detail: string;
  readonly retryAfterMs: number | null;
}

function classify(facts: Facts): Verdict['outcome'] {
  const { status, detail, retryAfterMs, step } = facts;
  if (status === 400) return classifyBadRequest(facts);
  if (status === 401) return reject('connection', 'connection_refused', detail);
  if (status === 403) return classifyForbidden(facts);
  if (status === 404) return classifyMissing(facts);
  if (status === 413) return reject('message', 'message_too_large', detail);
  if (status === 429) return { kind: 'busy', scope: 'connection', retryAfterMs, detail };
  if (NOT_DONE.has(status)) return { kind: 'failed', reason: 'provider_error', detail, retryAfterMs };
  if (status >= 300 && status < 400) return reject('recipient', 'url_refused', `${detail}: redirects are not followed`);
  if (status >= 400 && status < 500) return reject('recipient', 'provider_error', detail);
  // What is left are 5xx and statuses that make no sense; only a send can have done something.
  return { kind: step === 'send' ? 'unknown' : 'failed', reason: 'provider_error', detail, retryAfterMs };
}

/** Refused before it was worked on: a request that came too slowly, two at once for one conversation, no capacity. */
const NOT_DONE: ReadonlySet<number> = new Set([408, 409, 412, 425, 503]);

/** A bad argument of a new conversation is the member's id; of a send it is the payload, the same for everybody. */
function classifyBadRequest(facts: Facts): Rejected {
  const { step, said, detail } = facts;
  if (isForeignConversation(facts)) return goneAddress(detail);
  if (step === 'create') return reject('recipient', 'unreachable_recipient', detail);
  const isPayload = /^Bad ?(Argument|Syntax)$/i.test(said.code);
  return reject(isPayload ? 'message' : 'recipient', 'message_invalid', detail);
}

/** [what the error says somewhere, for whom it is a no, why] */
const FORBIDDEN: readonly (readonly [string, 'recipient' | 'connection', Reason])[] = [
  ['ConversationBlockedByUser', 'recipient', 'blocked_by_recipient'],
  ['MessageWritesBlocked', 'recipient', 'blocked_by_recipient'],
  ['BotNotInConversationRoster', 'recipient', 'app_not_installed'],
  ['ForbiddenOperationException', 'recipient', 'app_not_installed'],
  ['BotDisabledByAdmin', 'recipient', 'unreachable_recipient'],
  ['InvalidBotApiHost', 'connection', 'connection_refused'],
  ['NotEnoughPermissions', 'connection', 'connection_refused'],
];

/** Which of the three fields names the cause differs between documentation and practice. */
function classifyForbidden({ said, detail }: Facts): Rejected {
  const row = FORBIDDEN.find(([word]) => mentions(said, word));
  return row === undefined ? reject('recipient', 'unreachable_recipient', detail) : reject(row[1], row[2], detail);
}

function classifyMissing({ said, detail }: Facts): Rejected {
  if (mentions(said, 'ConversationNotFound')) return goneAddress(detail);
  return reject('recipient', 'unreachable_recipient', detail);
}

function findRemedy(facts: Facts): Verdict['remedy'] {
  const { status, said, step } = facts;
  if (status === 403 && mentions(said, 'InvalidBotApiHost')) return 'move';
  if (step === 'create') return null;
  const isUnknownThere = status === 404 && mentions(said, 'ConversationNotFound');
  if (isUnknownThere || isForeignConversation(facts)) return 'recreate';
  return status === 403 && REMOVED.some((word) => mentions(said, word)) ? 'renew' : null;
}

/** Said of the conversation as it was, by someone who removed or blocked the bot; it may have been added again since. */
const REMOVED = [
  'ConversationBlockedByUser',
  'MessageWritesBlocked',
  'BotNotInConversationRoster',
  'ForbiddenOperationException',
];

function isForeignConversation({ status, said }: Facts): boolean {
  return status === 400 && mentions(said, 'Failed to decrypt conversation id');
}

function goneAddress(detail: string): Rejected {
  return { ...reject('recipient', 'address_gone', detail), forgetAddress: true };
}

function reject(scope: Rejected['scope'], reason: Reason, detail: string): Rejected {
  return { kind: 'rejected', scope, reason, detail };
}

interface ConnectorError {
  readonly code: string;
  readonly subCode: string;
  readonly message: string;
}

function mentions({ code, subCode, message }: ConnectorError, word: string): boolean {
  return code.includes(word) || subCode.includes(word) || message.includes(word);
}

/**
 * The connector words its errors in four shapes: `{error:{code,message}}`, `{errorCode,message}` with JSON inside the
 * message, a bare `{message}`, and none (HTML or nothing, from the edge).
 */
function readError(body: string): ConnectorError {
  const answer = parseJsonObject(body);
  if (answer === null) return { code: '', subCode: '', message: '' };
  if (isJsonObject(answer['error'])) return readCoded(answer['error']);
  const nested = parseJsonObject(textAt(answer, 'message'));
  if (nested === null) return { code: textAt(answer, 'errorCode'), subCode: '', message: textAt(answer, 'message') };
  return {
    code: textAt(answer, 'errorCode'),
    subCode: textAt(nested, 'subCode'),
    message: textAt(nested, 'details'),
  };
}

function readCoded(error: JsonObject): ConnectorError {
  const inner = isJsonObject(error['innerHttpError']) ? error['innerHttpError']['body'] : null;
  const innerCode = isJsonObject(inner) ? textAt(inner, 'code') : '';
  return {
    code: textAt(error, 'code'),
    subCode: textAt(error, 'subCode') || innerCode,
    message: textAt(error, 'message'),
  };
}

function textAt(object: JsonObject, key: string): string {
  const value = object[key];
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
