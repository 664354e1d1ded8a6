import { type Static, Type } from 'typebox';

const url = (description: string, fallback: string) =>
  Type.String({ description, default: fallback, pattern: '^https?://', maxLength: 1000 });

export const TEAMS_SETTINGS = Type.Object(
  {
    appId: Type.String({
      description: 'The application (client) id of the bot registration.',
      pattern: '^[\\w.-]{1,100}$',
    }),
    appPassword: Type.String({ description: 'A client secret of that application.', secret: true, minLength: 1 }),
    tenantId: Type.String({
      description: "The directory (tenant) the recipients are in, and the bot's home unless it is multi-tenant.",
      pattern: '^[\\w.-]{1,100}$',
    }),
    multiTenant: Type.Boolean({
      description: 'True for a bot that was registered as multi-tenant (possible until July 2025).',
      default: false,
    }),
    serviceUrl: url(
      'The Bot Connector, for people whose own service URL is not known.',
      'https://smba.trafficmanager.net/teams/',
    ),
    loginUrl: url('Where tokens come from.', 'https://login.microsoftonline.com'),
    graphUrl: url('Microsoft Graph. Nothing uses it yet.', 'https://graph.microsoft.com'),
  },
  { additionalProperties: false },
);

export type TeamsSettings = Static<typeof TEAMS_SETTINGS>;
