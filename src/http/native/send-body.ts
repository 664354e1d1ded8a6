import { type Static, Type } from 'typebox';
import type { JsonObject } from '../../model/json.ts';
import type { Parameters } from '../../model/message.ts';
import { LANES } from '../../model/notification.ts';
import { MAX_IDENTITIES, MAX_PARAMETER_CHARS, MAX_PARAMETERS } from '../accept/asked.ts';
import { closed, oneOf } from '../contract/fields.ts';
import { TIMING } from './timing-body.ts';

const TEXT = closed({
  type: Type.Literal('text'),
  val: Type.String({ minLength: 1, description: 'Plain text; {name} is filled from the parameters.' }),
});
const NATIVE = closed({
  type: Type.Literal('native'),
  payload: Type.Unsafe<JsonObject>({
    type: 'object',
    description:
      "A message in the channel's own format: a Bot Framework activity, a Slack message, JSON for a webhook.",
    additionalProperties: true,
  }),
});
const SCRIPT = closed({
  type: Type.Literal('script'),
  val: Type.String({ minLength: 1, description: "JavaScript that prints each recipient's message." }),
});

const PARAMETERS = Type.Unsafe<Parameters>({
  type: 'object',
  description: 'What {name} stands for in the message.',
  additionalProperties: { type: 'string', maxLength: MAX_PARAMETER_CHARS },
  maxProperties: MAX_PARAMETERS,
});

const IDENTITY = Type.String({ minLength: 1, maxLength: 2048, examples: ['john@abc.com'] });

const RECIPIENT = closed({
  identity: Type.Optional(IDENTITY),
  email: Type.Optional(IDENTITY),
  phoneNumber: Type.Optional(IDENTITY),
  spaceId: Type.Optional(IDENTITY),
  message: Type.Optional(Type.Union([TEXT, NATIVE], { description: 'Instead of the message of all.' })),
  parameters: Type.Optional(PARAMETERS),
});

export type RecipientBody = Static<typeof RECIPIENT>;

/** The ways to say who it is; which besides `identity` a channel takes is the channel's to say. */
export const IDENTITY_KEYS = ['identity', 'email', 'phoneNumber', 'spaceId'] as const;

export const SEND_BODY = Type.Object(
  {
    channel: Type.String({
      description: 'msteams, slack, hangoutchat, whatsapp, sms, email, webpush or ivr.',
      examples: ['msteams'],
    }),
    connection: Type.Optional(
      Type.String({ minLength: 1, description: 'Its name or id; absent: the first the bot has of the channel.' }),
    ),
    message: Type.Union([TEXT, NATIVE, SCRIPT], { description: 'What is said.' }),
    recipients: Type.Array(
      Type.Union([IDENTITY, RECIPIENT], {
        description:
          'An identity, or an object with identity (or the key of the channel: email, phoneNumber, spaceId).',
      }),
      { minItems: 1, maxItems: MAX_IDENTITIES, description: 'The same identity twice is two recipients.' },
    ),
    parameters: Type.Optional(PARAMETERS),
    priority: Type.Optional(
      oneOf(LANES, {
        description:
          'Urgent goes first and is given up after ten minutes. Absent: bulk for more than a hundred recipients, else normal.',
      }),
    ),
    ...TIMING,
  },
  {
    additionalProperties: false,
    examples: [
      {
        channel: 'msteams',
        message: { type: 'text', val: 'The cafeteria closes at three today, {name}.' },
        recipients: ['john@abc.com', { email: 'jane@abc.com', parameters: { name: 'Jane' } }],
        parameters: { name: 'all' },
        priority: 'normal',
      },
    ],
  },
);

export type SendBody = Static<typeof SEND_BODY>;
