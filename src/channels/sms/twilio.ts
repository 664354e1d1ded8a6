import type { Clock } from '../../model/clock.ts';
import { recipientRef } from '../../model/ids.ts';
import { parseJsonObject } from '../../model/json.ts';
import type { Outcome, Unknown } from '../../model/outcome.ts';
import type { Connection } from '../../model/tenancy.ts';
import {
  type ChannelSession,
  type ChannelTools,
  type CheckResult,
  callbackUrl,
  type SendRequest,
} from '../contract.ts';
import type { Outbound, OutboundResponse } from '../outbound.ts';
import { preparationUnanswered, sendUnanswered } from '../unanswered.ts';
import { readPhoneNumber } from './phone-number.ts';
import { NO_PHONE_NUMBER, reject } from './refusals.ts';
import type { TwilioSettings } from './settings.ts';
import { writeTwilioMessage } from './twilio-message.ts';
import { judgeTwilio } from './twilio-refusals.ts';

const DEFAULT_API_URL = 'https://api.twilio.com/';
const FORM = 'application/x-www-form-urlencoded';

export class TwilioSession implements ChannelSession {
  readonly #accountSid: string;
  readonly #sender: readonly (readonly [string, string])[];
  readonly #messagesUrl: string;
  /** Where Twilio tells what became of a message; null: it could not, or we could not believe it. */
  readonly #receiptsUrl: string | null;
  readonly #authorization: string;
  readonly #secrets: readonly string[];
  readonly #allowPrivateNetwork: boolean;
  readonly #outbound: Outbound;
  readonly #clock: Clock;

  constructor(settings: TwilioSettings, { id, allowPrivateNetwork }: Connection, tools: ChannelTools) {
    const { accountSid, authToken = '', apiKeySid, apiKeySecret, apiUrl = DEFAULT_API_URL } = settings;
    const isKey = apiKeySid !== undefined && apiKeySecret !== undefined;
    const [user, password] = isKey ? [apiKeySid, apiKeySecret] : [accountSid, authToken];
    const credentials = Buffer.from(`${user}:${password}`).toString('base64');
    this.#accountSid = accountSid;
    this.#sender = writeSender(settings);
    this.#messagesUrl = `${apiUrl.replace(/\/+$/, '')}/2010-04-01/Accounts/${accountSid}/Messages.json`;
    this.#receiptsUrl = authToken === '' ? null : callbackUrl(tools, id, 'receipts');
    this.#authorization = `Basic ${credentials}`;
    this.#secrets = [credentials, authToken, apiKeySecret ?? ''].filter((secret) => secret !== '');
    this.#allowPrivateNetwork = allowPrivateNetwork;
    this.#outbound = tools.outbound;
    this.#clock = tools.clock;
  }

  async send(request: SendRequest): Promise<Outcome> {
    const { address, message, signal } = request;
    const fields = writeTwilioMessage(message);
    if ('reason' in fields) return reject('message', fields.reason, fields.detail);
    const to = readPhoneNumber(address.channelId);
    if (to === null) return NO_PHONE_NUMBER;

    const form = new URLSearchParams({ To: to });
    for (const [name, value] of [...this.#sender, ...fields, ...this.#writeCallback(request)]) form.append(name, value);
    const answer = await this.#outbound.request({
      method: 'POST',
      url: this.#messagesUrl,
      headers: { authorization: this.#authorization, 'content-type': FORM, accept: 'application/json' },
      body: form.toString(),
      signal,
      allowPrivateNetwork: this.#allowPrivateNetwork,
    });
    if (answer.kind !== 'response') return sendUnanswered(answer);
    if (!isSuccess(answer)) return judgeTwilio(answer, this.#context());
    const sid = readSid(answer.body);
    return sid === null ? senseless(answer) : { kind: 'accepted', providerMessageId: sid };
  }

  /** Lists one message: it takes what sending takes, and API keys may not read the account itself. */
  async check(signal: AbortSignal): Promise<CheckResult> {
    const answer = await this.#outbound.request({
      method: 'GET',
      url: `${this.#messagesUrl}?PageSize=1`,
      headers: { authorization: this.#authorization, accept: 'application/json' },
      body: null,
      signal,
      allowPrivateNetwork: this.#allowPrivateNetwork,
    });
    if (answer.kind !== 'response') return { ok: false, detail: preparationUnanswered(answer).detail };
    if (!isSuccess(answer)) return { ok: false, detail: judgeTwilio(answer, this.#context()).detail };
    if (Array.isArray(parseJsonObject(answer.body)?.['messages'])) {
      return { ok: true, detail: `Twilio knows account ${this.#accountSid}.` };
    }
    return { ok: false, detail: `Something answered ${answer.status} that is not the Twilio API: check apiUrl.` };
  }

  async close(): Promise<void> {}

  #writeCallback({ notificationId, seq }: SendRequest): readonly (readonly [string, string])[] {
    if (this.#receiptsUrl === null) return [];
    return [['StatusCallback', `${this.#receiptsUrl}?ref=${recipientRef(notificationId, seq)}`]];
  }

  #context() {
    return { now: this.#clock.now(), secrets: this.#secrets };
  }
}

/** With both, the messaging service sends from that number of its own. */
function writeSender({ from, messagingServiceSid }: TwilioSettings): (readonly [string, string])[] {
  const sender: (readonly [string, string])[] = [];
  if (from !== undefined) sender.push(['From', from]);
  if (messagingServiceSid !== undefined) sender.push(['MessagingServiceSid', messagingServiceSid]);
  return sender;
}

const isSuccess = ({ status }: OutboundResponse): boolean => status >= 200 && status < 300;

function readSid(body: string): string | null {
  const sid = parseJsonObject(body)?.['sid'];
  return typeof sid === 'string' && /^(?:SM|MM)[0-9a-fA-F]{32}$/.test(sid) ? sid : null;
}

function senseless({ status }: OutboundResponse): Unknown {
  const detail = `Twilio answered ${status} without a message sid, so it is not known whether the message is out.`;
  return { kind: 'unknown', reason: 'answer_lost', detail };
}
