import { Type } from 'typebox';
import type { Channel } from '../contract.ts';
import { readSettings } from '../read-settings.ts';
import { SlackSession } from './session.ts';

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

/** Direct messages of a Slack app to the people of its workspace. */
export const slack: Channel = {
  id: 'slack',
  aliases: [],
  identityKey: 'email',
  addressing: 'directory',
  named: false,
  settings: SLACK_SETTINGS,
  defaults: { perSecond: 5, concurrency: 16 },
  afterUnknown: 'retry',
  open: (connection, tools) => new SlackSession(readSettings(SLACK_SETTINGS, connection), connection, tools),
};
