import type { Channel } from '../contract.ts';
import { readSettings } from '../read-settings.ts';
import { WhatsappSession } from './session.ts';
import { WHATSAPP_SETTINGS } from './settings.ts';

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
  open: (connection, tools) => new WhatsappSession(readSettings(WHATSAPP_SETTINGS, connection), connection, tools),
};
