import { type Static, Type } from 'typebox';

export const URGENCIES = ['very-low', 'low', 'normal', 'high'] as const;
/** Four weeks: no push service keeps a message for longer. */
export const MAX_TTL_S = 2_419_200;

export const WEBPUSH_SETTINGS = Type.Object(
  {
    vapidPublicKey: Type.String({
      description: 'The key that browsers subscribed with: 65 bytes in base64url (npx web-push generate-vapid-keys).',
      pattern: '^B[A-Za-z0-9_-]{86}$',
    }),
    vapidPrivateKey: Type.String({
      description: 'The private half of vapidPublicKey: 32 bytes in base64url.',
      secret: true,
      pattern: '^[A-Za-z0-9_-]{43}$',
    }),
    subject: Type.String({
      description: 'Whom a push service may ask about the messages: mailto:jane@example.com or an https: address.',
      pattern: '^(?:mailto:[^\\s@]+@[^\\s@]+|https://\\S+)$',
      maxLength: 1000,
    }),
    ttl: Type.Integer({
      description: 'Seconds for which a push service keeps a message for a device that is off; 0: not at all',
      default: MAX_TTL_S,
      minimum: 0,
      maximum: MAX_TTL_S,
    }),
    urgency: Type.Enum([...URGENCIES], {
      description: 'What a device on battery is woken for: very-low, low, normal or high.',
      default: 'normal',
    }),
    allowedHosts: Type.Array(
      Type.String({
        pattern: '^(?:(?:\\*\\.)?[a-z0-9-]+(?:\\.[a-z0-9-]+)+|https?://[a-z0-9.:\\[\\]-]+)$',
        maxLength: 300,
      }),
      {
        description:
          'Where subscriptions may lead: host names, *.example.com for all below it, or whole origins such as http://127.0.0.1:9090',
        default: ['fcm.googleapis.com', '*.push.services.mozilla.com', '*.notify.windows.com', 'web.push.apple.com'],
        minItems: 1,
        maxItems: 100,
      },
    ),
  },
  { additionalProperties: false },
);

export type WebpushSettings = Static<typeof WEBPUSH_SETTINGS>;
