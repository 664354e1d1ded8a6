import { parseJsonObject } from '../../model/json.ts';
import type { Address, Outcome, Unknown } from '../../model/outcome.ts';
import type { Connection } from '../../model/tenancy.ts';
import type { ChannelSession, ChannelTools, CheckResult, SendRequest } from '../contract.ts';
import type { OutboundResponse, OutboundResult } from '../outbound.ts';
import { type NoCredentials, TokenSource } from '../token-source.ts';
import { preparationUnanswered, sendUnanswered } from '../unanswered.ts';
import { judgeRefusal, type Step, type Verdict } from './refusals.ts';
import { activitiesUrl, conversationsUrl, writeActivity, writeNewConversation } from './requests.ts';
import { ServiceUrls } from './service-urls.ts';
import type { TeamsSettings } from './settings.ts';
import { requestBotToken } from './token.ts';

type Refused = Exclude<Outcome, { kind: 'accepted' }>;

/** Where a message goes. `memberId` null: the address is a conversation and nobody's id, so it cannot be made anew. */
interface Place {
  readonly serviceUrl: string;
  /** The connector sent us here from another host. */
  readonly isMoved: boolean;
  readonly conversationId: string | null;
  readonly memberId: string | null;
  readonly tenantId: string;
}

export class TeamsSession implements ChannelSession {
  readonly #settings: TeamsSettings;
  readonly #allowPrivateNetwork: boolean;
  readonly #tools: ChannelTools;
  readonly #tokens: TokenSource;
  readonly #serviceUrls: ServiceUrls;

  constructor(settings: TeamsSettings, { allowPrivateNetwork }: Connection, tools: ChannelTools) {
    this.#settings = settings;
    this.#allowPrivateNetwork = allowPrivateNetwork;
    this.#tools = tools;
    this.#tokens = new TokenSource(requestBotToken(settings), { ...tools, allowPrivateNetwork });
    this.#serviceUrls = new ServiceUrls(settings.serviceUrl, allowPrivateNetwork);
  }

  async send(request: SendRequest): Promise<Outcome> {
    return this.#sendTo(this.#locate(request.address), request, { mayRecreate: true, mayMove: true });
  }

  async check(signal: AbortSignal): Promise<CheckResult> {
    const credentials = await this.#tokens.get(signal);
    if (credentials.kind !== 'credentials') return { ok: false, detail: credentials.detail };
    return { ok: true, detail: `A token was issued for bot ${this.#settings.appId}.` };
  }

  async close(): Promise<void> {
    this.#tokens.close();
  }

  async #sendTo(place: Place, request: SendRequest, remedies: Remedies): Promise<Outcome> {
    const conversationId = place.conversationId ?? (await this.#createConversation(place, request.signal));
    if (typeof conversationId !== 'string') return this.#remedy(conversationId, place, request, remedies);

    const body = writeActivity(request.message, this.#settings.appId, conversationId);
    const answer = await this.#call(activitiesUrl(place.serviceUrl, conversationId), body, request.signal);
    if ('outcome' in answer) return answer.outcome;
    if (answer.kind !== 'response') return sendUnanswered(answer);
    if (!isSuccess(answer)) return this.#remedy(this.#judge(answer, 'send'), place, request, remedies);

    const messageId = readId(answer.body);
    // The connector splits text beside a card into two messages and then answers 202 without an id.
    if (messageId === null && !(answer.status === 202 && answer.body === '')) return senseless(answer);
    const accepted = { kind: 'accepted', providerMessageId: messageId } as const;
    if (place.conversationId !== null && !place.isMoved) return accepted;
    return { ...accepted, learned: learn(request.address, place.serviceUrl, conversationId) };
  }

  /** A refusal is final unless something else can be tried, each remedy once. */
  async #remedy(verdict: Verdict, place: Place, request: SendRequest, remedies: Remedies): Promise<Outcome> {
    if (verdict.remedy === 'recreate' && remedies.mayRecreate && place.memberId !== null) {
      return this.#sendTo({ ...place, conversationId: null }, request, { ...remedies, mayRecreate: false });
    }
    const serviceUrl = verdict.remedy === 'move' ? this.#serviceUrls.moveTo(verdict.serviceUrl) : null;
    if (serviceUrl !== null && remedies.mayMove) {
      return this.#sendTo({ ...place, serviceUrl, isMoved: true }, request, { ...remedies, mayMove: false });
    }
    return verdict.outcome;
  }

  /** The id of the conversation, which for a person is always the same one. Nothing is said to anyone yet. */
  async #createConversation(place: Place, signal: AbortSignal): Promise<string | Verdict> {
    const { appId } = this.#settings;
    const body = writeNewConversation({ appId, memberId: place.memberId ?? '', tenantId: place.tenantId });
    const answer = await this.#call(conversationsUrl(place.serviceUrl), body, signal);
    if ('outcome' in answer) return final(answer.outcome);
    if (answer.kind !== 'response') return final(preparationUnanswered(answer));
    if (!isSuccess(answer)) return this.#judge(answer, 'create');
    const detail = `The connector answered ${answer.status} without a conversation; nothing was sent.`;
    return readId(answer.body) ?? final({ kind: 'failed', reason: 'provider_error', detail });
  }

  #call(url: string, body: string, signal: AbortSignal): Promise<OutboundResult | { outcome: NoCredentials }> {
    const allowPrivateNetwork = this.#allowPrivateNetwork;
    return this.#tokens.call(
      (headers) => this.#tools.outbound.request({ method: 'POST', url, headers, body, signal, allowPrivateNetwork }),
      signal,
      hasLapsed,
    );
  }

  #judge(answer: OutboundResponse, step: Step): Verdict {
    return judgeRefusal(answer, { step, now: this.#tools.clock.now(), secrets: this.#tokens.secrets });
  }

  #locate({ channelId, reference }: Address): Place {
    const isConversation = /^(?:a:|19:)/.test(channelId);
    const aadObjectId = reference?.['aadObjectId'];
    return {
      serviceUrl: this.#serviceUrls.choose(reference?.['serviceUrl']),
      isMoved: false,
      conversationId: isConversation ? channelId : (reference?.['conversationId'] ?? null),
      memberId: isConversation ? null : channelId.startsWith('29:') ? channelId : (aadObjectId ?? channelId),
      tenantId: reference?.['tenantId'] ?? this.#settings.tenantId,
    };
  }
}

interface Remedies {
  readonly mayRecreate: boolean;
  readonly mayMove: boolean;
}

/** The id stays what the directory knows the person by; the conversation goes into the reference. */
function learn({ channelId, reference }: Address, serviceUrl: string, conversationId: string): Address {
  return { channelId, reference: { ...reference, conversationId, serviceUrl } };
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
