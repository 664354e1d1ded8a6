import { recipientRef } from '../../model/ids.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../../model/json.ts';
import type { Message, NativeMessage } from '../../model/message.ts';
import type { Outcome, Rejected } from '../../model/outcome.ts';
import type { Connection } from '../../model/tenancy.ts';
import { cleanDetail } from '../clean-detail.ts';
import type { ChannelSession, ChannelTools, CheckResult, SendRequest } from '../contract.ts';
import type { OutboundCall, OutboundResult } from '../outbound.ts';
import { preparationUnanswered, sendUnanswered } from '../unanswered.ts';
import { inspect } from './inspect.ts';
import { judgeAnswer, wantsTemplate } from './refusals.ts';
import { readTarget, type Target, writeMessage } from './requests.ts';
import type { WhatsappSettings, WindowTemplate } from './settings.ts';
import { asTemplate, isWindowOpen } from './window.ts';

export class WhatsappSession implements ChannelSession {
  readonly #numberUrl: string;
  readonly #phoneNumberId: string;
  readonly #accessToken: string;
  readonly #windowTemplate: WindowTemplate | null;
  readonly #silencesMarketingStops: boolean;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #allowPrivateNetwork: boolean;
  readonly #tools: ChannelTools;

  constructor(settings: WhatsappSettings, { allowPrivateNetwork }: Connection, tools: ChannelTools) {
    this.#numberUrl = `${settings.apiUrl.replace(/\/+$/, '')}/${settings.phoneNumberId}`;
    this.#phoneNumberId = settings.phoneNumberId;
    this.#accessToken = settings.accessToken;
    this.#windowTemplate = settings.windowTemplate ?? null;
    this.#silencesMarketingStops = settings.marketingStop === 'silence';
    this.#headers = { authorization: `Bearer ${settings.accessToken}`, 'content-type': 'application/json' };
    this.#allowPrivateNetwork = allowPrivateNetwork;
    this.#tools = tools;
  }

  async send(request: SendRequest): Promise<Outcome> {
    const { address, message } = request;
    const target = readTarget(address.channelId);
    if (target === null) return NO_ADDRESS;
    const fault = inspect(message);
    if (fault !== null) return { kind: 'rejected', scope: 'message', ...fault };

    const template = this.#windowTemplate === null ? null : asTemplate(message, this.#windowTemplate);
    if (template === null) return this.#judgeSend(await this.#post(message, target, request));
    if (isWindowOpen(address, this.#tools.clock.now())) {
      const answer = await this.#post(message, target, request);
      if (answer.kind !== 'response' || !wantsTemplate(answer)) return this.#judgeSend(answer);
    }
    return this.#sendTemplate(template, target, request);
  }

  /** Others get the message as it is, so what is wrong with the template is only this recipient's trouble. */
  async #sendTemplate(template: NativeMessage, target: Target, request: SendRequest): Promise<Outcome> {
    const fault = inspect(template);
    const outcome: Outcome =
      fault === null
        ? this.#judgeSend(await this.#post(template, target, request))
        : { kind: 'rejected', scope: 'message', ...fault };
    if (outcome.kind !== 'rejected' || outcome.scope !== 'message') return outcome;
    const detail = cleanDetail(`outside the 24 hours, as ${this.#windowTemplate?.name}: ${outcome.detail}`);
    return { ...outcome, scope: 'recipient', detail };
  }

  #post(message: Message, target: Target, { notificationId, seq, signal }: SendRequest): Promise<OutboundResult> {
    const body = writeMessage(message, target, recipientRef(notificationId, seq));
    return this.#call({ method: 'POST', url: `${this.#numberUrl}/messages`, body }, signal);
  }

  #judgeSend(answer: OutboundResult): Outcome {
    if (answer.kind !== 'response') return sendUnanswered(answer);
    const messageId = isSuccess(answer.status) ? readMessageId(parseJsonObject(answer.body)) : null;
    if (messageId !== null) return { kind: 'accepted', providerMessageId: messageId };
    const outcome = this.#judge(answer);
    if (outcome.kind !== 'rejected' || this.#silencesMarketingStops) return outcome;
    const { silence: _, ...loud } = outcome;
    return loud;
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

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** Whether the message is held for a while (`message_status`) changes nothing: WhatsApp has it. */
function readMessageId(body: JsonObject | null): string | null {
  const messages = body?.['messages'];
  const first = Array.isArray(messages) ? messages[0] : undefined;
  const id = isJsonObject(first) ? first['id'] : undefined;
  return typeof id === 'string' && MESSAGE_ID.test(id) ? id : null;
}

const MESSAGE_ID = /^[!-~]{1,512}$/;
