import { parseJsonObject } from '../../model/json.ts';
import type { Outcome, Unknown } from '../../model/outcome.ts';
import type { Connection } from '../../model/tenancy.ts';
import type {
  ChannelSession,
  ChannelTools,
  CheckResult,
  EditRequest,
  RemoveRequest,
  SendRequest,
} from '../contract.ts';
import type { OutboundResponse, OutboundResult } from '../outbound.ts';
import { type NoCredentials, TokenSource } from '../token-source.ts';
import { preparationUnanswered, sendUnanswered } from '../unanswered.ts';
import { Graph } from './graph.ts';
import { Installation, justInstalled } from './installation.ts';
import { PeopleLookUp } from './look-up.ts';
import { learn, type Place, placeOf } from './places.ts';
import { judgeRefusal, type Step, type Verdict } from './refusals.ts';
import { activitiesUrl, conversationsUrl, writeActivity, writeNewConversation } from './requests.ts';
import { ServiceUrls } from './service-urls.ts';
import type { TeamsSettings } from './settings.ts';
import { requestBotToken } from './token.ts';

/** One send, and what may still be tried for it, each remedy once. */
interface Trip {
  readonly request: SendRequest;
  /** Calls of the connector so far, which share the engine's budget. */
  calls: number;
  mayMove: boolean;
  mayRecreate: boolean;
  installed: boolean;
}

export class TeamsSession implements ChannelSession {
  readonly lookUp?: NonNullable<ChannelSession['lookUp']>;
  readonly #settings: TeamsSettings;
  readonly #allowPrivateNetwork: boolean;
  readonly #tools: ChannelTools;
  readonly #tokens: TokenSource;
  readonly #serviceUrls: ServiceUrls;
  readonly #graph: Graph;
  readonly #people: PeopleLookUp | null;
  readonly #installation: Installation | null;

  constructor(settings: TeamsSettings, connection: Connection, tools: ChannelTools) {
    const { allowPrivateNetwork } = connection;
    this.#settings = settings;
    this.#allowPrivateNetwork = allowPrivateNetwork;
    this.#tools = tools;
    this.#tokens = new TokenSource(requestBotToken(settings), { ...tools, allowPrivateNetwork });
    this.#serviceUrls = new ServiceUrls(settings.serviceUrl, allowPrivateNetwork);
    this.#graph = new Graph(settings, connection, tools);
    this.#installation = settings.install ? new Installation(this.#graph, settings) : null;
    const people = settings.lookUp ? new PeopleLookUp(this.#graph, settings.tenantId, tools.clock) : null;
    this.#people = people;
    if (people !== null) this.lookUp = (identities, signal) => people.find(identities, signal);
  }

  async send(request: SendRequest): Promise<Outcome> {
    const place = placeOf(request.address, this.#settings.tenantId, this.#serviceUrls);
    return this.#sendTo(place, { request, calls: 0, mayMove: true, mayRecreate: true, installed: false });
  }

  /** In the conversation it was sent to, which for a person is always the same one. */
  async remove(request: RemoveRequest): Promise<Outcome> {
    const answer = await this.#amend('DELETE', request, () => null);
    if (answer === null) return { ...NOWHERE, reason: 'not_recallable' };
    if ('outcome' in answer) return answer.outcome;
    if (answer.kind !== 'response') return sendUnanswered(answer);
    return isSuccess(answer) || isAbsent(answer) ? REMOVED : this.#judge(answer, 'send').outcome;
  }

  async edit(request: EditRequest): Promise<Outcome> {
    const { appId } = this.#settings;
    const answer = await this.#amend('PUT', request, (conversation) =>
      writeActivity(request.message, appId, conversation),
    );
    if (answer === null) return { ...NOWHERE, reason: 'not_editable' };
    if ('outcome' in answer) return answer.outcome;
    if (answer.kind !== 'response') return sendUnanswered(answer);
    if (isSuccess(answer)) return { kind: 'accepted', providerMessageId: request.messageId };
    return isAbsent(answer) ? GONE : this.#judge(answer, 'send').outcome;
  }

  /** Null: it is not known where the message is. */
  async #amend(
    method: 'PUT' | 'DELETE',
    { messageId, address, signal }: RemoveRequest,
    write: (conversationId: string) => string | null,
  ) {
    const place = placeOf(address, this.#settings.tenantId, this.#serviceUrls);
    if (place.conversationId === null) return null;
    const body = write(place.conversationId);
    const url = `${activitiesUrl(place.serviceUrl, place.conversationId)}/${encodeURIComponent(messageId)}`;
    const allowPrivateNetwork = this.#allowPrivateNetwork;
    return this.#tokens.call(
      (headers) => this.#tools.outbound.request({ method, url, headers, body, signal, allowPrivateNetwork }),
      signal,
      hasLapsed,
    );
  }

  async check(signal: AbortSignal): Promise<CheckResult> {
    const credentials = await this.#tokens.get(signal);
    if (credentials.kind !== 'credentials') return { ok: false, detail: credentials.detail };
    const refusal = (await this.#people?.probe(signal)) ?? null;
    const lookUps = refusal === null ? '' : ` Looking people up does not work: ${refusal}`;
    return { ok: true, detail: `A token was issued for bot ${this.#settings.appId}.${lookUps}` };
  }

  async close(): Promise<void> {
    this.#tokens.close();
    this.#graph.close();
  }

  async #sendTo(place: Place, trip: Trip): Promise<Outcome> {
    const conversationId = place.conversationId ?? (await this.#createConversation(place, trip));
    if (typeof conversationId !== 'string') return this.#remedy(conversationId, place, trip);

    const { message, address } = trip.request;
    const body = writeActivity(message, this.#settings.appId, conversationId);
    const answer = await this.#call(activitiesUrl(place.serviceUrl, conversationId), body, trip);
    if ('outcome' in answer) return answer.outcome;
    if (answer.kind !== 'response') return sendUnanswered(answer);
    if (!isSuccess(answer)) return this.#remedy(this.#judge(answer, 'send'), place, trip);

    const messageId = readId(answer.body);
    // The connector splits text beside a card into two messages and then answers 202 without an id.
    if (messageId === null && !(answer.status === 202 && answer.body === '')) return senseless(answer);
    const accepted = { kind: 'accepted', providerMessageId: messageId } as const;
    if (place.conversationId !== null && !place.isNew) return accepted;
    return { ...accepted, learned: learn(address, place, conversationId) };
  }

  /** A refusal is final unless something else can be tried. */
  async #remedy(verdict: Verdict, place: Place, trip: Trip): Promise<Outcome> {
    const { remedy } = verdict;
    if (remedy === 'move' && trip.mayMove) return this.#move(verdict, place, trip);
    if (remedy === 'recreate' && trip.mayRecreate && place.memberId !== null) {
      trip.mayRecreate = false;
      return this.#sendTo({ ...place, conversationId: null }, trip);
    }
    if (remedy === 'renew' && trip.mayRecreate && place.memberId !== null && place.conversationId !== null) {
      trip.mayRecreate = false;
      return this.#renew(verdict, place, trip);
    }
    return this.#installOrConclude(verdict, place, trip);
  }

  async #move(verdict: Verdict, place: Place, trip: Trip): Promise<Outcome> {
    trip.mayMove = false;
    const serviceUrl = this.#serviceUrls.moveTo(verdict.serviceUrl);
    return serviceUrl === null ? verdict.outcome : this.#sendTo({ ...place, serviceUrl, isNew: true }, trip);
  }

  /** Sends again only if the person's conversation has become another one: the old one would say the same again. */
  async #renew(verdict: Verdict, place: Place, trip: Trip): Promise<Outcome> {
    const conversationId = await this.#createConversation(place, trip);
    if (conversationId === place.conversationId) return this.#installOrConclude(verdict, place, trip);
    if (typeof conversationId === 'string') return this.#sendTo({ ...place, conversationId, isNew: true }, trip);
    return this.#remedy(conversationId, { ...place, conversationId: null }, trip);
  }

  async #installOrConclude({ outcome }: Verdict, place: Place, trip: Trip): Promise<Outcome> {
    if (trip.installed) return isGone(outcome) ? justInstalled(null) : outcome;
    const lacksApp = outcome.kind === 'rejected' && outcome.reason === 'app_not_installed';
    if (!lacksApp || this.#installation === null || place.aadObjectId === null) return withoutLead(outcome, place);

    trip.installed = true;
    const chat = await this.#installation.install(place.aadObjectId, trip.request.signal);
    if (typeof chat !== 'string') return chat.refusal;
    trip.mayRecreate = false;
    return this.#sendTo({ ...place, conversationId: chat, isNew: true }, trip);
  }

  /** The id of the conversation, which for a person is always the same one. Nothing is said to anyone yet. */
  async #createConversation(place: Place, trip: Trip): Promise<string | Verdict> {
    const { appId } = this.#settings;
    const body = writeNewConversation({ appId, memberId: place.memberId ?? '', tenantId: place.tenantId });
    const answer = await this.#call(conversationsUrl(place.serviceUrl), body, trip);
    if ('outcome' in answer) return final(answer.outcome);
    if (answer.kind !== 'response') return final(preparationUnanswered(answer));
    if (!isSuccess(answer)) return this.#judge(answer, 'create');
    const detail = `The connector answered ${answer.status} without a conversation; nothing was sent.`;
    return readId(answer.body) ?? final({ kind: 'failed', reason: 'provider_error', detail });
  }

  #call(url: string, body: string, trip: Trip): Promise<OutboundResult | { outcome: NoCredentials }> {
    const { signal } = trip.request;
    const allowPrivateNetwork = this.#allowPrivateNetwork;
    const post = async (headers: Readonly<Record<string, string>>) => {
      if (trip.calls++ > 0) await trip.request.nextCall();
      return this.#tools.outbound.request({ method: 'POST', url, headers, body, signal, allowPrivateNetwork });
    };
    return this.#tokens.call(post, signal, hasLapsed);
  }

  #judge(answer: OutboundResponse, step: Step): Verdict {
    return judgeRefusal(answer, { step, now: this.#tools.clock.now(), secrets: this.#tokens.secrets });
  }
}

const REMOVED: Outcome = { kind: 'accepted', providerMessageId: null };
const NOWHERE = {
  kind: 'rejected',
  scope: 'recipient',
  detail: 'The directory does not know any more which conversation it was sent to.',
} as const;
const GONE: Outcome = {
  kind: 'rejected',
  scope: 'recipient',
  reason: 'not_editable',
  detail: 'The message is not there any more.',
};

const isAbsent = ({ status, body }: OutboundResponse): boolean => status === 404 && body.includes('ActivityNotFound');

type Refused = Verdict['outcome'];

function isGone(outcome: Refused): boolean {
  return outcome.kind === 'rejected' && ['app_not_installed', 'address_gone'].includes(outcome.reason);
}

/** A conversation we are no longer in, and nobody to make another with: who adds the bot again is told to us. */
function withoutLead(outcome: Refused, { memberId }: Place): Refused {
  return memberId === null && outcome.kind === 'rejected' && isGone(outcome)
    ? { ...outcome, forgetAddress: true }
    : outcome;
}

/** No other token helps a bot that is not registered. */
const hasLapsed = ({ status, body }: OutboundResponse): boolean => status === 401 && !body.includes('BotNotRegistered');

const isSuccess = ({ status }: OutboundResponse): boolean => status >= 200 && status < 300;

const final = (outcome: Refused): Verdict => ({ outcome, remedy: null, serviceUrl: null });

function readId(body: string): string | null {
  const id = parseJsonObject(body)?.['id'];
  return typeof id === 'string' && id !== '' && id.length <= 1000 ? id : null;
}

function senseless({ status }: OutboundResponse): Unknown {
  const detail = `The connector answered ${status} without a message id, so it is not known whether the message is out.`;
  return { kind: 'unknown', reason: 'answer_lost', detail };
}
