import type { Clock } from '../model/clock.ts';
import { type JsonObject, parseJsonObject } from '../model/json.ts';
import type { TwilioAccount } from './credentials.ts';
import type { Ledger } from './ledger.ts';
import type { People } from './people.ts';
import { type Answer, type Call, json, type Plan, type Provider, planAnswer } from './provider.ts';
import { listStatusCallbacks, signForm, type TwilioMessage } from './twilio-callbacks.ts';
import * as refusal from './twilio-errors.ts';
import type { WebhookReply, Webhooks } from './webhooks.ts';

export interface TwilioParts {
  readonly account: TwilioAccount;
  readonly people: People;
  readonly ledger: Ledger;
  readonly webhooks: Webhooks;
  readonly clock: Clock;
}

export interface Twilio extends Provider {
  /**
   * Somebody answers: what they said is posted to the webhook of `twilio`, signed; STOP and START are obeyed here too.
   * `optOutType` is what Advanced Opt-Out adds.
   */
  say(from: string, body: string, optOutType?: 'STOP' | 'START' | 'HELP'): Promise<WebhookReply | null>;
}

const BODY_LENGTH = 1600;
const MESSAGES = /^\/2010-04-01\/Accounts\/([^/]+)\/Messages\.json$/;

/**
 * What Twilio does for somebody who sends text messages: create one, list them, tell what becomes of it and what is
 * answered. It queues without limit; how fast a sender really sends is not simulated.
 */
export function openTwilio({ account, people, ledger, webhooks, clock }: TwilioParts): Twilio {
  let created = 0;
  let answered = 0;

  function plan(call: Call): Plan {
    const accountSid = MESSAGES.exec(call.path)?.[1];
    if (accountSid === undefined) return planAnswer('unknown', refusal.notFound(call.path));
    if (call.method === 'GET') {
      return { route: 'list', recipient: null, exclusive: null, run: () => admit(call, accountSid) ?? list(call) };
    }
    if (call.method !== 'POST') return planAnswer('unknown', refusal.notFound(call.path));
    const form = new URLSearchParams(call.body);
    const run = () => admit(call, accountSid) ?? create(call, form);
    return { route: 'send', recipient: form.get('To'), exclusive: null, run };
  }

  /** Why the call goes no further; null when it does. */
  function admit(call: Call, accountSid: string): Answer | null {
    const given = call.headers('authorization') ?? '';
    const { authToken, apiKeySid, apiKeySecret } = account;
    const allowed = [basic(account.accountSid, authToken), basic(apiKeySid, apiKeySecret)];
    if (!allowed.includes(given)) return refusal.unauthenticated;
    return accountSid === account.accountSid ? null : refusal.notFound(call.path);
  }

  function create(call: Call, form: URLSearchParams): Answer {
    const to = form.get('To') ?? '';
    const bad = checkSender(form, account) ?? checkContent(form) ?? checkCallback(form) ?? checkRecipient(to);
    if (bad !== null) return bad;
    const message = toMessage(form, `SM${(++created).toString(16).padStart(32, '0')}`, account, clock.now());
    ledger.record({
      provider: 'twilio',
      action: 'send',
      recipient: to,
      conversation: form.get('From') ?? form.get('MessagingServiceSid') ?? '',
      key: null,
      messageId: String(message['sid']),
      text: form.get('Body'),
      signature: null,
      body: call.body,
    });
    const url = form.get('StatusCallback');
    if (url !== null) tellStatuses(url, { sid: String(message['sid']), from: form.get('From') ?? account.from, to });
    return json(201, message);
  }

  function tellStatuses(url: string, message: TwilioMessage): void {
    for (const post of listStatusCallbacks(url, message, account)) void webhooks.postTo(url, post);
  }

  function say(from: string, body: string, optOutType?: string): Promise<WebhookReply | null> {
    const url = webhooks.urlOf('twilio');
    if (url === null) return Promise.resolve(null);
    const word = optOutType ?? body.trim().toUpperCase();
    if (word === 'STOP') people.change({ twilio: [{ match: from, state: 'stopped' }] });
    if (word === 'START') people.change({ twilio: [{ match: from, state: 'reachable' }] });
    const sid = `SM${(++answered).toString(16).padStart(32, 'f')}`;
    const fields = {
      SmsMessageSid: sid,
      NumMedia: '0',
      SmsSid: sid,
      SmsStatus: 'received',
      Body: body,
      To: account.from,
      NumSegments: '1',
      MessageSid: sid,
      AccountSid: account.accountSid,
      From: from,
      ApiVersion: '2010-04-01',
      ...(optOutType === undefined ? {} : { OptOutType: optOutType }),
    };
    return webhooks.post('twilio', signForm(url, account, fields));
  }

  function checkRecipient(to: string): Answer | null {
    if (to === '') return refusal.recipientMissing;
    if (!/^\+[1-9]\d{6,14}$/.test(to)) return refusal.recipientInvalid(to);
    return refusal.refusePhone(to, people.twilioPerson(to).state);
  }

  return { plan, refuse: refusal.twilioRefusal, say };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** One can see that a list is allowed; what was sent is in the ledger. */
function list(call: Call): Answer {
  const pageSize = Number(new URLSearchParams(call.query).get('PageSize') ?? 50);
  return json(200, { messages: [], page: 0, page_size: pageSize, next_page_uri: null });
}

function checkSender(form: URLSearchParams, { from, messagingServiceSid }: TwilioAccount): Answer | null {
  const [sender, service] = [form.get('From'), form.get('MessagingServiceSid')];
  if (sender === null && service === null) return refusal.senderMissing;
  if (service !== null && service !== messagingServiceSid) return refusal.serviceInvalid;
  return sender === null || sender === from ? null : refusal.senderForeign(sender);
}

function checkContent(form: URLSearchParams): Answer | null {
  const [body, contentSid, variables] = [form.get('Body') ?? '', form.get('ContentSid'), form.get('ContentVariables')];
  if (contentSid !== null && !/^HX[0-9a-f]{32}$/.test(contentSid)) return refusal.contentInvalid;
  if (variables !== null && (contentSid === null || parseJsonObject(variables) === null)) {
    return refusal.variablesInvalid;
  }
  if (body === '' && contentSid === null && !form.has('MediaUrl')) return refusal.bodyMissing;
  return [...body].length > BODY_LENGTH ? refusal.bodyTooLong : null;
}

function checkCallback(form: URLSearchParams): Answer | null {
  const url = form.get('StatusCallback');
  return url === null || /^https?:\/\/[^\s]+$/.test(url) ? null : refusal.callbackInvalid(url);
}

/** The Message resource, as far as it is of use to somebody who just made one. */
function toMessage(form: URLSearchParams, sid: string, { accountSid }: TwilioAccount, now: number): JsonObject {
  const body = form.get('Body') ?? '';
  const service = form.get('MessagingServiceSid');
  return {
    sid,
    account_sid: accountSid,
    status: service === null ? 'queued' : 'accepted',
    to: form.get('To'),
    from: form.get('From'),
    messaging_service_sid: service,
    body,
    num_segments: String(countSegments(body)),
    num_media: String(form.getAll('MediaUrl').length),
    direction: 'outbound-api',
    api_version: '2010-04-01',
    date_created: new Date(now).toUTCString(),
    error_code: null,
    error_message: null,
    uri: `/2010-04-01/Accounts/${accountSid}/Messages/${sid}.json`,
  };
}

/** Roughly: whatever is not ASCII counts as needing the wide alphabet. */
function countSegments(body: string): number {
  const [single, each] = /^[\n\r -~]*$/.test(body) ? [160, 153] : [70, 67];
  return body.length <= single ? 1 : Math.ceil(body.length / each);
}
