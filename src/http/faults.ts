/**
 * Every way a request can be refused, in the order the Kore routes decide them. A fault has two faces: the frozen
 * envelope of the Kore routes (status, numeric code, exact text) and an RFC 9457 problem on the native ones (status,
 * stable code, title). Faults of one token look alike on the native routes, so that they tell an attacker nothing.
 */
export const FAULTS = {
  request_malformed: row([400, 400, 'Bad Request'], [400, 'request_malformed', 'The request is malformed']),
  route_unknown: row([404, 404, 'Not Found'], [404, 'not_found', 'There is nothing at this address']),
  method_not_allowed: row(
    [405, 405, 'Method Not Allowed'],
    [405, 'method_not_allowed', 'The method is not allowed here'],
  ),
  token_missing: row([401, 4002, 'Invalid SDK credentials'], unauthenticated()),
  token_malformed: row([401, 4002, 'Invalid JWT token'], unauthenticated()),
  token_refused: row([401, 4002, 'Invalid SDK credentials'], unauthenticated()),
  tokens_limited: row(
    [429, 429, 'Too Many Requests'],
    [429, 'tokens_limited', 'Too many tokens from this address or of this app were refused'],
  ),
  jti_missing: row([401, 401, 'error verifying the jwt: "jti" claim is required'], unauthenticated()),
  jti_too_long_lived: row(
    [401, 401, 'error verifying the jwt: if "jti" claim "exp" must be <= 1 hour(s)'],
    unauthenticated(),
  ),
  jti_replayed: row([401, 401, 'error verifying the jwt: possibly a replay'], unauthenticated()),
  scope_missing: row(
    [401, 4002, 'Permission denied. Scope is incorrect!'],
    [403, 'scope_missing', 'The app lacks the scope this call needs'],
  ),
  role_missing: row(
    [401, 4002, 'Permission denied. Scope is incorrect!'],
    [403, 'role_missing', "The operator's role does not allow it"],
  ),
  cross_origin: row([403, 403, 'Forbidden'], [403, 'cross_origin', 'Another site asked for it']),
  session_missing: row([401, 401, 'Unauthorized'], unauthenticated()),
  sign_in_refused: row(
    [401, 401, 'Unauthorized'],
    [401, 'sign_in_refused', 'Nobody signs in with this e-mail and this password'],
  ),
  sign_ins_limited: row([429, 429, 'Too Many Requests'], [429, 'sign_ins_limited', 'Too many attempts to sign in']),
  provider_unknown: row([404, 404, 'Not Found'], [404, 'not_found', 'There is no such provider']),
  provider_unavailable: row(
    [502, 502, 'Bad Gateway'],
    [502, 'provider_unavailable', 'The provider of identities does not answer as it should'],
  ),
  link_refused: row([410, 410, 'Gone'], [410, 'link_refused', 'The link was used, has run out, or never was']),
  password_weak: row([422, 422, 'Unprocessable Content'], [422, 'password_weak', 'The password is too easy to guess']),
  bot_forbidden: row([401, 4002, 'Invalid SDK credentials'], botNotFound()),
  bot_unknown: row([400, 400, 'Invalid StreamId'], botNotFound()),
  minute_limit: row(
    [429, 429, "You've exceeded the per-minute rate limit. Please wait for sometime before retrying."],
    [429, 'rate_limited', 'Too many calls in the last minute'],
  ),
  hour_limit: row(
    [429, 429, "You've exceeded the hourly rate limit. Please wait for sometime before retrying."],
    [429, 'rate_limited', 'Too many calls in the last hour'],
  ),
  body_too_large: row([413, 413, 'Payload Too Large'], [413, 'body_too_large', 'The body is too large']),
  body_too_slow: row([408, 408, 'Request Timeout'], [408, 'body_too_slow', 'The body did not arrive in time']),
  media_type: row([415, 415, 'Unsupported Media Type'], [415, 'media_type', 'The media type is not supported']),
  body_invalid: row(
    [412, 412, 'Validation errors/ Invalid arguments'],
    [400, 'body_invalid', 'The request does not fit the schema'],
  ),
  idempotency_key_reused: row(
    [422, 422, 'Idempotency-Key was used before with a different body'],
    [422, 'idempotency_key_reused', 'The Idempotency-Key was used before with a different body'],
  ),
  notification_cancelled: row(
    [409, 409, 'Conflict'],
    [409, 'notification_cancelled', 'The notification was cancelled, which is for good'],
  ),
  notification_begun: row([409, 409, 'Conflict'], [409, 'notification_begun', 'The notification has begun to be sent']),
  retry_running: row([409, 409, 'Conflict'], [409, 'retry_running', 'Another retry of the notification is going on']),
  recipients_removed: row(
    [410, 410, 'Gone'],
    [410, 'recipients_removed', 'What became of its recipients is kept no longer'],
  ),
  notification_unknown: row([400, 400, 'Invalid request ID'], [404, 'not_found', 'There is no such notification']),
  person_unknown: row([404, 404, 'Not Found'], [404, 'not_found', 'There is no such person']),
  erasure_unknown: row([404, 404, 'Not Found'], [404, 'not_found', 'There is no such erasure']),
  connection_unknown: row([404, 404, 'Not Found'], [404, 'not_found', 'There is no such connection']),
  template_unknown: row([404, 404, 'Not Found'], [404, 'not_found', 'There is no such template']),
  precondition_failed: row(
    [412, 412, 'Precondition Failed'],
    [412, 'precondition_failed', 'It is not as the call expected it'],
  ),
  operator_unknown: row([404, 404, 'Not Found'], [404, 'not_found', 'There is no such operator']),
  operator_exists: row([409, 409, 'Conflict'], [409, 'operator_exists', 'Somebody signs in with this e-mail already']),
  last_admin: row([409, 409, 'Conflict'], [409, 'last_admin', 'Nobody would be left who can sign in as an admin']),
  app_unknown: row([404, 404, 'Not Found'], [404, 'not_found', 'There is no such app']),
  suppression_unknown: row([404, 404, 'Not Found'], [404, 'not_found', 'The identity is not suppressed']),
  declared_in_file: row(
    [409, 409, 'Conflict'],
    [409, 'declared_in_file', 'The configuration file declares it, and the file wins'],
  ),
  secret_key_missing: row(
    [409, 409, 'Conflict'],
    [409, 'secret_key_missing', 'The server has no key to seal secrets with'],
  ),
  checks_busy: row([503, 503, 'Service Unavailable'], [503, 'checks_busy', 'Other connections are being checked']),
  people_invalid: row(
    [422, 422, 'Unprocessable Content'],
    [422, 'people_invalid', 'The file cannot be imported as it is'],
  ),
  audience_unsealed: row(
    [400, 400, 'Invalid request ID'],
    [409, 'audience_unsealed', 'Its recipients are still being received'],
  ),
  audience_collecting: row(
    [503, 503, 'Service Unavailable'],
    [503, 'audience_collecting', 'It is still being looked up whom it is for'],
  ),
  plan_unknown: row([404, 404, 'Not Found'], [404, 'plan_unknown', 'There is no such plan, or it has expired']),
  plan_outdated: row([409, 409, 'Conflict'], [409, 'plan_outdated', 'The plan cannot be kept to any more']),
  audience_empty: row([409, 409, 'Conflict'], [409, 'audience_empty', 'It is for nobody, and so it is over']),
  audience_sealed: row([409, 409, 'Conflict'], [409, 'audience_sealed', 'It is sealed: nobody more is taken']),
  audience_incomplete: row(
    [409, 409, 'Conflict'],
    [409, 'audience_incomplete', 'The audience is not what the seal says it is'],
  ),
  chunk_conflict: row([409, 409, 'Conflict'], [409, 'chunk_conflict', 'Another chunk has this number']),
  chunk_invalid: row(
    [422, 422, 'Unprocessable Content'],
    [422, 'chunk_invalid', 'Lines of the chunk are bad, so nobody of it was taken'],
  ),
  digest_mismatch: row(
    [400, 400, 'Bad Request'],
    [400, 'digest_mismatch', 'What arrived is not what the Content-Digest says was sent'],
  ),
  audiences_open: row(
    [429, 429, 'Too Many Requests'],
    [429, 'audiences_open', 'Too many audiences of this bot are not sealed'],
  ),
  callback_unknown: row([404, 404, 'Not Found'], [404, 'not_found', 'No connection listens here']),
  callbacks_busy: row(
    [503, 503, 'Service Unavailable'],
    [503, 'callbacks_busy', 'Too many events at once: send it again later'],
  ),
  imports_busy: row([429, 429, 'Too Many Requests'], [429, 'imports_busy', 'Other imports of this bot are running']),
  streams_busy: row(
    [429, 429, 'Too Many Requests'],
    [429, 'streams_busy', 'Too many streams of events of this app are open'],
  ),
  bot_backlog_full: row(
    [429, 429, 'Too Many Requests'],
    [429, 'bot_backlog_full', 'Too many recipients of this bot wait to be sent to'],
  ),
  backlog_full: row([503, 503, 'Service Unavailable'], [503, 'backlog_full', 'Too many recipients wait to be sent to']),
  store_unavailable: row(
    [503, 503, 'Service Unavailable'],
    [503, 'store_unavailable', 'The database cannot be reached just now'],
  ),
  store_full: row([503, 503, 'Service Unavailable'], [503, 'store_full', 'The database takes nothing new just now']),
  overloaded: row(
    [503, 503, 'Service Unavailable'],
    [503, 'overloaded', 'The server has more calls than it can take: send it again later'],
  ),
  draining: row([503, 503, 'Service Unavailable'], [503, 'draining', 'The server is shutting down']),
  internal: row([500, 500, 'Internal Server Error'], [500, 'internal', 'The server failed']),
} as const;

export type FaultName = keyof typeof FAULTS;

interface FaultRow {
  readonly kore: { readonly status: number; readonly code: number; readonly text: string };
  readonly native: { readonly status: number; readonly code: string; readonly title: string };
}

/**
 * Ends a request. `detail` names the thing and the fix and is shown to the caller, so it holds nothing the caller may
 * not know. `headers` go with the reply. `pointer` is the place in the body that is meant (RFC 6901).
 */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly fault: FaultName;
  readonly detail: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly pointer: string | null;

  constructor(
    fault: FaultName,
    detail: string | null = null,
    headers: Readonly<Record<string, string>> = {},
    pointer: string | null = null,
  ) {
    super(detail === null ? fault : `${fault}: ${detail}`);
    this.fault = fault;
    this.detail = detail;
    this.headers = headers;
    this.pointer = pointer;
  }
}

function row(kore: readonly [number, number, string], native: readonly [number, string, string]): FaultRow {
  return {
    kore: { status: kore[0], code: kore[1], text: kore[2] },
    native: { status: native[0], code: native[1], title: native[2] },
  };
}

function unauthenticated(): readonly [number, string, string] {
  return [401, 'unauthenticated', 'A valid token is needed: send it as "auth: <JWT>" or "Authorization: Bearer <JWT>"'];
}

function botNotFound(): readonly [number, string, string] {
  return [404, 'bot_not_found', 'There is no such bot for this app'];
}
