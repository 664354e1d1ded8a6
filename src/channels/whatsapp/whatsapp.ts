import type { Channel } from '../contract.ts';
import { readSettings } from '../read-settings.ts';
import { WhatsappInbox } from './inbox.ts';
import { inspect } from './inspect.ts';
import { accountOf, scopesOf } from './limits.ts';
import { WhatsappSession } from './session.ts';
import { WHATSAPP_SETTINGS } from './settings.ts';
import { flatten } from './window.ts';

/**
 * WhatsApp by Meta's Cloud API, as one business phone number. WhatsApp knows no repeated attempt, and every message
 * costs, so an unknown outcome is not tried again.
 */
export const whatsapp: Channel = {
  id: 'whatsapp',
  aliases: [],
  identityKey: 'phoneNumber',
  addressing: 'identity',
  named: false,
  settings: WHATSAPP_SETTINGS,
  defaults: { perSecond: 80, concurrency: 32 },
  afterUnknown: 'hold',
  keepsSilence: true,
  account: accountOf,
  scopes: scopesOf,
  open: (connection, tools) => new WhatsappSession(readSettings(WHATSAPP_SETTINGS, connection), connection, tools),
  openInbox: (connection, tools) => new WhatsappInbox(readSettings(WHATSAPP_SETTINGS, connection), tools),
  // Meta calls where it was told to in its own console, so that publicUrl says nothing of it.
  tellsArrival: ({ settings }) => typeof settings['appSecret'] === 'string' && settings['appSecret'] !== '',
  inspect,
  escapeValue,
};

/**
 * A template's texts may hold no line breaks, tabs and runs of spaces. Elsewhere a value stays as it is: `*` and `_`
 * only make it bold or italic, and WhatsApp has no way to escape them that would not also break what is copied.
 */
function escapeValue(value: string, path: string | null): string {
  return path !== null && TEMPLATE_TEXT.test(path) ? flatten(value) : value;
}

/** The cards of a carousel have components of their own. */
const TEMPLATE_TEXT = /^template\.components\[.+\.text$/;
