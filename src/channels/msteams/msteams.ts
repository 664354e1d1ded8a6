import type { Channel } from '../contract.ts';
import { readSettings } from '../read-settings.ts';
import { TeamsSession } from './session.ts';
import { TEAMS_SETTINGS } from './settings.ts';

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
  open: (connection, tools) => new TeamsSession(readSettings(TEAMS_SETTINGS, connection), connection, tools),
};
