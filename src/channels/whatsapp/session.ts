import { isJsonObject, type JsonObject, parseJsonObject } from '../../model/json.ts';
import type { Outcome, Rejected } from '../../model/outcome.ts';
import type { Connection } from '../../model/tenancy.ts';
import { cleanDetail } from '../clean-detail.ts';
import type { ChannelSession, ChannelTools, CheckResult, SendRequest } from '../contract.ts';
import type { OutboundCall, OutboundResult } from '../outbound.ts';
import { preparationUnanswered, sendUnanswered } from '../unanswered.ts';
import { judgeAnswer } from './refusals.ts';
import { isTooLong, MAX_TEXT_LENGTH, readTarget, writeMessage } from './requests.ts';
import type { WhatsappSettings } from './settings.ts';

export class WhatsappSession implements ChannelSession {
  readonly #numberUrl: string;
  readonly #phoneNumberId: string;
  readonly #accessToken: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #allowPrivateNetwork: boolean;
  readonly #tools: ChannelTools;

  constructor(settings: WhatsappSettings, { allowPrivateNetwork }: Connection, tools: ChannelTools) {
    this.#numberUrl = `${settings.apiUrl.replace(/\/+$/, '')}/${settings.phoneNumberId}`;
    this.#phoneNumberId = settings.phoneNumberId;
    this.#accessToken = settings.accessToken;
    this.#headers = { authorization: `Bearer ${settings.accessToken}`, 'content-type': 'application/json' };
    this.#allowPrivateNetwork = allowPrivateNetwork;
    this.#tools = tools;
  }

  async send({ address, message, key, signal }: SendRequest): Promise<Outcome> {
    const target = readTarget(address.channelId);
    if (target === null) return NO_ADDRESS;
    if (isTooLong(message)) return TOO_LONG;

    const body = writeMessage(message, target, key);
    const answer = await this.#call({ method: 'POST', url: `${this.#numberUrl}/messages`, body }, signal);
    if (answer.kind !== 'response') return sendUnanswered(answer);
    const messageId = isSuccess(answer.status) ? readMessageId(parseJsonObject(answer.body)) : null;
    return messageId === null ? this.#judge(answer) : { kind: 'accepted', providerMessageId: messageId };
  }

  async check(signal: AbortSignal): Promise<CheckResult> {
    const url = `${this.#numberUrl}?fields=id,display_phone_number,verified_name`;
    const answer = await this.#call({ method: 'GET', url, body: null }, signal);
    if (answer.kind !== 'response') return { ok: false, detail: preparationUnanswered(answer).detail };
    const number = isSuccess(answer.status) ? parseJsonObject(answer.body) : null;
    if (number?.['id'] !== this.#phoneNumberId) return { ok: false, detail: this.#judge(answer).detail };
    const known = [number['display_phone_number'], number['verified_name']].filter((fact) => typeof fact === 'string');
    const said = `WhatsApp knows the number ${known.join(', ') || this.#phoneNumberId}.`;
    return { ok: true, detail: cleanDetail(said, [this.#accessToken]) };
  }

  /** Holds nothing open: the sockets are the outbound's. */
  async close(): Promise<void> {}

  #call(call: Pick<OutboundCall, 'method' | 'url' | 'body'>, signal: AbortSignal): Promise<OutboundResult> {
    const { outbound } = this.#tools;
    return outbound.request({
      ...call,
      headers: this.#headers,
      signal,
      allowPrivateNetwork: this.#allowPrivateNetwork,
    });
  }

  #judge(answer: Extract<OutboundResult, { kind: 'response' }>) {
    return judgeAnswer(answer, { now: this.#tools.clock.now(), secrets: [this.#accessToken] });
  }
}

const NO_ADDRESS: Rejected = {
  kind: 'rejected',
  scope: 'recipient',
  reason: 'not_associated',
  detail:
    'neither a phone number (5 to 15 digits with the country code, with or without a plus) nor a WhatsApp user id (US.1349…)',
};

const TOO_LONG: Rejected = {
  kind: 'rejected',
  scope: 'message',
  reason: 'message_too_large',
  detail: `The text is longer than the ${MAX_TEXT_LENGTH} characters that WhatsApp takes.`,
};

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** Whether the message is held for a while (`message_status`) changes nothing: WhatsApp has it. */
function readMessageId(body: JsonObject | null): string | null {
  const messages = body?.['messages'];
  const first = Array.isArray(messages) ? messages[0] : undefined;
  const id = isJsonObject(first) ? first['id'] : undefined;
  return typeof id === 'string' && MESSAGE_ID.test(id) ? id : null;
}

const MESSAGE_ID = /^[!-~]{1,512}$/;
