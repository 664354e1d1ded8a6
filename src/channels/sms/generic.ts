import type { Clock } from '../../model/clock.ts';
import type { Message } from '../../model/message.ts';
import type { Outcome } from '../../model/outcome.ts';
import type { Connection } from '../../model/tenancy.ts';
import { cleanDetail } from '../clean-detail.ts';
import type { ChannelSession, ChannelTools, CheckResult, MessageFault, SendRequest } from '../contract.ts';
import type { Outbound, OutboundResponse } from '../outbound.ts';
import { parseRetryAfter } from '../retry-after.ts';
import { sendUnanswered } from '../unanswered.ts';
import { fillText, listFixedTexts, readIdAt, writeGatewayBody } from './gateway-body.ts';
import { readPhoneNumber } from './phone-number.ts';
import { judgeStatus, NO_PHONE_NUMBER, reject } from './refusals.ts';
import type { GenericSettings } from './settings.ts';

const CONTENT_TYPES = { json: 'application/json', form: 'application/x-www-form-urlencoded' };

/** Any gateway that takes an HTTP POST for each message. Its status decides; of its body only the id is read. */
export class GenericSession implements ChannelSession {
  readonly #settings: GenericSettings;
  readonly #format: 'json' | 'form';
  readonly #token: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #secrets: readonly string[];
  readonly #allowPrivateNetwork: boolean;
  readonly #outbound: Outbound;
  readonly #clock: Clock;

  constructor(settings: GenericSettings, { allowPrivateNetwork }: Connection, { outbound, clock }: ChannelTools) {
    const { format = 'json', token = '', headers = {} } = settings;
    const custom = Object.entries(headers)
      .filter(([name]) => !OUR_HEADERS.test(name))
      .map(([name, value]) => [name, fillText(value, { token })] as const);
    this.#settings = settings;
    this.#format = format;
    this.#token = token;
    this.#headers = { ...Object.fromEntries(custom), 'content-type': CONTENT_TYPES[format], 'user-agent': 'beckon' };
    // What follows a scheme is a secret by itself, and gateways often want their password in the body.
    const values = custom.flatMap(([, value]) => [value, ...value.split(' ')]);
    this.#secrets = [...values, token, ...listFixedTexts(settings.body)].filter((secret) => secret !== '');
    this.#allowPrivateNetwork = allowPrivateNetwork;
    this.#outbound = outbound;
    this.#clock = clock;
  }

  async send({ key, address, message, signal }: SendRequest): Promise<Outcome> {
    const text = readGatewayText(message);
    if (typeof text !== 'string') return reject('message', text.reason, text.detail);
    const to = readPhoneNumber(address.channelId);
    if (to === null) return NO_PHONE_NUMBER;

    const tokens = { to, digits: to.slice(1), text, key, token: this.#token };
    const answer = await this.#outbound.request({
      method: 'POST',
      url: this.#settings.url,
      headers: this.#headers,
      body: writeGatewayBody(this.#settings.body, this.#format, tokens),
      signal,
      allowPrivateNetwork: this.#allowPrivateNetwork,
    });
    return answer.kind === 'response' ? this.#judge(answer) : sendUnanswered(answer);
  }

  /** There is nothing to ask a gateway that would not be a message. */
  async check(): Promise<CheckResult> {
    return { ok: true, detail: 'A gateway can only be tried by sending over it; its settings are well-formed.' };
  }

  async close(): Promise<void> {}

  #judge({ status, headers, body }: OutboundResponse): Outcome {
    const { idPath } = this.#settings;
    if (status >= 200 && status < 300) {
      return { kind: 'accepted', providerMessageId: idPath === undefined ? null : readIdAt(parseJson(body), idPath) };
    }
    const detail = cleanDetail(`HTTP ${status} ${body.slice(0, 1000)}`, this.#secrets);
    const retryAfterMs = parseRetryAfter(headers['retry-after'], this.#clock.now());
    return judgeStatus({ status, detail, retryAfterMs }, 'url');
  }
}

/** What a message says; or why nobody can be sent it. How long it may be only the gateway knows. */
export function readGatewayText(message: Message): string | MessageFault {
  if (message.type === 'text') return message.text === '' ? invalid('text: is empty.') : message.text;
  const { body, ...others } = message.payload;
  if (typeof body === 'string' && body !== '' && Object.keys(others).length === 0) return body;
  return invalid('body: the payload for an SMS gateway is {"body": "the text"} and nothing else.');
}

function invalid(detail: string): MessageFault {
  return { reason: 'message_invalid', detail };
}

const OUR_HEADERS =
  /^(?:content-.*|user-agent|host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|proxy-.*)$/i;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
