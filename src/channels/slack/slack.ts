import type { Channel } from '../contract.ts';
import { readSettings } from '../read-settings.ts';
import { escapeValue } from './escape.ts';
import { SlackInbox } from './inbox.ts';
import { inspectMessage } from './inspect.ts';
import { accountOf, scopesOf } from './limits.ts';
import { SlackSession } from './session.ts';
import { SLACK_SETTINGS } from './settings.ts';

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
  amends: true,
  account: accountOf,
  scopes: scopesOf,
  open: (connection, tools) => new SlackSession(readSettings(SLACK_SETTINGS, connection), connection, tools),
  inspect: inspectMessage,
  escapeValue,
  openInbox: (connection, tools) => new SlackInbox(readSettings(SLACK_SETTINGS, connection), connection, tools),
};
