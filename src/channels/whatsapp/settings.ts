import { type Static, Type } from 'typebox';

export const WHATSAPP_SETTINGS = Type.Object(
  {
    phoneNumberId: Type.String({
      description: "The id Meta gave the business's phone number; not the number itself.",
      pattern: '^\\d{1,32}$',
    }),
    accessToken: Type.String({
      description: "A system user's token with the permission whatsapp_business_messaging.",
      secret: true,
      pattern: '^[!-~]+$',
      maxLength: 4000,
    }),
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
