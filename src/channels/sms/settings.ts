import { type Static, Type } from 'typebox';
import type { JsonObject } from '../../model/json.ts';
import { STOP_WORDS_SETTING } from '../reply-words.ts';

const url = (description: string) => Type.String({ description, pattern: '^https?://', maxLength: 2000 });
const sid = (prefix: string, description: string) =>
  Type.String({ description, pattern: `^${prefix}[0-9a-fA-F]{32}$` });
const secret = (description: string) =>
  Type.String({ description, secret: true, minLength: 1, maxLength: 1000, pattern: '^[ -~]*$' });

const TWILIO_KEYS = {
  accountSid: sid('AC', 'The Twilio account: AC and 32 hex digits'),
  authToken: Type.Optional(
    secret("The account's auth token. Callbacks are signed with it; to send, an API key will do instead."),
  ),
  apiKeySid: Type.Optional(sid('SK', 'An API key to use instead of the auth token: SK and 32 hex digits')),
  apiKeySecret: Type.Optional(secret('The secret that goes with apiKeySid.')),
  from: Type.Optional(
    Type.String({
      description: 'Who messages are from: +4915112345678, a short code, or a name of at most 11 characters',
      pattern: '^(?:\\+[1-9]\\d{6,14}|\\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9 +_&-]{0,10})$',
    }),
  ),
  messagingServiceSid: Type.Optional(sid('MG', 'A messaging service that chooses the sender: MG and 32 hex digits')),
  stopWords: Type.Optional(STOP_WORDS_SETTING),
  apiUrl: Type.Optional(url('The Twilio API; without it https://api.twilio.com/')),
};

const GENERIC_KEYS = {
  url: url('Where messages are posted.'),
  token: Type.Optional(secret('The credential that {token} stands for in headers and body.')),
  headers: Type.Optional(
    Type.Record(Type.String({ pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$" }), Type.String({ pattern: '^[ -~]*$' }), {
      description: 'More headers to send; {token} stands for token. Those of the protocol cannot be changed.',
      secret: true,
      additionalProperties: false,
    }),
  ),
  body: Type.Unsafe<JsonObject>({
    type: 'object',
    description:
      'What is posted: a mapping. {to} in its texts stands for +4915112345678, {digits} for 4915112345678; {text}, {key} (the ' +
      'same on every attempt) and {token} for themselves',
    secret: true,
    minProperties: 1,
  }),
  format: Type.Optional(
    Type.Enum(['json', 'form'], {
      description: 'How body is written: json, or form for key=value pairs; without it json',
    }),
  ),
  idPath: Type.Optional(
    Type.String({
      description: "Where the message's id is in a JSON answer: messages.0.id",
      pattern: '^[^.\\s]+(?:\\.[^.\\s]+){0,9}$',
      maxLength: 200,
    }),
  ),
};

const SCALAR = ['string', 'number', 'boolean'];

/** Each provider by itself, with the `provider` of either. */
export const TWILIO_SETTINGS = Type.Object(
  { provider: Type.Literal('twilio'), ...TWILIO_KEYS },
  { additionalProperties: false },
);
export const GENERIC_SETTINGS = Type.Object(
  { provider: Type.Literal('generic'), ...GENERIC_KEYS },
  { additionalProperties: false },
);

/**
 * Both as one, since the file's keys are read from an object schema: every key is declared, and rules say which go
 * with which provider.
 */
export const SMS_SETTINGS = Type.Object(
  {
    provider: Type.Enum(['twilio', 'generic'], {
      description: 'Who sends: twilio, or generic for any gateway that takes an HTTP POST.',
    }),
    ...TWILIO_KEYS,
    accountSid: Type.Optional(TWILIO_KEYS.accountSid),
    ...GENERIC_KEYS,
    url: Type.Optional(GENERIC_KEYS.url),
    body: Type.Optional(GENERIC_KEYS.body),
  },
  {
    additionalProperties: false,
    allOf: [
      when(is('provider', 'twilio'), { required: ['accountSid'], ...without(GENERIC_KEYS) }),
      when(is('provider', 'generic'), { required: ['url', 'body'], ...without(TWILIO_KEYS) }),
      when(is('provider', 'twilio', lacks('apiKeySid')), { required: ['authToken'] }),
      when(is('provider', 'twilio', lacks('messagingServiceSid')), { required: ['from'] }),
      when({ required: ['apiKeySid'] }, { required: ['apiKeySecret'] }),
      when({ required: ['apiKeySecret'] }, { required: ['apiKeySid'] }),
      when(is('format', 'form'), { properties: { body: { additionalProperties: { type: SCALAR } } } }),
    ],
  },
);

export type TwilioSettings = Static<typeof TWILIO_SETTINGS>;
export type GenericSettings = Static<typeof GENERIC_SETTINGS>;

type Rule = Readonly<Record<string, unknown>>;

/** Said with `else`, because the faults within a `then` are not reported one by one. */
function when(condition: Rule, rule: Rule): Rule {
  return { if: { not: condition }, else: rule };
}

function is(key: string, value: string, more: Rule = {}): Rule {
  return { required: [key], properties: { [key]: { const: value } }, ...more };
}

function lacks(key: string): Rule {
  return { not: { required: [key] } };
}

function without(keys: object): Rule {
  return { properties: Object.fromEntries(Object.keys(keys).map((key) => [key, false])) };
}
