import { type Static, Type } from 'typebox';
import { STOP_WORDS_SETTING } from '../reply-words.ts';

const SECRET = { secret: true, pattern: '^[!-~]+$', maxLength: 4000 };

const WINDOW_TEMPLATE = Type.Object(
  {
    name: Type.String({ description: 'As it was approved.', pattern: '^[a-z0-9_]{1,512}$' }),
    language: Type.String({
      description: 'As it was approved: en_US, de.',
      pattern: '^[a-z]{2,3}(?:_[A-Za-z]{2,4})?$',
    }),
    takesText: Type.Boolean({
      description: 'true: its body has one parameter, which the text becomes; false: none, and it is sent as it is.',
      default: true,
    }),
    parameterName: Type.Optional(
      Type.String({ description: "That parameter's name, where it has one.", pattern: '^[a-z0-9_]{1,64}$' }),
    ),
  },
  {
    description: 'The template that is sent instead to people who have not written within 24 hours.',
    additionalProperties: false,
  },
);

export const WHATSAPP_SETTINGS = Type.Object(
  {
    phoneNumberId: Type.String({
      description: "The id Meta gave the business's phone number; not the number itself.",
      pattern: '^\\d{1,32}$',
    }),
    accessToken: Type.String({
      description: "A system user's token with the permission whatsapp_business_messaging.",
      ...SECRET,
    }),
    appSecret: Type.Optional(
      Type.String({
        description: "The Meta app's secret, with which webhooks are signed; without it none is believed.",
        ...SECRET,
      }),
    ),
    verifyToken: Type.Optional(
      Type.String({
        description: 'Any secret text; Meta asks for it when the webhook is set up.',
        ...SECRET,
      }),
    ),
    businessAccountId: Type.Optional(
      Type.String({
        description: 'The id of the WhatsApp Business Account; webhooks of any other are ignored.',
        pattern: '^\\d{1,32}$',
      }),
    ),
    windowTemplate: Type.Optional(WINDOW_TEMPLATE),
    marketingStop: Type.Enum(['silence', 'ignore'], {
      description:
        'What follows when a person stops marketing messages. silence: they get nothing over this connection until ' +
        'they resume; ignore: only the marketing templates that Meta refuses fail.',
      default: 'silence',
    }),
    stopWords: Type.Optional(STOP_WORDS_SETTING),
    apiUrl: Type.String({
      description: 'The Graph API with its version.',
      default: 'https://graph.facebook.com/v25.0/',
      pattern: '^https?://',
      maxLength: 1000,
    }),
  },
  { additionalProperties: false },
);

export type WhatsappSettings = Static<typeof WHATSAPP_SETTINGS>;
export type WindowTemplate = Static<typeof WINDOW_TEMPLATE>;
