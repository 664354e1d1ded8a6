import type { Clock } from '../model/clock.ts';
import { isJsonObject, parseJsonObject } from '../model/json.ts';
import type { Ledger } from './ledger.ts';
import type { People } from './people.ts';
import { type Answer, type Call, decodeSegment, type Plan, type Provider, planAnswer, text } from './provider.ts';
import { decryptPush } from './push-decryption.ts';
import { pushKeysOf } from './push-subscriptions.ts';
import { checkVapid } from './vapid.ts';

export interface WebpushParts {
  /** The one that every browser subscribed with. */
  readonly vapidPublicKey: string;
  readonly people: People;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

const MESSAGE_BYTES = 4096;

/**
 * A push service and the browsers behind it. A message is decrypted as the browser would, and one that cannot be is
 * refused, which a real service could not know to do. Browsers are always on: no message waits for another of its
 * topic to replace it.
 */
export function openWebpush({ vapidPublicKey, people, ledger, clock }: WebpushParts): Provider {
  let taken = 0;

  function plan(call: Call): Plan {
    const name = decodeSegment(call.path.slice(1));
    if (name === '' || name.includes('/')) return planAnswer('unknown', refuse(404));
    if (call.method !== 'POST') return planAnswer('unknown', refuse(405));
    return { route: 'send', recipient: name, exclusive: null, run: () => push(call, name) };
  }

  function push(call: Call, name: string): Answer {
    const origin = `http://${call.headers('host') ?? ''}`;
    const refused = refuseSender(call, origin, name) ?? refuseSubscription(name) ?? refuseRequest(call);
    if (refused !== null) return refused;
    const content = call.raw.length === 0 ? '' : decryptPush(call.raw, pushKeysOf(name));
    if (content === null) return text(400, 'the message is not encrypted for this subscription\n');

    const messageId = `${origin}/webpush/messages/${++taken}`;
    ledger.record({
      provider: 'webpush',
      action: 'send',
      recipient: name,
      conversation: name,
      key: call.headers('topic'),
      messageId,
      text: textOf(content),
      signature: null,
      body: content,
    });
    return { status: 201, headers: { location: messageId }, body: '' };
  }

  function refuseSender(call: Call, origin: string, name: string): Answer | null {
    const sender = checkVapid(call.headers('authorization'), origin, clock.now());
    if ('fault' in sender) return text(403, `invalid JWT provided: ${sender.fault}\n`);
    const isTheirs = sender.publicKey === vapidPublicKey && people.pushPerson(name).state !== 'other_key';
    return isTheirs ? null : refuse(403);
  }

  function refuseSubscription(name: string): Answer | null {
    const { state } = people.pushPerson(name);
    if (state === 'gone') return refuse(410);
    return state === 'unknown' ? refuse(404) : null;
  }

  return { plan, refuse };
}

function refuseRequest({ headers, raw }: Call): Answer | null {
  if (!/^\d{1,10}$/.test(headers('ttl') ?? '')) return text(400, 'the TTL header must be a number of seconds\n');
  const topic = headers('topic');
  if (topic !== null && !/^[\w-]{1,32}$/.test(topic)) return text(400, 'the Topic header is not valid\n');
  if (!/^(?:very-low|low|normal|high)$/.test(headers('urgency') ?? 'normal')) {
    return text(400, 'the Urgency header is not valid\n');
  }
  if (raw.length > MESSAGE_BYTES) return refuse(413);
  const isEncrypted = raw.length === 0 || headers('content-encoding') === 'aes128gcm';
  return isEncrypted ? null : text(400, 'the Content-Encoding must be aes128gcm\n');
}

/** Worded as Google does. */
function refuse(status: number): Answer {
  return text(status, `${WORDS.get(status) ?? `status ${status}`}\n`);
}

const WORDS: ReadonlyMap<number, string> = new Map([
  [
    403,
    'the VAPID credentials in the authorization header do not correspond to the credentials used to create the subscriptions.',
  ],
  [404, 'push subscription has unsubscribed or expired.'],
  [410, 'push subscription has unsubscribed or expired.'],
  [413, 'the message is larger than 4096 bytes'],
  [429, 'too many requests'],
]);

/** What the browser would show: a notification's body. */
function textOf(content: string): string | null {
  const notification = parseJsonObject(content)?.['notification'];
  const body = isJsonObject(notification) ? notification['body'] : null;
  return typeof body === 'string' ? body : null;
}
