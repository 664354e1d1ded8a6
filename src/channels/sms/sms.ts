import type { Channel } from '../contract.ts';
import { readSettings } from '../read-settings.ts';
import { GenericSession } from './generic.ts';
import { GENERIC_SETTINGS, SMS_SETTINGS, TWILIO_SETTINGS } from './settings.ts';
import { TwilioSession } from './twilio.ts';

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
  open: (connection, tools) =>
    connection.settings['provider'] === 'generic'
      ? new GenericSession(readSettings(GENERIC_SETTINGS, connection), connection, tools)
      : new TwilioSession(readSettings(TWILIO_SETTINGS, connection), connection, tools),
};
