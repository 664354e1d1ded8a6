import { type Static, Type } from 'typebox';

export const SLACK_SETTINGS = Type.Object(
  {
    token: Type.String({
      description: 'The bot token (xoxb-…), with the scopes chat:write, im:write, users:read and users:read.email.',
      secret: true,
      pattern: '^[!-~]+$',
    }),
    apiUrl: Type.String({
      description: "Slack's Web API.",
      default: 'https://slack.com/api/',
      pattern: '^https?://',
      maxLength: 1000,
    }),
    signingSecret: Type.Optional(
      Type.String({ description: 'Verifies the events Slack sends.', secret: true, minLength: 1 }),
    ),
  },
  { additionalProperties: false },
);

export type SlackSettings = Static<typeof SLACK_SETTINGS>;
