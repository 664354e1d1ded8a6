import { type Static, Type } from 'typebox';

const ADDRESS = '[^\\s<>()\\[\\]\\\\,;:"@]{1,64}@[^\\s<>()\\[\\]\\\\,;:"@]{1,255}';
const MAILBOX = `^(?:${ADDRESS}|[^<>"\\r\\n]{1,100}<${ADDRESS}>)$`;
const HOST_NAME = '^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$';

export const EMAIL_SETTINGS = Type.Object(
  {
    host: Type.String({
      description: 'The relay that takes the mail: a host name or an IP address.',
      pattern: '^[A-Za-z0-9.:-]{1,253}$',
    }),
    port: Type.Optional(
      Type.Integer({
        description: "The relay's port; without it 465 for tls, 587 for starttls and 25 for none",
        minimum: 1,
        maximum: 65_535,
      }),
    ),
    security: Type.Enum(['tls', 'starttls', 'none'], {
      description: 'tls from the first byte; starttls, which must succeed; or none, for a relay on a trusted network.',
      default: 'starttls',
    }),
    user: Type.Optional(Type.String({ description: 'The name to log in with.', minLength: 1, maxLength: 320 })),
    password: Type.Optional(
      Type.String({ description: 'The password that goes with user.', secret: true, minLength: 1, maxLength: 1000 }),
    ),
    from: Type.String({
      description: 'Who the mail is from: jobs@example.com or HR assistant <jobs@example.com>',
      pattern: MAILBOX,
    }),
    replyTo: Type.Optional(
      Type.String({ description: 'Where answers go, if not to from; written like from', pattern: MAILBOX }),
    ),
    envelopeFrom: Type.Optional(
      Type.String({
        description:
          'Where bounces go, if not to from; {key} stands for the id of the message, {ref} for its recipient: ' +
          'bounce+{ref}@example.com, with no more than seven letters before it',
        pattern: `^${ADDRESS}$`,
        maxLength: 254,
      }),
    ),
    subject: Type.Optional(
      Type.String({
        description: 'The subject of plain texts. Without it, their first line.',
        pattern: '^[^\\r\\n]*\\S[^\\r\\n]*$',
        maxLength: 200,
      }),
    ),
    unsubscribeUrl: Type.Optional(
      Type.String({
        description: 'Takes one-click unsubscribe requests (https); {key} and {identity} say who and what.',
        pattern: '^https://[!-;=?-~]+$',
        maxLength: 500,
      }),
    ),
    unsubscribeSecret: Type.Optional(
      Type.String({
        description:
          'Lets recipients unsubscribe at the publicUrl of the server, where unsubscribeUrl names no other place: signs ' +
          'the links, 32 characters or more. Another one breaks the links of all mails sent before.',
        secret: true,
        minLength: 32,
        maxLength: 1000,
      }),
    ),
    bounceSecret: Type.Optional(
      Type.String({
        description:
          'Lets your mail server post bounces to /channels/<connection>/receipts, raw, as Authorization: Bearer ' +
          '<bounceSecret>; and proves that a bounce to {ref} in envelopeFrom is of a mail of ours. 32 characters or more.',
        secret: true,
        pattern: '^[!-~]{32,1000}$',
      }),
    ),
    dkimDomain: Type.Optional(
      Type.String({ description: 'The domain that signs, if not that of from.', pattern: HOST_NAME }),
    ),
    dkimSelector: Type.Optional(
      Type.String({ description: 'The DNS record of the key: <selector>._domainkey.<domain>', pattern: HOST_NAME }),
    ),
    dkimPrivateKey: Type.Optional(
      Type.String({ description: 'Signs the mail (DKIM): an RSA private key in PEM.', secret: true, minLength: 1 }),
    ),
  },
  {
    additionalProperties: false,
    dependentRequired: {
      user: ['password'],
      password: ['user'],
      dkimPrivateKey: ['dkimSelector'],
      dkimSelector: ['dkimPrivateKey'],
      dkimDomain: ['dkimPrivateKey'],
    },
  },
);

export type EmailSettings = Static<typeof EMAIL_SETTINGS>;
