import type { Clock } from '../../model/clock.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import type { Address, Outcome } from '../../model/outcome.ts';
import type { Connection } from '../../model/tenancy.ts';
import type {
  ChannelSession,
  ChannelTools,
  CheckResult,
  EditRequest,
  LookUp,
  RemoveRequest,
  SendRequest,
} from '../contract.ts';
import { PeopleLookUp } from './look-up.ts';
import { judgeRefusal, type SlackRefusal } from './refusals.ts';
import type { SlackSettings } from './settings.ts';
import { type SlackAnswer, SlackWebApi } from './web-api.ts';

type Refused = Exclude<SlackAnswer, { kind: 'ok' }>;

export class SlackSession implements ChannelSession {
  readonly #api: SlackWebApi;
  readonly #clock: Clock;
  readonly #secrets: readonly string[];
  readonly #people: PeopleLookUp;

  constructor(settings: SlackSettings, { allowPrivateNetwork }: Connection, { outbound, clock }: ChannelTools) {
    this.#api = new SlackWebApi({ ...settings, allowPrivateNetwork, outbound });
    this.#clock = clock;
    this.#secrets = [settings.token, settings.signingSecret ?? ''];
    this.#people = new PeopleLookUp({
      api: this.#api,
      clock,
      teamId: settings.teamId ?? null,
      judge: (answer) => this.#judge(answer, false),
    });
  }

  async send(request: SendRequest): Promise<Outcome> {
    const channel = await this.#findConversation(request);
    if (typeof channel !== 'string') return channel;
    const outcome = await this.#post(channel, request);
    const { channelId } = request.address;
    if (!isGone(outcome) || channel === channelId || !isUser(channelId)) return outcome;
    // Direct messages are those of one bot user: an app that was installed anew has others.
    await request.nextCall();
    return this.#post(channelId, request);
  }

  async remove({ messageId, signal }: RemoveRequest): Promise<Outcome> {
    const [, channel, ts] = MESSAGE_ID.exec(messageId) ?? [];
    const answer = await this.#api.call('chat.delete', { channel, ts }, { signal });
    if (answer.kind === 'ok') return REMOVED;
    if (answer.kind === 'no' && answer.error === 'message_not_found') return REMOVED;
    const refusal = this.#judge(answer, true);
    if (answer.kind !== 'no' || !KEPT.has(answer.error)) return refusal;
    return { kind: 'rejected', scope: 'recipient', reason: 'not_recallable', detail: refusal.detail };
  }

  async edit({ messageId, message, signal }: EditRequest): Promise<Outcome> {
    const [, channel = '', ts] = MESSAGE_ID.exec(messageId) ?? [];
    // What is left out stays as it was, so what a message has no more has to be said.
    const values = { blocks: [], attachments: [], ...writeMessage(message, channel), ts };
    const answer = await this.#api.call('chat.update', values, { signal });
    if (answer.kind === 'ok') return { kind: 'accepted', providerMessageId: messageId };
    const refusal = this.#judge(answer, true);
    if (answer.kind !== 'no' || !UNCHANGEABLE.has(answer.error)) return refusal;
    return { kind: 'rejected', scope: 'recipient', reason: 'not_editable', detail: refusal.detail };
  }

  lookUp(identities: readonly string[], signal: AbortSignal): Promise<LookUp[]> {
    return this.#people.find(identities, signal);
  }

  async check(signal: AbortSignal): Promise<CheckResult> {
    const answer = await this.#api.call('auth.test', {}, { signal });
    if (answer.kind !== 'ok') return { ok: false, detail: this.#judge(answer, false).detail };
    return { ok: true, detail: `Slack knows the bot in workspace ${String(answer.body['team_id'] ?? 'unknown')}.` };
  }

  async close(): Promise<void> {
    this.#people.close();
  }

  /**
   * Where to post. A user's id will do, and Slack opens the direct message itself; but what is posted so under another
   * name ends up in the user's conversation with Slackbot, so for that the app's own has to be opened first.
   */
  async #findConversation({ address, message, signal }: SendRequest): Promise<string | SlackRefusal> {
    const known = conversationOf(address);
    if (known !== null) return known;
    const isOwnName = message.type === 'text' || !BORROWED_NAMES.some((key) => Object.hasOwn(message.payload, key));
    if (isOwnName) return address.channelId;
    const answer = await this.#api.call('conversations.open', { users: address.channelId }, { signal });
    if (answer.kind !== 'ok') return this.#judge(answer, false);
    return idOf(answer.body['channel']) ?? this.#judge(withoutResult(answer.body), false);
  }

  async #post(channel: string, { address, message, signal }: SendRequest): Promise<Outcome> {
    const answer = await this.#api.call('chat.postMessage', writeMessage(message, channel), { signal });
    if (answer.kind !== 'ok') return this.#judge(answer, true);
    const { ts, channel: postedTo } = answer.body;
    if (typeof ts !== 'string') return this.#judge(withoutResult(answer.body), true);
    const conversation = typeof postedTo === 'string' ? postedTo : channel;
    const learned = learn(address, conversation);
    return { kind: 'accepted', providerMessageId: `${conversation}:${ts}`, ...(learned === null ? {} : { learned }) };
  }

  #judge(answer: Refused, isSend: boolean): SlackRefusal {
    return judgeRefusal(answer, { isSend, now: this.#clock.now(), secrets: this.#secrets });
  }
}

/** As `accepted` gives it: the conversation and the time. */
const MESSAGE_ID = /^([^:]+):(\d+\.\d+)$/;

const REMOVED: Outcome = { kind: 'accepted', providerMessageId: null };

/** https://docs.slack.dev/reference/methods/chat.delete: about the one message, and final. */
const KEPT: ReadonlySet<string> = new Set(['cant_delete_message', 'compliance_exports_prevent_deletion']);

/** https://docs.slack.dev/reference/methods/chat.update: likewise. */
const UNCHANGEABLE: ReadonlySet<string> = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);

/** With one of these the message is another's as far as readers can tell. */
const BORROWED_NAMES = ['username', 'icon_url', 'icon_emoji', 'as_user'] as const;

const isUser = (id: string): boolean => /^[UW]/.test(id);

const isGone = (outcome: Outcome): boolean => outcome.kind === 'rejected' && outcome.forgetAddress === true;

/** The conversation to post to, when it is known; null: the address is a user's and nothing was posted yet. */
export function conversationOf({ channelId, reference }: Address): string | null {
  if (/^[CDG]/.test(channelId)) return channelId;
  return reference?.['conversationId'] ?? null;
}

/** Worth keeping: the direct message that a post to a user went to. Null when nothing is new. */
function learn(address: Address, conversation: string): Address | null {
  if (!isUser(address.channelId) || !conversation.startsWith('D')) return null;
  if (conversationOf(address) === conversation) return null;
  return { channelId: address.channelId, reference: { ...address.reference, conversationId: conversation } };
}

/** A native payload passes as it is, but for where it goes and in whose name. */
function writeMessage(message: Message, channel: string): Record<string, unknown> {
  if (message.type === 'text') return { channel, text: message.text.toWellFormed() };
  const { token: _token, team_id: _team, ...payload } = message.payload;
  return { ...payload, channel };
}

function idOf(value: unknown): string | null {
  const id = isJsonObject(value) ? value['id'] : null;
  return typeof id === 'string' && id !== '' ? id : null;
}

/** An `ok` that lacks what was asked for says as little as no JSON at all. */
function withoutResult(body: JsonObject): Refused {
  return { kind: 'response', response: { kind: 'response', status: 200, headers: {}, body: JSON.stringify(body) } };
}
