import type { KeyObject } from 'node:crypto';
import type { Connection } from '../model/tenancy.ts';
import type { ChannelTools, Letter, SignedPost } from './contract.ts';
import type { OutboundResult } from './outbound.ts';
import { readWebhookSecret, signWebhook } from './webhook-signature.ts';

export interface SignedPostSettings {
  readonly url: string;
  readonly secret: string;
  readonly previousSecret?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Posts JSON as Standard Webhooks have it, signed with the present secret and the one before. */
export class WebhookPost implements SignedPost {
  readonly #url: string;
  readonly #keys: readonly KeyObject[];
  readonly #headers: Readonly<Record<string, string>>;
  readonly #allowPrivateNetwork: boolean;
  readonly #tools: Pick<ChannelTools, 'outbound' | 'clock'>;

  constructor(
    { url, secret, previousSecret, headers = {} }: SignedPostSettings,
    { allowPrivateNetwork }: Pick<Connection, 'allowPrivateNetwork'>,
    tools: Pick<ChannelTools, 'outbound' | 'clock'>,
  ) {
    this.#url = url;
    this.#keys = [secret, previousSecret].filter((each) => each !== undefined).map(readWebhookSecret);
    this.#headers = { ...withoutOurs(headers), 'content-type': 'application/json', 'user-agent': 'beckon' };
    this.#allowPrivateNetwork = allowPrivateNetwork;
    this.#tools = tools;
  }

  post({ id, body, traceparent, signal }: Letter): Promise<OutboundResult> {
    const { outbound, clock } = this.#tools;
    const timestampS = Math.floor(clock.now() / 1000);
    return outbound.request({
      method: 'POST',
      url: this.#url,
      headers: {
        ...this.#headers,
        ...(traceparent !== undefined && { traceparent }),
        'webhook-id': id,
        'webhook-timestamp': String(timestampS),
        'webhook-signature': signWebhook({ id, timestampS, body }, this.#keys),
      },
      body,
      signal,
      allowPrivateNetwork: this.#allowPrivateNetwork,
    });
  }
}

const OUR_HEADERS =
  /^(?:webhook-.*|content-.*|user-agent|host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|proxy-.*)$/i;

function withoutOurs(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OUR_HEADERS.test(name)));
}
