import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { Busy, Failed, Rejected, Unknown } from '../../model/outcome.ts';
import type { Reason } from '../../model/reasons.ts';
import { cleanDetail } from '../clean-detail.ts';
import type { OutboundResponse } from '../outbound.ts';
import { parseRetryAfter } from '../retry-after.ts';
import { preparationUnanswered, sendUnanswered } from '../unanswered.ts';
import type { SlackAnswer } from './web-api.ts';

export interface RefusalContext {
  /** Whether the call carried the message; the others cannot have delivered anything. */
  readonly isSend: boolean;
  /** Epoch ms. */
  readonly now: number;
  /** Never to appear in a detail. */
  readonly secrets: readonly string[];
}

export type SlackRefusal = Rejected | Busy | Failed | Unknown;

/** What any answer but `ok: true` means for the recipient. */
export function judgeRefusal(answer: Exclude<SlackAnswer, { kind: 'ok' }>, context: RefusalContext): SlackRefusal {
  switch (answer.kind) {
    case 'unanswered':
      return context.isSend ? sendUnanswered(answer.failure) : preparationUnanswered(answer.failure);
    case 'malformed':
      return reject('recipient', 'message_invalid', 'The message holds text that cannot be put on the wire.');
    case 'response':
      return judgeStatus(answer.response, context);
    case 'no':
      return judgeError(answer, context);
  }
}

/** Slack says no at status 200; other statuses come from what stands before it. */
function judgeStatus({ status, headers }: OutboundResponse, context: RefusalContext): SlackRefusal {
  const retryAfterMs = parseRetryAfter(headers['retry-after'], context.now);
  const detail = `Slack answered ${status}.`;
  if (status === 429) return { kind: 'busy', scope: 'connection', retryAfterMs, detail };
  if (status === 503) return { kind: 'failed', reason: 'provider_error', detail, retryAfterMs };
  if (status >= 300 && status < 400)
    return reject('connection', 'url_refused', `${detail} Redirects are not followed.`);
  if (status === 413) return reject('message', 'message_too_large', detail);
  if (status >= 400 && status < 500) return reject('connection', 'connection_refused', `${detail} Check apiUrl.`);
  if (status === 200) return lost('Slack answered 200 without its JSON.', context);
  return { ...lost(detail, context), retryAfterMs };
}

function judgeError(answer: Extract<SlackAnswer, { kind: 'no' }>, context: RefusalContext): SlackRefusal {
  const { error, response } = answer;
  const detail = cleanDetail(`Slack said ${error}${explain(answer.body)}`, context.secrets);
  const retryAfterMs = parseRetryAfter(response.headers['retry-after'], context.now);
  const meaning = MEANINGS.get(error.startsWith('restricted_action') ? 'restricted_action' : error);
  switch (meaning) {
    case undefined:
      return reject('recipient', 'provider_error', detail);
    case 'busy':
      return { kind: 'busy', scope: 'connection', retryAfterMs: retryAfterMs ?? LONG_WAITS[error] ?? null, detail };
    case 'failed':
      return { kind: 'failed', reason: 'provider_error', detail, retryAfterMs };
    case 'unknown':
      return { ...lost(detail, context), retryAfterMs };
    default:
      return { ...reject(meaning.scope, meaning.reason, detail), ...(meaning.isGone ? { forgetAddress: true } : {}) };
  }
}

function lost(detail: string, { isSend }: RefusalContext): Failed | Unknown {
  return { kind: isSend ? 'unknown' : 'failed', reason: 'provider_error', detail };
}

function reject(scope: Rejected['scope'], reason: Reason, detail: string): Rejected {
  return { kind: 'rejected', scope, reason, detail };
}

/** `missing_scope` names the scopes; of arguments and blocks that are refused the metadata says where. */
function explain({ needed, response_metadata: metadata }: JsonObject): string {
  if (typeof needed === 'string') return ` (needed: ${needed})`;
  const messages = isJsonObject(metadata) ? metadata['messages'] : null;
  const said = Array.isArray(messages) ? messages[0] : null;
  return typeof said === 'string' ? `: ${said.slice(0, 300)}` : '';
}

/** The free plan's cap on messages is the workspace's and lifts after hours, not seconds. */
const LONG_WAITS: Readonly<Record<string, number>> = { message_limit_exceeded: 3_600_000 };

interface Definite {
  readonly scope: Rejected['scope'];
  readonly reason: Reason;
  /** Slack does not know the id any more. */
  readonly isGone?: true;
}

type Meaning = Definite | 'busy' | 'failed' | 'unknown';

const GONE: Definite = { scope: 'recipient', reason: 'address_gone', isGone: true };
const UNREACHABLE: Definite = { scope: 'recipient', reason: 'unreachable_recipient' };
const BAD_CONNECTION: Definite = { scope: 'connection', reason: 'connection_refused' };
const BAD_MESSAGE: Definite = { scope: 'message', reason: 'message_invalid' };
const LONG_MESSAGE: Definite = { scope: 'message', reason: 'message_too_large' };

const MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ...means(GONE, 'users_not_found user_not_found channel_not_found'),
  ...means(
    UNREACHABLE,
    'user_not_visible user_disabled invalid_user_combination is_archived not_in_channel cannot_reply_to_message',
    'app_access_restricted messages_tab_disabled restricted_action method_not_supported_for_channel_type ekm_access_denied',
  ),
  ...means(
    BAD_CONNECTION,
    'invalid_auth not_authed account_inactive token_revoked token_expired no_permission missing_scope',
    'not_allowed_token_type org_login_required two_factor_setup_required access_denied accesslimited',
    'enterprise_is_restricted team_not_found team_access_not_granted is_bot method_deprecated deprecated_endpoint',
    'unknown_method',
  ),
  ...means(
    LONG_MESSAGE,
    'msg_too_long msg_blocks_too_long too_many_attachments attachment_payload_limit_exceeded metadata_too_large',
  ),
  ...means(
    BAD_MESSAGE,
    'no_text invalid_blocks invalid_blocks_format too_many_contact_cards markdown_text_conflict invalid_metadata_format',
    'invalid_metadata_schema metadata_must_be_sent_from_app missing_file_data as_user_not_supported invalid_arguments',
    'invalid_arg_name invalid_array_arg invalid_charset invalid_form_data invalid_post_type missing_post_type',
    'users_list_not_supplied too_many_users',
  ),
  ...means('busy', 'ratelimited rate_limited message_limit_exceeded'),
  ...means('failed', 'service_unavailable request_timeout team_added_to_org'),
  ...means('unknown', 'fatal_error internal_error'),
]);

function means(meaning: Meaning, ...errors: readonly string[]): [string, Meaning][] {
  return errors.flatMap((line) => line.split(' ')).map((error) => [error, meaning]);
}
