import { createHash } from 'node:crypto';
import type { Clock } from '../model/clock.ts';
import { type JsonObject, parseJsonObject } from '../model/json.ts';
import type { WhatsappCredentials } from './credentials.ts';
import type { Ledger } from './ledger.ts';
import type { People, WhatsappState } from './people.ts';
import { type Answer, bearerToken, type Call, json, type Plan, type Provider, planAnswer } from './provider.ts';
import { RefillingBuckets } from './refilling-buckets.ts';
import * as refusal from './whatsapp-errors.ts';
import type { WhatsappEvents } from './whatsapp-events.ts';
import { readMessage, readRecipient, type WhatsappRecipient } from './whatsapp-message.ts';
import { SlidingWindows } from './windows.ts';

export interface WhatsappParts {
  readonly credentials: WhatsappCredentials;
  readonly events: WhatsappEvents;
  readonly people: People;
  readonly ledger: Ledger;
  /** Whether the documented rate limits hold. */
  readonly limited: boolean;
  readonly clock: Clock;
}

export interface Whatsapp extends Provider {
  /** Forgets what the limiters have seen, and who has written. */
  reset(): void;
}

const NUMBER_WINDOWS = [{ max: 80, spanMs: 1_000 }];
/** To one recipient: so many at once, on credit, and one back every six seconds. */
const PAIR_BURST = { burst: 45, refillMs: 6_000 };
const PATH = /^\/v\d{1,2}\.\d\/([^/]+)(\/messages)?$/;

/** The Cloud API of one business phone number: sends messages, and tells who the number is. */
export function openWhatsapp({ credentials, events, people, ledger, limited, clock }: WhatsappParts): Whatsapp {
  const numbers = new SlidingWindows(limited ? NUMBER_WINDOWS : [], clock);
  const pairs = limited ? new RefillingBuckets(PAIR_BURST, clock) : null;
  let sent = 0;

  function plan(call: Call): Plan {
    const [, numberId = '', messages] = PATH.exec(call.path) ?? [];
    const route = routeOf(call.method, numberId, messages);
    if (route === 'unknown') return planAnswer(route, refusal.unsupported(numberId));
    if (route === 'number') return planAnswer(route, admit(call, numberId) ?? describeNumber(credentials));
    const given = parseJsonObject(call.body);
    const recipient = given === null ? null : readRecipient(given);
    return { route, recipient: recipient?.name ?? null, exclusive: null, run: () => send(call, numberId, given) };
  }

  function send(call: Call, numberId: string, given: JsonObject | null): Answer {
    const refused = admit(call, numberId);
    if (refused !== null) return refused;
    if (numbers.waitMs(numberId) > 0) return refusal.throughputReached;
    numbers.take(numberId);
    if (given === null) return refusal.badParameter('The request body must be a JSON object.');
    const recipient = readRecipient(given);
    if (recipient === null) return refusal.badParameter("Parameter 'to' or 'recipient' is missing or invalid.");
    const message = readMessage(given);
    if ('refusal' in message) return message.refusal;
    const person = people.whatsappPerson(recipient.name);
    const unreachable = UNREACHABLE[person.state];
    if (unreachable !== undefined) return unreachable;
    if (events.refuses(person.match, message.type)) return refusal.outsideWindow;
    if (pairs !== null && !pairs.take(person.match)) return refusal.pairLimitReached;

    const messageId = `wamid.${createHash('sha1').update(`${person.match} ${++sent}`).digest('base64url')}`;
    const data = given['biz_opaque_callback_data'];
    const key = typeof data === 'string' ? data : null;
    ledger.record({
      provider: 'whatsapp',
      action: 'send',
      recipient: person.match,
      conversation: person.match,
      key,
      messageId,
      text: message.text,
      signature: null,
      body: call.body,
    });
    events.taken({ messageId, recipient: person.match, type: message.type, callbackData: key });
    return accept(recipient, messageId, message.type);
  }

  /** Why a call goes no further; null when it may. */
  function admit(call: Call, numberId: string): Answer | null {
    const token = bearerToken(call);
    if (token === null) return refusal.tokenMissing;
    if (token !== credentials.accessToken) return refusal.tokenInvalid;
    return numberId === credentials.phoneNumberId ? null : refusal.unsupported(numberId);
  }

  function reset(): void {
    numbers.clear();
    pairs?.clear();
    events.reset();
  }

  return { plan, refuse: refusal.whatsappRefusal, reset };
}

function routeOf(method: string, numberId: string, messages: string | undefined): 'send' | 'number' | 'unknown' {
  if (method === 'POST' && messages !== undefined) return 'send';
  return method === 'GET' && messages === undefined && numberId !== '' ? 'number' : 'unknown';
}

const UNREACHABLE: Readonly<Partial<Record<WhatsappState, Answer>>> = {
  unknown: refusal.undeliverable,
  country_blocked: refusal.countryBlocked,
  opted_out: refusal.optedOut,
  capped: refusal.marketingCapped,
};

function describeNumber({ phoneNumberId }: WhatsappCredentials): Answer {
  return json(200, {
    verified_name: 'Sandbox',
    display_phone_number: '+1 555-010-0001',
    quality_rating: 'GREEN',
    id: phoneNumberId,
  });
}

/** Only templates are paced, so only they have a status. */
function accept({ input, name, isUserId }: WhatsappRecipient, messageId: string, type: string): Answer {
  const status = type === 'template' ? { message_status: 'accepted' } : {};
  return json(200, {
    messaging_product: 'whatsapp',
    contacts: [isUserId ? { input, user_id: name } : { input, wa_id: name }],
    messages: [{ id: messageId, ...status }],
  });
}
