import { type Static, Type } from 'typebox';

export const SLACK_SETTINGS = Type.Object(
  {
    token: Type.String({
      description:
        'The bot token (xoxb-…), with the scopes chat:write, users:read and users:read.email (and im:write for posts under another name).',
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
    teamId: Type.Optional(
      Type.String({
        description: 'The workspace (T…). Needed by a token for a whole Enterprise Grid; else Slack is asked for it.',
        pattern: '^[TE][A-Za-z0-9]{1,40}$',
      }),
    ),
  },
  { additionalProperties: false },
);

export type SlackSettings = Static<typeof SLACK_SETTINGS>;
