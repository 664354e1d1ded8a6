import type { Message } from '../../model/message.ts';
import type { Callback, Channel, ChannelInbox, MessageFault, Settings } from '../contract.ts';
import { readSettings } from '../read-settings.ts';
import { GenericSession, readGatewayText } from './generic.ts';
import { accountOf } from './limits.ts';
import { GENERIC_SETTINGS, SMS_SETTINGS, TWILIO_SETTINGS } from './settings.ts';
import { TwilioSession } from './twilio.ts';
import { TwilioInbox } from './twilio-inbox.ts';
import { writeTwilioMessage } from './twilio-message.ts';

/**
 * Text messages, over Twilio or over any gateway that takes an HTTP POST. The phone number is the address. Twilio knows
 * no idempotency key, gateways rarely do, and every message costs money: after an outcome that is not known nothing is
 * sent again, and the recipient's result says `unknown`.
 */
export const sms: Channel = {
  id: 'sms',
  aliases: ['twilio'],
  identityKey: 'phoneNumber',
  addressing: 'identity',
  named: false,
  settings: SMS_SETTINGS,
  // No rate: a number may send as little as one message a second, but Twilio queues what is above it for hours, and
  // limits the calls in flight instead (429). Gateways without a queue need limits.perSecond.
  defaults: { perSecond: null, concurrency: 10 },
  afterUnknown: 'hold',
  keepsSilence: true,
  account: accountOf,
  open: (connection, tools) =>
    connection.settings['provider'] === 'generic'
      ? new GenericSession(readSettings(GENERIC_SETTINGS, connection), connection, tools)
      : new TwilioSession(readSettings(TWILIO_SETTINGS, connection), connection, tools),
  openInbox: (connection, tools) =>
    connection.settings['provider'] === 'generic'
      ? new DeafInbox()
      : new TwilioInbox(readSettings(TWILIO_SETTINGS, connection), tools),
  tellsArrival: ({ settings }, publicUrl) =>
    settings['provider'] !== 'generic' && typeof settings['authToken'] === 'string' && publicUrl !== null,
  inspect,
  // Variables may be given as JSON in a text, which a quote in a value would end.
  escapeValue: (value, path) => (path === 'contentVariables' ? JSON.stringify(value).slice(1, -1) : value),
};

function inspect(message: Message, settings?: Settings): MessageFault | null {
  const written = settings?.['provider'] === 'generic' ? readGatewayText(message) : writeTwilioMessage(message);
  if (typeof written === 'string' || !('reason' in written)) return null;
  // A gateway may take longer texts than Twilio does.
  return settings === undefined && written.reason === 'message_too_large' ? null : written;
}

/** Gateways have no common way to tell what became of a message. */
class DeafInbox implements ChannelInbox {
  async receive(): Promise<Callback> {
    const refused = 'provider generic takes no callbacks: every gateway has its own, and none is configured.';
    return { reply: { status: 404 }, news: [], refused };
  }
}
