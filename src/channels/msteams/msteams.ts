import type { Channel } from '../contract.ts';
import { escapeValue } from './escape.ts';
import { TeamsInbox } from './inbox.ts';
import { inspectMessage } from './inspect.ts';
import { accountOf, scopesOf } from './limits.ts';
import { TeamsSession } from './session.ts';
import { readTeamsSettings, TEAMS_SETTINGS } from './settings.ts';

/** Microsoft Teams through the Bot Connector, version 3. */
export const msteams: Channel = {
  id: 'msteams',
  aliases: ['msteam'],
  identityKey: 'email',
  addressing: 'directory',
  named: false,
  settings: TEAMS_SETTINGS,
  defaults: { perSecond: 30, concurrency: 64 },
  afterUnknown: 'retry',
  amends: true,
  account: accountOf,
  scopes: scopesOf,
  open: (connection, tools) => new TeamsSession(readTeamsSettings(connection), connection, tools),
  openInbox: (connection, tools) => new TeamsInbox(readTeamsSettings(connection), connection, tools),
  inspect: inspectMessage,
  escapeValue,
};
