import { Type } from 'typebox';
import type { Clock } from '../model/clock.ts';
import type { Message } from '../model/message.ts';
import type { Outcome, Rejected } from '../model/outcome.ts';
import type { Connection } from '../model/tenancy.ts';
import type { Channel, ChannelSession, ChannelTools, CheckResult, SendRequest, SignedPost } from './contract.ts';
import type { OutboundResponse } from './outbound.ts';
import { readSettings } from './read-settings.ts';
import { parseRetryAfter } from './retry-after.ts';
import { WebhookPost } from './signed-post.ts';
import { sendUnanswered } from './unanswered.ts';

/** `whsec_` and the base64 of 24 to 64 bytes. */
const SECRET_PATTERN = '^whsec_[A-Za-z0-9+/]{32,86}={0,2}$';

const IVR_SETTINGS = Type.Object(
  {
    url: Type.String({ description: 'Where messages are posted.', pattern: '^https?://', maxLength: 2000 }),
    secret: Type.String({
      description: 'Signs every message, as Standard Webhooks say: whsec_ and 24 to 64 bytes in base64.',
      secret: true,
      pattern: SECRET_PATTERN,
    }),
    previousSecret: Type.Optional(
      Type.String({
        description: 'Signs every message too, while receivers change over to a new secret.',
        secret: true,
        pattern: SECRET_PATTERN,
      }),
    ),
    headers: Type.Optional(
      Type.Record(
        Type.String({ pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$" }),
        Type.String({ pattern: '^[ -~]*$' }),
        {
          description: 'More headers to send. Those of the protocol and of the signature cannot be changed.',
          secret: true,
          additionalProperties: false,
        },
      ),
    ),
  },
  { additionalProperties: false },
);

/**
 * Kore's Webhook channel in its asynchronous second version, which Kore's API calls `ivr`. The recipient's identity is
 * the address; the receiver tells a repeated attempt by its `webhook-id`.
 */
export const ivr: Channel = {
  id: 'ivr',
  aliases: ['webhook'],
  identityKey: 'email',
  addressing: 'identity',
  named: true,
  settings: IVR_SETTINGS,
  defaults: { perSecond: null, concurrency: 32 },
  afterUnknown: 'retry',
  open: (connection, tools) => new WebhookSession(openPost(connection, tools), tools.clock),
  openPost,
};

function openPost(connection: Connection, tools: ChannelTools): SignedPost {
  return new WebhookPost(readSettings(IVR_SETTINGS, connection), connection, tools);
}

class WebhookSession implements ChannelSession {
  readonly #post: SignedPost;
  readonly #clock: Clock;
  /** It answered 410: off, until a restart or another url opens a new session. */
  #isGone = false;

  constructor(post: SignedPost, clock: Clock) {
    this.#post = post;
    this.#clock = clock;
  }

  async send(request: SendRequest): Promise<Outcome> {
    if (this.#isGone) return SWITCHED_OFF;
    const { key, signal, traceparent } = request;
    const letter = { id: key, body: writeBody(request), signal };
    const answer = await this.#post.post(traceparent === undefined ? letter : { ...letter, traceparent });
    if (answer.kind !== 'response') return sendUnanswered(answer);
    return answer.status === 410 ? this.#switchOff() : judge(answer, this.#clock.now());
  }

  /** The first to learn of it holds the connection, which the operator is told of; nobody waits for what will not come. */
  #switchOff(): Rejected {
    if (this.#isGone) return SWITCHED_OFF;
    this.#isGone = true;
    return { ...SWITCHED_OFF, scope: 'connection' };
  }

  /** There is nothing to ask a webhook that would not be a message. */
  async check(): Promise<CheckResult> {
    return { ok: true, detail: 'A webhook can only be tried by sending to it; its settings are well-formed.' };
  }

  async close(): Promise<void> {}
}

const SWITCHED_OFF: Rejected = {
  kind: 'rejected',
  scope: 'recipient',
  reason: 'connection_refused',
  detail:
    'The webhook answered 410: it is gone for good. The connection is off until its url is changed or the server restarts.',
};

/** Whatever the body, the status decides: receivers answer webhooks with anything. */
function judge({ status, headers }: OutboundResponse, now: number): Outcome {
  const detail = `The webhook answered ${status}.`;
  if (status >= 200 && status < 300)
    return { kind: 'accepted', providerMessageId: readRequestId(headers['x-request-id']) };
  if (status < 400) {
    const advice = 'Redirects are not followed: set url to the final address.';
    return { kind: 'rejected', scope: 'recipient', reason: 'url_refused', detail: `${detail} ${advice}` };
  }
  const retryAfterMs = parseRetryAfter(headers['retry-after'], now);
  if (status === 429) return { kind: 'busy', scope: 'connection', retryAfterMs, detail };
  // The standard has the sender retry every refusal: receivers answer 404 and 401 while they are being deployed.
  return { kind: 'failed', reason: 'provider_error', detail, retryAfterMs };
}

/** Kore's body of one message; `to` and `from` are in its samples of the synchronous kind only, but who else is meant? */
function writeBody({ key, botId, identity, message, createdAt }: SendRequest): string {
  const createdOn = new Date(createdAt).toISOString();
  return JSON.stringify({
    data: [{ ...writeContent(message), createdOn, messageId: key }],
    _v: 'v2',
    to: identity,
    from: botId,
  });
}

function writeContent(message: Message): { readonly type: string; readonly val: unknown } {
  return message.type === 'text' ? { type: 'text', val: message.text } : { type: 'template', val: message.payload };
}

function readRequestId(header: string | readonly string[] | undefined): string | null {
  return typeof header === 'string' && /^[!-~]{1,200}$/.test(header) ? header : null;
}
