import type { Address } from '../../model/outcome.ts';
import type { Channel, RateScope } from '../contract.ts';
import { readSettings } from '../read-settings.ts';
import { inspectMessage } from './requests.ts';
import { WebpushSession } from './session.ts';
import { WEBPUSH_SETTINGS } from './settings.ts';

/**
 * Push messages to browsers (RFC 8030), encrypted for each (RFC 8291) and signed by the connection's VAPID key
 * (RFC 8292). The address is a browser's subscription: its endpoint, with `p256dh` and `auth` in the reference.
 *
 * The service worker gets JSON: `{"notification":{"body":"…"}}` for a text, a native payload as it is. The native key
 * `webpush` is for the push service and is not sent: `{"topic":"news","urgency":"high","ttl":600}`, each optional.
 *
 * Push services know no idempotency key, but a message replaces an undelivered one of the same topic, and the topic of
 * an attempt is always that of the attempt before. So an unknown outcome is tried again.
 */
export const webpush: Channel = {
  id: 'webpush',
  aliases: [],
  identityKey: 'email',
  addressing: 'directory',
  named: false,
  settings: WEBPUSH_SETTINGS,
  defaults: { perSecond: null, concurrency: 32 },
  afterUnknown: 'retry',
  scopes: (_connection, address) => [pushServiceOf(address)],
  inspect: inspectMessage,
  open: (connection, tools) => new WebpushSession(readSettings(WEBPUSH_SETTINGS, connection), connection, tools),
};

/** A 429 is the whole push service's, and no other's: Google's limit must not stop Apple's devices. None is documented. */
function pushServiceOf({ channelId }: Address): RateScope {
  return { key: URL.parse(channelId)?.origin ?? '' };
}
