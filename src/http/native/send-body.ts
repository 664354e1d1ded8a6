import { type Static, Type } from 'typebox';
import { FALL_BACK_CAUSES } from '../../model/fall-back.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Parameters } from '../../model/message.ts';
import { LANES } from '../../model/notification.ts';
import { MAX_IDENTITIES, MAX_PARAMETER_CHARS, MAX_PARAMETERS } from '../accept/asked.ts';
import { DURATION } from '../contract/duration.ts';
import { closed, oneOf } from '../contract/fields.ts';
import { BY_FILTER, EXCLUDE } from './audience/filter-body.ts';
import { CALLBACK } from './callback-body.ts';
import { RULES } from './rules-body.ts';
import { TIMING } from './timing-body.ts';

export const TEXT = closed({
  type: Type.Literal('text'),
  val: Type.String({ minLength: 1, description: 'Plain text; {name} is filled from the parameters.' }),
});
export const NATIVE = closed({
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

export const PARAMETERS = Type.Unsafe<Parameters>({
  type: 'object',
  description: 'What {name} stands for in the message.',
  additionalProperties: { type: 'string', maxLength: MAX_PARAMETER_CHARS },
  maxProperties: MAX_PARAMETERS,
});

const IDENTITY = Type.String({ minLength: 1, maxLength: 2048, examples: ['john@abc.com'] });

const RECIPIENT_FIELDS = closed({
  identity: Type.Optional(IDENTITY),
  email: Type.Optional(IDENTITY),
  phoneNumber: Type.Optional(IDENTITY),
  spaceId: Type.Optional(IDENTITY),
  message: Type.Optional(Type.Union([TEXT, NATIVE], { description: 'Instead of the message of all.' })),
  parameters: Type.Optional(PARAMETERS),
});

export type RecipientBody = Static<typeof RECIPIENT_FIELDS>;

export const RECIPIENT = Type.Union([IDENTITY, RECIPIENT_FIELDS], {
  description: 'An identity, or an object with identity (or the key of the channel: email, phoneNumber, spaceId).',
});

export const RECIPIENTS = Type.Array(RECIPIENT, {
  minItems: 1,
  maxItems: MAX_IDENTITIES,
  description: 'Without `deduplicate` the same identity twice is two recipients.',
});

/** In place of recipients, for more of them than one call takes. */
const AUDIENCE = closed({
  upload: Type.Literal(true, { description: 'They come as chunks of a file, and are sealed when all are there.' }),
});

/** The ways to say who it is; which besides `identity` a channel takes is the channel's to say. */
export const IDENTITY_KEYS = ['identity', 'email', 'phoneNumber', 'spaceId'] as const;

const MESSAGE = Type.Union([TEXT, NATIVE, SCRIPT], { description: 'What is said.' });
const CHANNEL = Type.String({
  description: 'msteams, slack, hangoutchat, whatsapp, sms, email, webpush or ivr.',
  examples: ['msteams'],
});
const CONNECTION = Type.String({
  minLength: 1,
  description: 'Its name or id; absent: the first the bot has of the channel.',
});

const MAX_CHANNELS = 5;

const ONE_OF_CHANNELS = closed({
  channel: CHANNEL,
  connection: Type.Optional(CONNECTION),
  message: Type.Optional(
    Type.Union([TEXT, NATIVE, SCRIPT], { description: 'What is said on this channel, instead of the message of all.' }),
  ),
  on: Type.Optional(
    Type.Array(oneOf(FALL_BACK_CAUSES), {
      minItems: 1,
      maxItems: FALL_BACK_CAUSES.length,
      description:
        'What has to happen on the channel before: failure, it was refused or given up there; no_address, the person has no address there; no_receipt, its provider did not tell within receiptWithin that it had arrived. Absent: the first two, and with receiptWithin all. Not for the first.',
    }),
  ),
  receiptWithin: Type.Optional(
    Type.String({
      pattern: DURATION,
      description:
        'How long after the channel before took the message its receipt is waited for: an ISO 8601 duration of days, hours, minutes and seconds.',
      examples: ['PT10M'],
    }),
  ),
  onUnknown: Type.Optional(
    Type.Boolean({
      description:
        'true: also for those who may have been sent it on the channel before, because its answer was lost; they may then have it twice.',
    }),
  ),
});

export type ChannelBody = Static<typeof ONE_OF_CHANNELS>;

const TEMPLATE_REF = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 64, examples: ['welcome'] }),
    version: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 999_999_999, description: 'Absent: the newest of that moment.' }),
    ),
  },
  {
    additionalProperties: false,
    description: 'Says it in the language of each. The parameters have to be those that it declares.',
  },
);

export const CATEGORY = Type.String({
  pattern: '^[a-z0-9][a-z0-9._-]{0,63}$',
  description: 'What kind of message it is, by a word of your own. Whoever declined it is not sent it.',
  examples: ['newsletter'],
});

export const SEND_BODY = Type.Object(
  {
    channel: Type.Optional(CHANNEL),
    connection: Type.Optional(CONNECTION),
    channels: Type.Optional(
      Type.Array(ONE_OF_CHANNELS, {
        minItems: 1,
        maxItems: MAX_CHANNELS,
        description:
          'Instead of channel and connection: several, in order. Whoever is not reached on one is sent the message on the next, and nobody on two.',
      }),
    ),
    message: Type.Optional(MESSAGE),
    template: Type.Optional(TEMPLATE_REF),
    category: Type.Optional(CATEGORY),
    overridePreferences: Type.Optional(
      closed({
        reason: Type.String({
          minLength: 3,
          maxLength: 500,
          description: 'Why what is urgent goes to those who declined the category too; kept with the notification.',
        }),
      }),
    ),
    recipients: Type.Optional(
      Type.Union([RECIPIENTS, BY_FILTER], {
        description:
          'A list, or {"filter": …}: whoever of the directory fits, looked for from now on until it is sealed by itself.',
      }),
    ),
    audience: Type.Optional(AUDIENCE),
    exclude: Type.Optional({
      ...EXCLUDE,
      description: 'Who is left out, however they are named: they end as suppressed, with the reason excluded.',
    }),
    deduplicate: Type.Optional(
      Type.Boolean({
        description:
          'Whoever is named again ends as suppressed, with the reason duplicate. Absent: everybody is sent it as often as named.',
      }),
    ),
    parameters: Type.Optional(PARAMETERS),
    priority: Type.Optional(
      oneOf(LANES, {
        description:
          'Urgent goes first and is given up after ten minutes. Absent: bulk for more than a hundred recipients, else normal.',
      }),
    ),
    ...TIMING,
    ...RULES,
    planId: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: 'Instead of all else: what a preflight answered, to be sent exactly as it was found then.',
      }),
    ),
    callback: Type.Optional({ ...CALLBACK, description: 'Who is told how far it is, by signed webhooks.' }),
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
