import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { Failed } from '../../model/outcome.ts';
import { type Graph, type GraphAnswer, type GraphCall, type GraphPurpose, type GraphRefusal, quote } from './graph.ts';
import type { TeamsSettings } from './settings.ts';

const INSTALLING: GraphPurpose = { scope: 'recipient', reason: 'app_not_installed' };

type AppChoice = Pick<TeamsSettings, 'teamsAppId' | 'manifestId'>;

/** Puts the Teams app into people's personal scope, without which no bot may write to them. */
export class Installation {
  readonly #graph: Graph;
  readonly #choice: AppChoice;
  #appId: string | null;
  #searching: Promise<string | GraphRefusal> | null = null;
  #isMissing = false;

  constructor(graph: Graph, choice: AppChoice) {
    this.#graph = graph;
    this.#choice = choice;
    this.#appId = choice.teamsAppId ?? null;
  }

  /** The id of the user's chat with the bot; the app is installed for them first, unless it is. */
  async install(aadObjectId: string, signal: AbortSignal): Promise<string | { readonly refusal: GraphRefusal }> {
    const appId = this.#appId ?? (await this.#findAppOnce(signal));
    if (typeof appId !== 'string') return { refusal: appId };
    const user = `/users/${encodeURIComponent(aadObjectId)}/teamwork/installedApps`;
    const refusal = await this.#installFor(user, appId, signal);
    return refusal === null ? this.#findChat(user, appId, signal) : { refusal };
  }

  async #installFor(user: string, appId: string, signal: AbortSignal): Promise<GraphRefusal | null> {
    const body = { 'teamsApp@odata.bind': `https://graph.microsoft.com/v1.0/appCatalogs/teamsApps/${appId}` };
    const answer = await this.#call({ method: 'POST', path: user, body, signal });
    if (answer.kind !== 'answer') return answer;
    const { status } = answer;
    // 409: it is installed already.
    if ((status >= 200 && status < 300) || status === 409) return null;
    if (status === 404) return this.#explainMissing(answer, signal);
    return this.#judge(answer);
  }

  /** Neither the catalog's app nor the user may be there, and the answer does not tell which. */
  async #explainMissing(answer: GraphAnswer, signal: AbortSignal): Promise<GraphRefusal> {
    const app = await this.#findApp(signal);
    if (typeof app !== 'string' && app.kind !== 'rejected') return app;
    if (typeof app === 'string') this.#appId = app;
    return typeof app === 'string' ? this.#judge(answer) : app;
  }

  async #findChat(user: string, appId: string, signal: AbortSignal): Promise<string | { refusal: GraphRefusal }> {
    const query = `$expand=teamsApp&$filter=${encodeURIComponent(`teamsApp/id eq ${quote(appId)}`)}`;
    const installed = await this.#call({ method: 'GET', path: `${user}?${query}`, signal });
    if (installed.kind !== 'answer') return { refusal: installed };
    const installation = installed.status === 200 ? firstId(installed.body) : null;
    if (installation === null) return { refusal: this.#notYet(installed) };

    const path = `${user}/${encodeURIComponent(installation)}/chat`;
    const chat = await this.#call({ method: 'GET', path, signal });
    if (chat.kind !== 'answer') return { refusal: chat };
    return (chat.status === 200 ? idOf(chat.body) : null) ?? { refusal: this.#notYet(chat) };
  }

  /** What was just installed may take seconds to be seen. */
  #notYet(answer: GraphAnswer): GraphRefusal {
    return answer.status === 404 || answer.status === 200 ? justInstalled(null) : this.#judge(answer);
  }

  #findAppOnce(signal: AbortSignal): Promise<string | GraphRefusal> {
    this.#searching ??= this.#findApp(signal).finally(() => {
      this.#searching = null;
    });
    return this.#searching;
  }

  /** The app's id in the catalog. That it is missing is held against the connection once, then against who lacks it. */
  async #findApp(signal: AbortSignal): Promise<string | GraphRefusal> {
    const { teamsAppId, manifestId = '' } = this.#choice;
    const filter = teamsAppId === undefined ? `externalId eq ${quote(manifestId)}` : `id eq ${quote(teamsAppId)}`;
    const path = `/appCatalogs/teamsApps?$filter=${encodeURIComponent(filter)}`;
    const answer = await this.#call({ method: 'GET', path, signal });
    if (answer.kind !== 'answer') return answer;
    if (answer.status !== 200) return this.#judge(answer);
    const id = firstId(answer.body);
    if (id !== null) {
      this.#appId = id;
      this.#isMissing = false;
      return id;
    }
    const detail = `The organisation's app catalog has no app with ${filter}; nothing was sent.`;
    const scope = this.#isMissing ? 'recipient' : 'connection';
    this.#isMissing = true;
    return {
      kind: 'rejected',
      scope,
      reason: scope === 'connection' ? 'connection_refused' : 'app_not_installed',
      detail,
    };
  }

  #call(call: GraphCall): Promise<GraphAnswer | GraphRefusal> {
    return this.#graph.call(call, INSTALLING);
  }

  #judge(answer: GraphAnswer): GraphRefusal {
    return this.#graph.judge(answer, INSTALLING);
  }
}

/** Not a refusal: the next attempt finds it. */
export function justInstalled(retryAfterMs: number | null): Failed {
  const detail = 'The app was installed a moment ago and Teams does not know the chat yet; nothing was sent.';
  return { kind: 'failed', reason: 'provider_error', detail, retryAfterMs };
}

function firstId({ value }: JsonObject): string | null {
  return Array.isArray(value) && isJsonObject(value[0]) ? idOf(value[0]) : null;
}

function idOf({ id }: JsonObject): string | null {
  return typeof id === 'string' && id !== '' && id.length <= 1000 ? id : null;
}
