import { type Answer, json } from './provider.ts';

/** The Chat API's refusals, in the shape all Google APIs share (google.rpc.Status as JSON). */
export const unauthenticated = rpc(
  401,
  'UNAUTHENTICATED',
  'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.',
  [errorInfo('ACCESS_TOKEN_EXPIRED')],
);
export const scopeInsufficient = rpc(403, 'PERMISSION_DENIED', 'Request had insufficient authentication scopes.', [
  errorInfo('ACCESS_TOKEN_SCOPE_INSUFFICIENT'),
]);
export const apiDisabled = rpc(
  403,
  'PERMISSION_DENIED',
  'Google Chat API has not been used in project 123456789012 before or it is disabled.',
  [errorInfo('SERVICE_DISABLED', { service: 'chat.googleapis.com', consumer: 'projects/123456789012' })],
);
export const notAMember = rpc(403, 'PERMISSION_DENIED', 'This Chat app is not a member of this space.');
export const spaceNotFound = rpc(404, 'NOT_FOUND', 'Space not found.');
export const noDirectMessage = rpc(404, 'NOT_FOUND', 'Requested entity was not found.');
export const messageNotFound = rpc(404, 'NOT_FOUND', 'Message not found.');
export const unknownMethod = rpc(404, 'NOT_FOUND', 'Method not found.');
export const requestIdTaken = rpc(
  409,
  'ALREADY_EXISTS',
  'A message with this request ID was created by another authenticated user.',
);
export const messageIdTaken = rpc(409, 'ALREADY_EXISTS', 'A message with this message ID exists in the space.');
/** Says nothing about what ran out. */
export const spaceBusy = rpc(429, 'RESOURCE_EXHAUSTED', 'Resource has been exhausted (e.g. check quota).');

export function quotaExceeded(metric: string, limit: string): Answer {
  const message = `Quota exceeded for quota metric '${metric}' and limit '${limit}' of service 'chat.googleapis.com'.`;
  return rpc(429, 'RESOURCE_EXHAUSTED', message, [
    errorInfo('RATE_LIMIT_EXCEEDED', { quota_metric: `chat.googleapis.com/${metric}`, quota_limit: limit }),
  ]);
}

export function invalidArgument(message: string, field?: string): Answer {
  const violations = { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field }] };
  return rpc(400, 'INVALID_ARGUMENT', message, field === undefined ? [] : [violations]);
}

/** The usual refusal of a status, for faults that name no body. */
export function googleRefusal(status: number): Answer {
  const usual: Readonly<Record<number, Answer>> = {
    400: invalidArgument('Request contains an invalid argument.'),
    401: unauthenticated,
    403: notAMember,
    404: spaceNotFound,
    409: messageIdTaken,
    429: spaceBusy,
    499: rpc(499, 'CANCELLED', 'The operation was cancelled.'),
    500: rpc(500, 'INTERNAL', 'Internal error encountered.'),
    503: rpc(503, 'UNAVAILABLE', 'The service is currently unavailable.'),
    504: rpc(504, 'DEADLINE_EXCEEDED', 'Deadline expired before operation could complete.'),
  };
  return usual[status] ?? rpc(status, 'UNKNOWN', `Status ${status}.`);
}

function rpc(code: number, status: string, message: string, details: readonly object[] = []): Answer {
  return json(code, { error: { code, message, status, ...(details.length === 0 ? {} : { details }) } });
}

function errorInfo(reason: string, metadata: Readonly<Record<string, string>> = {}): object {
  return { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com', metadata };
}
