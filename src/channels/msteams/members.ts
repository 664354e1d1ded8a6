import { parseJsonObject } from '../../model/json.ts';
import type { Connection } from '../../model/tenancy.ts';
import type { ChannelTools } from '../contract.ts';
import { ExpiringCache } from '../expiring-cache.ts';
import { TokenSource } from '../token-source.ts';
import { textAt } from './activity.ts';
import { memberUrl } from './requests.ts';
import type { TeamsSettings } from './settings.ts';
import { requestBotToken } from './token.ts';

export interface MemberQuestion {
  /** Trusted: the bot's token goes there. */
  readonly serviceUrl: string;
  readonly conversationId: string;
  readonly userId: string;
  readonly signal: AbortSignal;
}

/** Teams waits fifteen seconds for an answer to an activity; this is one of several things done for it. */
const DEADLINE_MS = 5_000;
const KNOWN_MS = 24 * 3_600_000;
const UNKNOWN_MS = 600_000;
const REMEMBERED_PEOPLE = 100_000;

/** Asks the connector for a person's e-mail, which activities do not tell. */
export class Members {
  readonly #allowPrivateNetwork: boolean;
  readonly #tools: ChannelTools;
  readonly #tokens: TokenSource;
  /** Names by Teams id, so that not every message asks. */
  readonly #names: ExpiringCache<readonly string[]>;

  constructor(settings: TeamsSettings, { allowPrivateNetwork }: Connection, tools: ChannelTools) {
    this.#allowPrivateNetwork = allowPrivateNetwork;
    this.#tools = tools;
    this.#tokens = new TokenSource(requestBotToken(settings), { ...tools, allowPrivateNetwork });
    this.#names = new ExpiringCache(REMEMBERED_PEOPLE, tools.clock);
  }

  /** E-mail and UPN, the e-mail first; none when the connector does not say, for whatever reason. */
  async namesOf(question: MemberQuestion): Promise<readonly string[]> {
    const known = this.#names.get(question.userId);
    if (known !== undefined) return known;
    const names = await this.#ask(question);
    this.#names.set(question.userId, names, names.length > 0 ? KNOWN_MS : UNKNOWN_MS);
    return names;
  }

  async #ask({ serviceUrl, conversationId, userId, signal }: MemberQuestion): Promise<string[]> {
    const deadline = new AbortController();
    const cancel = this.#tools.clock.after(DEADLINE_MS, () => deadline.abort(new DOMException('', 'TimeoutError')));
    const call = {
      method: 'GET',
      url: memberUrl(serviceUrl, conversationId, userId),
      body: null,
      signal: AbortSignal.any([signal, deadline.signal]),
      allowPrivateNetwork: this.#allowPrivateNetwork,
    } as const;
    const { outbound } = this.#tools;
    const answer = await this.#tokens
      .call((headers) => outbound.request({ ...call, headers }), call.signal)
      .finally(cancel);
    return 'outcome' in answer || answer.kind !== 'response' || answer.status !== 200 ? [] : readNames(answer.body);
  }
}

/** The UPN of a guest (`jane_abc.com#EXT#@…`) is nobody's name elsewhere. */
function readNames(body: string): string[] {
  const member = parseJsonObject(body) ?? {};
  const names = [textAt(member, 'email'), textAt(member, 'userPrincipalName')];
  const usable = names.filter((name) => name !== null).filter((name) => /^[^\s@]+@[^\s@]+$/.test(name));
  return [...new Set(usable.filter((name) => !/#ext#/i.test(name)).map((name) => name.toLowerCase()))];
}
