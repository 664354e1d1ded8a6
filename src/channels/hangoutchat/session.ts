import type { Clock } from '../../model/clock.ts';
import { parseJsonObject } from '../../model/json.ts';
import type { Address, Outcome, Rejected, Unknown } from '../../model/outcome.ts';
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
import { ExpiringCache } from '../expiring-cache.ts';
import type { Outbound, OutboundCall, OutboundResponse } from '../outbound.ts';
import { TokenSource } from '../token-source.ts';
import { preparationUnanswered, sendUnanswered } from '../unanswered.ts';
import { judgeFind, judgeSend, type Refused } from './refusals.ts';
import {
  checkUrl,
  findDirectMessageUrl,
  isCertainlyTooLong,
  locate,
  MAX_MESSAGE_BYTES,
  messagesUrl,
  readTarget,
  requestIdOf,
  writeMessage,
} from './requests.ts';
import type { GoogleChatSettings } from './settings.ts';
import { requestAccountToken } from './token.ts';

const FOUND_MS = 3_600_000;
const ABSENT_MS = 600_000;
const REMEMBERED_PEOPLE = 100_000;
/** Google takes one message a second for a space. */
const SPACE_WARM_MS = 1_000;
const REMEMBERED_SPACES = 10_000;

export class GoogleChatSession implements ChannelSession {
  readonly #clientEmail: string;
  readonly #apiUrl: string;
  readonly #allowPrivateNetwork: boolean;
  readonly #outbound: Outbound;
  readonly #clock: Clock;
  readonly #tokens: TokenSource;
  /** Direct messages by user; null: there is none. */
  readonly #directMessages: ExpiringCache<string | null>;
  readonly #warmSpaces: ExpiringCache<true>;

  constructor(settings: GoogleChatSettings, { allowPrivateNetwork }: Connection, tools: ChannelTools) {
    const { outbound, clock } = tools;
    this.#clientEmail = settings.clientEmail;
    this.#apiUrl = `${settings.apiUrl.replace(/\/+$/, '')}/`;
    this.#allowPrivateNetwork = allowPrivateNetwork;
    this.#outbound = outbound;
    this.#clock = clock;
    this.#tokens = new TokenSource(requestAccountToken(settings, clock), { outbound, clock, allowPrivateNetwork });
    this.#directMessages = new ExpiringCache(REMEMBERED_PEOPLE, clock);
    this.#warmSpaces = new ExpiringCache(REMEMBERED_SPACES, clock);
  }

  async send(request: SendRequest): Promise<Outcome> {
    const body = writeMessage(request.message);
    if (isCertainlyTooLong(request.message, body)) return TOO_LONG;
    const target = locate(request.address);
    if (target.kind === 'nobody') return NO_SPACE;
    const space = target.kind === 'space' ? target.space : await this.#findDirectMessage(target.user, request.signal);
    if (space === null) return NO_DIRECT_MESSAGE;
    if (typeof space !== 'string') return space;

    const outcome = await this.#post(space, body, request);
    if (outcome.kind === 'rejected' && outcome.forgetAddress === true) this.#forget(request.address);
    if (outcome.kind !== 'accepted' || target.kind === 'space') return outcome;
    return { ...outcome, learned: learn(request.address, space) };
  }

  async remove({ messageId, signal }: RemoveRequest): Promise<Outcome> {
    const answer = await this.#call({ method: 'DELETE', url: `${this.#apiUrl}v1/${messageId}`, body: null }, signal);
    if ('outcome' in answer) return answer.outcome;
    if (answer.kind !== 'response') return sendUnanswered(answer);
    if (isSuccess(answer) || answer.status === 404) return REMOVED;
    return judgeSend(answer, { ...this.#context(), isSpaceWarm: false });
  }

  async edit({ messageId, message, signal }: EditRequest): Promise<Outcome> {
    const body = writeMessage(message);
    if (isCertainlyTooLong(message, body)) return TOO_LONG;
    const url = `${this.#apiUrl}v1/${messageId}?updateMask=text,cardsV2`;
    const answer = await this.#call({ method: 'PATCH', url, body }, signal);
    if ('outcome' in answer) return answer.outcome;
    if (answer.kind !== 'response') return sendUnanswered(answer);
    if (isSuccess(answer)) return { kind: 'accepted', providerMessageId: messageId };
    return answer.status === 404 ? GONE : judgeSend(answer, { ...this.#context(), isSpaceWarm: false });
  }

  /** Google finds the direct message of a user by `users/…`, which to an app is a number and no e-mail address. */
  lookUp(identities: readonly string[], signal: AbortSignal): Promise<LookUp[]> {
    return Promise.all(identities.map((identity) => this.#lookUpOne(identity, signal)));
  }

  async #lookUpOne(identity: string, signal: AbortSignal): Promise<LookUp> {
    const target = readTarget(identity);
    if (target.kind !== 'user') return { kind: 'absent' };
    const space = await this.#findDirectMessage(target.user, signal);
    if (space === null) return { kind: 'absent' };
    if (typeof space !== 'string') return { kind: 'unavailable', outcome: space };
    return { kind: 'found', address: { channelId: space, reference: null } };
  }

  async check(signal: AbortSignal): Promise<CheckResult> {
    const answer = await this.#ask(checkUrl(this.#apiUrl), signal);
    if (answer.kind !== 'response') return { ok: false, detail: answer.detail };
    if (parseJsonObject(answer.body) !== null) return { ok: true, detail: `Google Chat knows ${this.#clientEmail}.` };
    return { ok: false, detail: `Something answered ${answer.status} that is not the Chat API: check apiUrl.` };
  }

  async close(): Promise<void> {
    this.#tokens.close();
  }

  async #post(space: string, body: string, { key, signal }: SendRequest): Promise<Outcome> {
    const isSpaceWarm = this.#noteWrite(space);
    const url = messagesUrl(this.#apiUrl, space, requestIdOf(key));
    const answer = await this.#call({ method: 'POST', url, body }, signal);
    if ('outcome' in answer) return answer.outcome;
    if (answer.kind !== 'response') return sendUnanswered(answer);
    if (!isSuccess(answer)) return judgeSend(answer, { ...this.#context(), isSpaceWarm });
    const name = readName(answer.body, MESSAGE_NAME);
    return name === null ? senseless(answer) : { kind: 'accepted', providerMessageId: name };
  }

  /** The space of the app's direct message with a user; null: Google says there is none. */
  async #findDirectMessage(user: string, signal: AbortSignal): Promise<string | null | Refused> {
    const remembered = this.#directMessages.get(user);
    if (remembered !== undefined) return remembered;

    const answer = await this.#ask(findDirectMessageUrl(this.#apiUrl, user), signal);
    if (isAbsence(answer)) {
      this.#directMessages.set(user, null, ABSENT_MS);
      return null;
    }
    if (answer.kind !== 'response') return answer;
    const space = readName(answer.body, SPACE_NAME);
    if (space === null) return withoutSpace(answer);
    this.#directMessages.set(user, space, FOUND_MS);
    return space;
  }

  /** A space that is gone may be the one we remember of a user, whether we had it from there or from the directory. */
  #forget({ channelId }: Address): void {
    const target = readTarget(channelId);
    if (target.kind === 'user') this.#directMessages.delete(target.user);
  }

  /** A question: it carries no message. Answers a success, or why there is none. */
  async #ask(url: string, signal: AbortSignal): Promise<OutboundResponse | Refused> {
    const answer = await this.#call({ method: 'GET', url, body: null }, signal);
    if ('outcome' in answer) return answer.outcome;
    if (answer.kind !== 'response') return preparationUnanswered(answer);
    return isSuccess(answer) ? answer : judgeFind(answer, this.#context());
  }

  #call(call: Pick<OutboundCall, 'method' | 'url' | 'body'>, signal: AbortSignal) {
    const allowPrivateNetwork = this.#allowPrivateNetwork;
    return this.#tokens.call(
      (headers) => this.#outbound.request({ ...call, headers, signal, allowPrivateNetwork }),
      signal,
    );
  }

  /** Answers whether the space was written to a moment ago. */
  #noteWrite(space: string): boolean {
    const isWarm = this.#warmSpaces.get(space) === true;
    this.#warmSpaces.set(space, true, SPACE_WARM_MS);
    return isWarm;
  }

  #context() {
    return { now: this.#clock.now(), secrets: this.#tokens.secrets };
  }
}

const MESSAGE_NAME = /^spaces\/[^/\s]{1,200}\/messages\/\S{1,200}$/;
const SPACE_NAME = /^spaces\/[\w-]{1,200}$/;

const REMOVED: Outcome = { kind: 'accepted', providerMessageId: null };

const GONE: Rejected = {
  kind: 'rejected',
  scope: 'recipient',
  reason: 'not_editable',
  detail: 'The message is not there any more.',
};

const NO_SPACE: Rejected = {
  kind: 'rejected',
  scope: 'recipient',
  reason: 'not_associated',
  detail:
    'neither a space (spaces/AAAA… or its bare id) nor a user (users/123…), and the directory has no such address',
};

const NO_DIRECT_MESSAGE: Rejected = {
  kind: 'rejected',
  scope: 'recipient',
  reason: 'app_not_installed',
  detail:
    'Google Chat knows no direct message of this user with the app: it was never installed for or opened by them.',
};

const TOO_LONG: Rejected = {
  kind: 'rejected',
  scope: 'message',
  reason: 'message_too_large',
  detail: `The message is longer than the ${MAX_MESSAGE_BYTES} bytes that Google Chat takes.`,
};

/** The id stays what the caller knows the person by; the space goes into the reference. */
function learn({ channelId, reference }: Address, space: string): Address {
  return { channelId, reference: { ...reference, conversationId: space } };
}

const isSuccess = ({ status }: OutboundResponse): boolean => status >= 200 && status < 300;

const isAbsence = (answer: OutboundResponse | Refused): boolean =>
  answer.kind === 'rejected' && answer.reason === 'app_not_installed';

function readName(body: string, pattern: RegExp): string | null {
  const name = parseJsonObject(body)?.['name'];
  return typeof name === 'string' && pattern.test(name) ? name : null;
}

function senseless({ status }: OutboundResponse): Unknown {
  const detail = `Google Chat answered ${status} without a message name, so it is not known whether the message is out.`;
  return { kind: 'unknown', reason: 'answer_lost', detail };
}

function withoutSpace({ status }: OutboundResponse): Refused {
  const detail = `Google Chat answered ${status} without a space; nothing was sent.`;
  return { kind: 'failed', reason: 'provider_error', detail };
}
