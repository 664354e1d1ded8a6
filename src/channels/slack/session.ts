import type { Clock } from '../../model/clock.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import type { Address, Outcome } from '../../model/outcome.ts';
import type { Connection } from '../../model/tenancy.ts';
import type { ChannelSession, ChannelTools, CheckResult, LookUp, SendRequest } from '../contract.ts';
import { ExpiringCache } from '../expiring-cache.ts';
import { judgeRefusal, type SlackRefusal } from './refusals.ts';
import type { SlackSettings } from './settings.ts';
import { type SlackAnswer, SlackWebApi } from './web-api.ts';

type Refused = Exclude<SlackAnswer, { kind: 'ok' }>;

const FOUND_MS = 3_600_000;
const ABSENT_MS = 600_000;
const REMEMBERED_PEOPLE = 100_000;

export class SlackSession implements ChannelSession {
  readonly #api: SlackWebApi;
  readonly #clock: Clock;
  readonly #secrets: readonly string[];
  /** User ids by e-mail; null: there is nobody. At 50 look-ups a minute every repeated one hurts. */
  readonly #users: ExpiringCache<string | null>;

  constructor(settings: SlackSettings, { allowPrivateNetwork }: Connection, { outbound, clock }: ChannelTools) {
    this.#api = new SlackWebApi({ ...settings, allowPrivateNetwork, outbound });
    this.#clock = clock;
    this.#secrets = [settings.token, settings.signingSecret ?? ''];
    this.#users = new ExpiringCache(REMEMBERED_PEOPLE, clock);
  }

  async send({ address, message, signal }: SendRequest): Promise<Outcome> {
    const known = channelOf(address);
    const channel = known ?? (await this.#openDirectMessage(address.channelId, signal));
    if (typeof channel !== 'string') return channel;

    const answer = await this.#api.call('chat.postMessage', writeMessage(message, channel), signal);
    if (answer.kind !== 'ok') return this.#judge(answer, true);
    const { ts, channel: postedTo } = answer.body;
    if (typeof ts !== 'string') return this.#judge(withoutResult(answer.body), true);
    const providerMessageId = `${typeof postedTo === 'string' ? postedTo : channel}:${ts}`;
    if (known !== null) return { kind: 'accepted', providerMessageId };
    const learned = { channelId: address.channelId, reference: { ...address.reference, conversationId: channel } };
    return { kind: 'accepted', providerMessageId, learned };
  }

  lookUp(identities: readonly string[], signal: AbortSignal): Promise<LookUp[]> {
    return Promise.all(identities.map((identity) => this.#lookUpOne(identity, signal)));
  }

  async #lookUpOne(identity: string, signal: AbortSignal): Promise<LookUp> {
    const email = identity.trim().toLowerCase();
    if (!email.includes('@')) return { kind: 'absent' };
    const remembered = this.#users.get(email);
    if (remembered !== undefined) return asLookUp(remembered);

    const answer = await this.#api.call('users.lookupByEmail', { email }, signal);
    const user = readUser(answer);
    if (user === undefined) return this.#unavailable(answer);
    this.#users.set(email, user, user === null ? ABSENT_MS : FOUND_MS);
    return asLookUp(user);
  }

  async check(signal: AbortSignal): Promise<CheckResult> {
    const answer = await this.#api.call('auth.test', {}, signal);
    if (answer.kind !== 'ok') return { ok: false, detail: this.#judge(answer, false).detail };
    return { ok: true, detail: `Slack knows the bot in workspace ${String(answer.body['team_id'] ?? 'unknown')}.` };
  }

  async close(): Promise<void> {}

  /** The channel of the app's direct message with a user, the same on every call. */
  async #openDirectMessage(user: string, signal: AbortSignal): Promise<string | SlackRefusal> {
    const answer = await this.#api.call('conversations.open', { users: user }, signal);
    if (answer.kind !== 'ok') return this.#judge(answer, false);
    return idOf(answer.body['channel']) ?? this.#judge(withoutResult(answer.body), false);
  }

  #unavailable(answer: SlackAnswer): LookUp {
    const refused = answer.kind === 'ok' ? withoutResult(answer.body) : answer;
    return { kind: 'unavailable', outcome: this.#judge(refused, false) };
  }

  #judge(answer: Refused, isSend: boolean): SlackRefusal {
    return judgeRefusal(answer, { isSend, now: this.#clock.now(), secrets: this.#secrets });
  }
}

/** The conversation to post to, when it is known; null: the address is a user's and the message has yet to be opened. */
function channelOf({ channelId, reference }: Address): string | null {
  if (/^[CDG]/.test(channelId)) return channelId;
  return reference?.['conversationId'] ?? null;
}

/** A native payload passes as it is, but for where it goes and in whose name. */
function writeMessage(message: Message, channel: string): Record<string, unknown> {
  if (message.type === 'text') return { channel, text: message.text.toWellFormed() };
  const { token: _token, team_id: _team, ...payload } = message.payload;
  return { ...payload, channel };
}

/** The user's id; null: Slack says there is nobody to reach; undefined: it did not say. */
function readUser(answer: SlackAnswer): string | null | undefined {
  if (answer.kind === 'no' && ABSENT.has(answer.error)) return null;
  if (answer.kind !== 'ok') return undefined;
  const { user } = answer.body;
  if (isJsonObject(user) && user['deleted'] === true) return null;
  return idOf(user) ?? undefined;
}

/** Guests and people who left are not found either. */
const ABSENT: ReadonlySet<string> = new Set(['users_not_found', 'user_not_found', 'user_not_visible', 'user_disabled']);

function asLookUp(user: string | null): LookUp {
  return user === null ? { kind: 'absent' } : { kind: 'found', address: { channelId: user, reference: null } };
}

function idOf(value: unknown): string | null {
  const id = isJsonObject(value) ? value['id'] : null;
  return typeof id === 'string' && id !== '' ? id : null;
}

/** An `ok` that lacks what was asked for says as little as no JSON at all. */
function withoutResult(body: JsonObject): Refused {
  return { kind: 'response', response: { kind: 'response', status: 200, headers: {}, body: JSON.stringify(body) } };
}
