import { type Static, Type } from 'typebox';

const url = (description: string, fallback: string) =>
  Type.String({ description, default: fallback, pattern: '^https?://', maxLength: 1000 });

export const GOOGLE_CHAT_SETTINGS = Type.Object(
  {
    clientEmail: Type.String({
      description: "The service account of the Chat app: client_email of Google's key file.",
      pattern: '^[^\\s@]+@[^\\s@]+$',
      maxLength: 320,
    }),
    privateKey: Type.String({
      description:
        "The account's RSA key in PEM form: private_key of the key file, with line breaks or \\n between lines.",
      secret: true,
      pattern: '^\\s*-----BEGIN (RSA )?PRIVATE KEY-----',
    }),
    privateKeyId: Type.Optional(
      Type.String({
        description: 'Which of the keys of the account that is: private_key_id of the key file.',
        pattern: '^[\\w-]{1,200}$',
      }),
    ),
    tokenUrl: url('Where access tokens come from.', 'https://oauth2.googleapis.com/token'),
    apiUrl: url('The Google Chat API.', 'https://chat.googleapis.com/'),
    audience: Type.Optional(
      Type.String({
        description:
          'The authentication audience of the Chat app, a project number or the URL it calls us at; needed to hear who ' +
          'installed it.',
        pattern: '^(?:\\d{5,20}|https?://\\S+)$',
        maxLength: 1000,
      }),
    ),
    callerEmail: Type.Optional(
      Type.String({
        description:
          'Who brings the token where audience is a URL; without it Google Chat itself. For an app built as a Workspace ' +
          'add-on: the service account shown beside its configuration.',
        pattern: '^[^\\s@]+@[^\\s@]+$',
        maxLength: 320,
      }),
    ),
    keysUrl: Type.Optional(
      Type.String({
        description: 'The keys that tokens are signed with; without it those of Google Chat or of Google.',
        pattern: '^https?://',
        maxLength: 1000,
      }),
    ),
  },
  { additionalProperties: false },
);

export type GoogleChatSettings = Static<typeof GOOGLE_CHAT_SETTINGS>;
