import { type Static, Type } from 'typebox';
import type { Connection } from '../../model/tenancy.ts';
import { readSettings } from '../read-settings.ts';
import { CLOUD_NAMES, type Cloud, cloudOf } from './clouds.ts';

const url = (description: string) =>
  Type.Optional(Type.String({ description, pattern: '^https?://', maxLength: 1000 }));
const guid = (description: string) => Type.Optional(Type.String({ description, pattern: '^[\\w-]{1,100}$' }));

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
    cloud: Type.Optional(
      Type.Enum([...CLOUD_NAMES], {
        description: 'The Microsoft cloud, which decides the URLs below; without it the one loginUrl belongs to',
      }),
    ),
    serviceUrl: url('The Bot Connector, for people whose own service URL is not known.'),
    loginUrl: url('Where tokens come from.'),
    graphUrl: url('Microsoft Graph, for lookUp and install.'),
    openIdUrl: url('The OpenID metadata of whoever signs what Teams posts here.'),
    lookUp: Type.Boolean({
      description:
        'Find people the directory has no address of, by e-mail or UPN. The application needs the Graph permission User.Read.All or User.ReadBasic.All.',
      default: false,
    }),
    install: Type.Boolean({
      description:
        'Install the Teams app for people who lack it. Needs the Graph permission TeamsAppInstallation.ReadWriteSelfForUser.All, and manifestId or teamsAppId.',
      default: false,
    }),
    manifestId: guid('The id in the manifest of the Teams app, under which the catalog lists it as externalId.'),
    teamsAppId: guid('The id of the Teams app in the catalog; without it found by manifestId.'),
  },
  {
    additionalProperties: false,
    // Said with `else`, because the faults within a `then` are not reported one by one.
    allOf: [
      { if: { not: has('cloud', 'china') }, else: { required: ['serviceUrl'] } },
      {
        if: { not: { ...has('install', true), not: { required: ['teamsAppId'] } } },
        else: { required: ['manifestId'] },
      },
    ],
  },
);

/** A connection's settings, with what its cloud fills in. */
export interface TeamsSettings extends Static<typeof TEAMS_SETTINGS> {
  readonly knownCloud: Cloud;
  readonly serviceUrl: string;
  readonly loginUrl: string;
  readonly graphUrl: string;
  readonly openIdUrl: string;
}

export function readTeamsSettings(connection: Connection): TeamsSettings {
  const settings = readSettings(TEAMS_SETTINGS, connection);
  const cloud = cloudOf(settings);
  return {
    ...settings,
    knownCloud: cloud,
    serviceUrl: settings.serviceUrl ?? cloud.serviceUrl ?? cloudOf({ cloud: 'public' }).serviceUrl ?? '',
    loginUrl: settings.loginUrl ?? cloud.loginUrl,
    graphUrl: settings.graphUrl ?? cloud.graphUrl,
    openIdUrl: settings.openIdUrl ?? cloud.openIdUrl,
  };
}

function has(key: string, value: string | boolean) {
  return { required: [key], properties: { [key]: { const: value } } };
}
