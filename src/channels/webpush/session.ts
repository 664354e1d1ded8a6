import type { Clock } from '../../model/clock.ts';
import type { Outcome, Rejected } from '../../model/outcome.ts';
import type { Connection } from '../../model/tenancy.ts';
import type { ChannelSession, ChannelTools, CheckResult, SendRequest } from '../contract.ts';
import type { Outbound, OutboundResponse } from '../outbound.ts';
import { requireSdk } from '../require-sdk.ts';
import { sendUnanswered } from '../unanswered.ts';
import { judgeAnswer } from './refusals.ts';
import { writePush } from './requests.ts';
import type { WebpushSettings } from './settings.ts';
import { NO_SUBSCRIPTION, type Subscription, Subscriptions } from './subscriptions.ts';
import { readVapidKey, Vapid } from './vapid.ts';

export class WebpushSession implements ChannelSession {
  readonly #webPush: typeof import('web-push');
  readonly #settings: WebpushSettings;
  readonly #subscriptions: Subscriptions;
  /** Null: the keys of the settings are no pair. */
  readonly #vapid: Vapid | null;
  readonly #allowPrivateNetwork: boolean;
  readonly #outbound: Outbound;
  readonly #clock: Clock;

  constructor(settings: WebpushSettings, { allowPrivateNetwork }: Connection, { outbound, clock }: ChannelTools) {
    const key = readVapidKey(settings);
    this.#webPush = requireSdk('web-push');
    this.#settings = settings;
    this.#subscriptions = new Subscriptions(settings.allowedHosts);
    this.#vapid = key === null ? null : new Vapid(key, settings, clock);
    this.#allowPrivateNetwork = allowPrivateNetwork;
    this.#outbound = outbound;
    this.#clock = clock;
  }

  async send({ key, address, message, signal }: SendRequest): Promise<Outcome> {
    if (this.#vapid === null) return NO_PAIR;
    const subscription = this.#subscriptions.read(address);
    if ('kind' in subscription) return subscription;
    const push = writePush(message, key, this.#settings);
    if ('kind' in push) return push;
    const body = this.#encrypt(push.payload, subscription);
    if (body === null) return NO_SUBSCRIPTION;

    const authorization = await this.#vapid.authorize(subscription.origin);
    const answer = await this.#outbound.request({
      method: 'POST',
      url: subscription.endpoint,
      headers: { ...push.headers, ...CONTENT_HEADERS, authorization },
      body,
      signal,
      allowPrivateNetwork: this.#allowPrivateNetwork,
    });
    return answer.kind === 'response' ? this.#judge(answer, subscription, this.#vapid) : sendUnanswered(answer);
  }

  /** Nothing but a message can be sent to a push service, and which one it is only a subscription tells. */
  async check(): Promise<CheckResult> {
    if (this.#vapid === null) return { ok: false, detail: NO_PAIR.detail };
    return { ok: true, detail: 'The VAPID keys are a pair; a push service can only be tried by sending to a browser.' };
  }

  async close(): Promise<void> {}

  /** Null when the browser's keys are none. */
  #encrypt(payload: Buffer, { p256dh, auth }: Subscription): Buffer | null {
    try {
      return this.#webPush.encrypt(p256dh, auth, payload, 'aes128gcm').cipherText;
    } catch {
      return null;
    }
  }

  #judge(answer: OutboundResponse, { host, origin, endpoint, auth }: Subscription, vapid: Vapid): Outcome {
    const { status, headers } = answer;
    // Services answer 201, 200 or 202, with a body or without; none promises more than the status.
    if (status >= 200 && status < 300) {
      return { kind: 'accepted', providerMessageId: readLocation(headers['location']) };
    }
    const secrets = [this.#settings.vapidPrivateKey, endpoint, auth];
    const refused = judgeAnswer(answer, { host, now: this.#clock.now(), secrets });
    if (refused.kind === 'rejected' && refused.scope === 'connection') vapid.forget(origin);
    return refused;
  }
}

const CONTENT_HEADERS = { 'content-encoding': 'aes128gcm', 'content-type': 'application/octet-stream' };

const NO_PAIR: Rejected = {
  kind: 'rejected',
  scope: 'connection',
  reason: 'connection_refused',
  detail: 'vapidPublicKey and vapidPrivateKey are not a pair; copy both from the same place.',
};

/** The message's own address at the push service. */
function readLocation(header: string | readonly string[] | undefined): string | null {
  return typeof header === 'string' && /^[!-~]{1,1000}$/.test(header) ? header : null;
}
