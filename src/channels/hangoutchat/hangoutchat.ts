import type { Channel } from '../contract.ts';
import { readSettings } from '../read-settings.ts';
import { GoogleChatInbox } from './inbox.ts';
import { escapeValue, inspectMessage } from './inspect.ts';
import { accountOf, scopesOf } from './limits.ts';
import { GoogleChatSession } from './session.ts';
import { GOOGLE_CHAT_SETTINGS } from './settings.ts';

/**
 * Google Chat, as the Chat app itself. Callers name spaces; people (`users/…`) are reached through the direct message
 * they have with the app. Google knows a repeated attempt by its request id, so retrying an unknown outcome is safe.
 */
export const hangoutchat: Channel = {
  id: 'hangoutchat',
  aliases: ['hangouts', 'googlechat'],
  identityKey: 'spaceId',
  addressing: 'identity',
  named: false,
  settings: GOOGLE_CHAT_SETTINGS,
  defaults: { perSecond: 50, concurrency: 32 },
  afterUnknown: 'retry',
  amends: true,
  account: accountOf,
  scopes: scopesOf,
  open: (connection, tools) => new GoogleChatSession(readSettings(GOOGLE_CHAT_SETTINGS, connection), connection, tools),
  openInbox: (connection, tools) =>
    new GoogleChatInbox(readSettings(GOOGLE_CHAT_SETTINGS, connection), connection, tools),
  inspect: inspectMessage,
  escapeValue,
};
