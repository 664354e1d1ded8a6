import { type Answer, empty, json, retryAfterSeconds, text } from './provider.ts';

/** The Bot Connector's refusals. It words them in four shapes, and so does this file: coded, nested, bare, none. */
export const denied = bare('Authorization has been denied for this request.');
export const notRegistered = coded(401, 'BotNotRegistered', 'No registered bot found with this AppId.');

export const notInstalledForCreate = coded(
  403,
  'Forbidden',
  'ForbiddenOperationException: the app is not installed in the personal scope of this user.',
);
export const notInRoster = coded(403, 'BotNotInConversationRoster', 'The bot is not part of the conversation roster.');
export const disabledByAdmin = coded(403, 'BotDisabledByAdmin', 'The tenant admin disabled this bot.');
/** JSON inside a string, as the service has it. */
export const blocked = json(403, {
  errorCode: 209,
  message: JSON.stringify({
    subCode: 'MessageWritesBlocked',
    details: 'Thread is blocked from message writes.',
    errorCode: null,
    errorSubCode: null,
  }),
});

export const conversationNotFound = coded(404, 'ConversationNotFound', 'Conversation not found.');
export const activityNotFound = coded(
  404,
  'ActivityNotFoundInConversation',
  'Activity not found in this conversation.',
);
export const memberNotFound = coded(404, 'MemberNotFoundInConversation', 'The member is not in this conversation.');
export const unknownRoute = coded(404, 'NotFound', 'No such resource.');
export const concurrentSend = coded(412, 'PreconditionFailed', 'Another operation on this conversation is under way.');
export const tooBig = coded(413, 'MessageSizeTooBig', 'Message size too large.');

export const foreignConversation = coded(400, 'BadArgument', 'Failed to decrypt conversation id');

export function badArgument(message: string): Answer {
  return coded(400, 'BadArgument', message);
}

export function badSyntax(message: string): Answer {
  return coded(400, 'BadSyntax', message);
}

export function throttled(waitMs: number): Answer {
  return json(
    429,
    { error: { code: 'Throttled', message: 'Too many requests.' } },
    { 'retry-after': retryAfterSeconds(waitMs) },
  );
}

/** The usual refusal of a status, for faults that name no body. */
export function teamsRefusal(status: number): Answer {
  const usual: Readonly<Record<number, Answer>> = {
    400: badArgument('Bad argument.'),
    401: denied,
    403: notInRoster,
    404: conversationNotFound,
    412: concurrentSend,
    413: tooBig,
    429: coded(429, 'Throttled', 'Too many requests.'),
    500: coded(500, 'ServiceError', 'An internal service error occurred.'),
    502: text(502, '<html><body><h1>502 Bad Gateway</h1></body></html>'),
  };
  return usual[status] ?? (status >= 500 ? empty(status) : coded(status, 'Error', `Status ${status}.`));
}

function coded(status: number, code: string, message: string): Answer {
  return json(status, { error: { code, message } });
}

function bare(message: string): Answer {
  return json(401, { message });
}
