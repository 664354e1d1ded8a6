import { createHash, createHmac } from 'node:crypto';
import type { Clock } from '../model/clock.ts';
import type { JsonObject } from '../model/json.ts';
import type { WhatsappCredentials } from './credentials.ts';
import { globToRegExp } from './glob.ts';
import type { Webhooks } from './webhooks.ts';

export const WHATSAPP_STATUSES = ['sent', 'delivered', 'read'] as const;
export type WhatsappStatus = (typeof WHATSAPP_STATUSES)[number];

export const WHATSAPP_WINDOWS = ['later', 'at_once', 'off'] as const;

/** How Meta behaves after it took a message. */
export interface WhatsappConduct {
  /** What is told of a message, in this order; none: nothing. */
  readonly statuses: readonly WhatsappStatus[];
  /** How often each request is posted. */
  readonly times: number;
  /** How many statuses one request may hold. */
  readonly batch: number;
  /** Statuses are kept back; all are told when this is false again. */
  readonly hold: boolean;
  /** How it is told that somebody has not written for 24 hours: by webhook, in the answer, or not at all. */
  readonly window: (typeof WHATSAPP_WINDOWS)[number];
  /** Whose messages fail after they were taken: numbers, user ids or patterns, and the code. */
  readonly failures: readonly { readonly match: string; readonly code: number }[];
}

export type WhatsappChange = Partial<WhatsappConduct>;

const USUAL: WhatsappConduct = {
  statuses: WHATSAPP_STATUSES,
  times: 1,
  batch: 1,
  hold: false,
  window: 'later',
  failures: [],
};

/** Somebody who writes: by number, by user id (usernames hide the number), or both. */
export interface WhatsappSender {
  /** Digits without a plus. */
  readonly from?: string;
  /** `US.1349…` */
  readonly userId?: string;
}

export interface TakenMessage {
  readonly messageId: string;
  /** Digits of a number, or a user id. */
  readonly recipient: string;
  readonly type: string;
  readonly callbackData: string | null;
}

export interface WhatsappEventsParts {
  readonly credentials: WhatsappCredentials;
  readonly webhooks: Pick<Webhooks, 'post' | 'urlOf'>;
  readonly clock: Clock;
}

const WINDOW_MS = 24 * 60 * 60_000;
const OUTSIDE_WINDOW = 131047;
/** No country has the code 999: 9990131026… is taken and then fails with 131026. */
const FAILING = /^9990(\d{6})/;

/** What Meta tells a business by webhook: what became of its messages, and who wrote to it. */
export class WhatsappEvents {
  readonly #parts: WhatsappEventsParts;
  readonly #initial: WhatsappConduct;
  #conduct: WhatsappConduct;
  readonly #heard = new Map<string, number>();
  #kept: JsonObject[] = [];
  #received = 0;

  constructor(parts: WhatsappEventsParts, change: WhatsappChange = {}) {
    this.#parts = parts;
    this.#initial = { ...USUAL, ...change };
    this.#conduct = this.#initial;
  }

  change(change: WhatsappChange): void {
    this.#conduct = { ...this.#conduct, ...change };
    this.#flush();
  }

  /** Nobody has written, nothing is kept back, and all is as at the start. */
  reset(): void {
    this.#conduct = this.#initial;
    this.#heard.clear();
    this.#kept = [];
  }

  /** Whether a message is refused in the answer, for want of words from its recipient. */
  refuses(recipient: string, type: string): boolean {
    return this.#conduct.window === 'at_once' && this.#isTooLate(recipient, type);
  }

  /** Tells what becomes of a message that was taken. */
  taken(message: TakenMessage): void {
    if (this.#parts.webhooks.urlOf('whatsapp') === null) return;
    const code = this.#failureOf(message);
    const statuses = code === null ? this.#conduct.statuses : ['failed' as const];
    for (const status of statuses) this.#kept.push(this.#describe(message, status, code));
    this.#flush();
  }

  /** Somebody writes to the business, which opens the 24 hours. Resolves when it was told; the message's id. */
  async write({ from, userId }: WhatsappSender, text = 'Hello'): Promise<string> {
    for (const name of [from, userId]) if (name !== undefined) this.#heard.set(name, this.#parts.clock.now());
    const id = `wamid.${createHash('sha1')
      .update(`inbound ${++this.#received}`)
      .digest('base64url')}`;
    const contact = {
      profile: { name: 'Zoë 🧨' },
      ...(from === undefined ? {} : { wa_id: from }),
      ...(userId === undefined ? {} : { user_id: userId }),
    };
    const message = {
      ...(from === undefined ? {} : { from }),
      ...(userId === undefined ? {} : { from_user_id: userId }),
      id,
      timestamp: this.#timestamp(),
      type: 'text',
      text: { body: text },
    };
    await this.#post('messages', [{ contacts: [contact], messages: [message] }]);
    return id;
  }

  /** Somebody stops marketing messages, or resumes them. */
  async prefer({ from, userId }: WhatsappSender, value: 'stop' | 'resume'): Promise<void> {
    const preference = {
      ...(from === undefined ? {} : { wa_id: from }),
      ...(userId === undefined ? {} : { user_id: userId }),
      detail: `User requested to ${value} marketing messages`,
      category: 'marketing_messages',
      value,
      timestamp: Number(this.#timestamp()),
    };
    await this.#post('user_preferences', [{ contacts: [], user_preferences: [preference] }]);
  }

  /** Any values of changes, posted in one request as Meta would. Resolves when it was told. */
  async #post(field: string, values: readonly JsonObject[]): Promise<void> {
    const { credentials, webhooks } = this.#parts;
    const { phoneNumberId, businessAccountId, appSecret } = credentials;
    const metadata = { display_phone_number: '15550100001', phone_number_id: phoneNumberId };
    const changes = values.map((value) => ({ value: { messaging_product: 'whatsapp', metadata, ...value }, field }));
    const post = sign({ object: 'whatsapp_business_account', entry: [{ id: businessAccountId, changes }] }, appSecret);
    await Promise.all(Array.from({ length: this.#conduct.times }, () => webhooks.post('whatsapp', post)));
  }

  /** Two statuses to a change, for Meta groups them as it likes. */
  #flush(): void {
    const { hold, batch } = this.#conduct;
    while (!hold && this.#kept.length > 0) {
      const statuses = this.#kept.splice(0, batch);
      const pairs = statuses.flatMap((_, index) => (index % 2 === 0 ? [statuses.slice(index, index + 2)] : []));
      void this.#post(
        'messages',
        pairs.map((pair) => ({ statuses: pair })),
      );
    }
  }

  #failureOf({ recipient, type }: TakenMessage): number | null {
    const told = this.#conduct.failures.find(({ match }) => globToRegExp(match).test(recipient));
    if (told !== undefined) return told.code;
    const code = FAILING.exec(recipient)?.[1];
    if (code !== undefined) return Number(code);
    return this.#conduct.window === 'later' && this.#isTooLate(recipient, type) ? OUTSIDE_WINDOW : null;
  }

  #isTooLate(recipient: string, type: string): boolean {
    const heardAt = this.#heard.get(recipient);
    return type !== 'template' && (heardAt === undefined || this.#parts.clock.now() - heardAt >= WINDOW_MS);
  }

  #describe(message: TakenMessage, status: WhatsappStatus | 'failed', code: number | null): JsonObject {
    const { messageId, recipient, callbackData } = message;
    const isNumber = /^\d+$/.test(recipient);
    return {
      id: messageId,
      status,
      timestamp: this.#timestamp(),
      ...(isNumber ? { recipient_id: recipient } : { recipient_user_id: recipient }),
      ...(callbackData === null ? {} : { biz_opaque_callback_data: callbackData }),
      ...(code === null ? {} : { errors: [describeError(code)] }),
    };
  }

  #timestamp(): string {
    return String(Math.floor(this.#parts.clock.now() / 1000));
  }
}

/** Meta writes everything beyond ASCII as `\uXXXX`, and signs what it wrote. */
export function sign(value: JsonObject, appSecret: string) {
  const body = JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const signature = `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`;
  const headers = { 'content-type': 'application/json', 'user-agent': 'facebookexternalua' };
  return { headers: { ...headers, 'x-hub-signature-256': signature }, body };
}

const TITLES: ReadonlyMap<number, string> = new Map([
  [OUTSIDE_WINDOW, 'Re-engagement message'],
  [131026, 'Message undeliverable'],
  [131049, 'This message was not delivered to maintain healthy ecosystem engagement.'],
  [131050, 'User has stopped marketing messages'],
]);

function describeError(code: number): JsonObject {
  const title = TITLES.get(code) ?? 'Message failed';
  const details =
    code === OUTSIDE_WINDOW
      ? 'Message failed to send because more than 24 hours have passed since the customer last replied to this number.'
      : title;
  return { code, title, message: title, error_data: { details } };
}
