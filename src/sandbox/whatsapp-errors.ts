import { type Answer, json } from './provider.ts';

const TRACE = 'AsandboxTrace0000000001';

/** The Cloud API's refusals: a code, a title and, from WhatsApp's own part of the Graph API, details. */
export const tokenMissing = graph(401, 190, 'An access token is required to request this resource.');
export const tokenInvalid = graph(401, 190, 'Invalid OAuth access token - Cannot parse access token');
export const throughputReached = cloud(
  429,
  130429,
  'Rate limit hit',
  'Message failed to send because there were too many messages sent from this phone number in a short period of time.',
);
export const pairLimitReached = cloud(
  400,
  131056,
  '(Business Account, Consumer Account) pair rate limit hit',
  'Message failed to send because there were too many messages sent from this phone number to the same phone number in a short period of time.',
);
export const undeliverable = cloud(400, 131026, 'Message undeliverable', 'Message Undeliverable.');
export const countryBlocked = cloud(
  403,
  130497,
  'Business account is restricted from messaging users in this country.',
  'The business account is not allowed to message users in this country.',
);
export const optedOut = cloud(
  400,
  131050,
  'User has stopped marketing messages',
  'The user does not want to receive marketing messages from this business.',
);
export const marketingCapped = cloud(
  400,
  131049,
  'Message not delivered to maintain healthy ecosystem engagement',
  'This message was not delivered to maintain healthy ecosystem engagement.',
);
export const outsideWindow = cloud(
  400,
  131047,
  'Re-engagement message',
  'Message failed to send because more than 24 hours have passed since the customer last replied to this number.',
);
export const templatePaused = cloud(400, 132015, 'Template is paused', 'The template is paused due to low quality.');
export const templateDisabled = cloud(400, 132016, 'Template is disabled', 'The template is permanently disabled.');

export function unsupported(id: string): Answer {
  const message = `Unsupported request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation.`;
  return json(400, {
    error: { message, type: 'GraphMethodException', code: 100, error_subcode: 33, fbtrace_id: TRACE },
  });
}

export const badParameter = (details: string): Answer => cloud(400, 100, 'Invalid parameter', details);
export const parameterMissing = (details: string): Answer =>
  cloud(400, 131008, 'Required parameter is missing', details);
export const valueInvalid = (details: string): Answer => cloud(400, 131009, 'Parameter value is not valid', details);
export const typeUnsupported = (details: string): Answer => cloud(400, 131051, 'Unsupported message type', details);
export const parameterCountWrong = (details: string): Answer =>
  cloud(400, 132000, 'Number of parameters does not match the expected number of params', details);
export const templateMissing = (details: string): Answer =>
  cloud(404, 132001, 'Template name does not exist in the translation', details);
export const parameterFormatWrong = (details: string): Answer =>
  cloud(400, 132012, 'Parameter format does not match format in the created template', details);

/** The usual refusal of a status, for faults that name no body. */
export function whatsappRefusal(status: number): Answer {
  const [code, title] = USUAL[status] ?? (status >= 500 ? SOMETHING_WRONG : INVALID);
  return cloud(status, code, title, title);
}

type Titled = readonly [code: number, title: string];
const SOMETHING_WRONG: Titled = [131000, 'Something went wrong'];
const INVALID: Titled = [100, 'Invalid parameter'];
const USUAL: Readonly<Record<number, Titled>> = {
  401: [190, 'Invalid OAuth access token'],
  403: [131005, 'Access denied'],
  404: [132001, 'Template name does not exist in the translation'],
  429: [130429, 'Rate limit hit'],
  503: [131016, 'Service unavailable'],
};

function cloud(status: number, code: number, title: string, details: string): Answer {
  return json(status, {
    error: {
      message: `(#${code}) ${title}`,
      type: 'OAuthException',
      code,
      error_data: { messaging_product: 'whatsapp', details },
      fbtrace_id: TRACE,
    },
  });
}

/** From before WhatsApp's part, so without its details. */
function graph(status: number, code: number, message: string): Answer {
  return json(status, { error: { message, type: 'OAuthException', code, fbtrace_id: TRACE } });
}
