import type { Clock } from '../../model/clock.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { LookUp } from '../contract.ts';
import { ExpiringCache } from '../expiring-cache.ts';
import { type Graph, type GraphAnswer, type GraphPurpose, type GraphRefusal, quote } from './graph.ts';
import { isGuid } from './guid.ts';

type User = { readonly id: string; readonly isGuest: boolean };
/** Null: there is nobody of that name; a refusal: nobody said. */
type Found = User | null | GraphRefusal;

const BATCH = 20;
const BATCHES_AT_ONCE = 4;
const FOUND_MS = 3_600_000;
const ABSENT_MS = 600_000;
const REMEMBERED_PEOPLE = 100_000;
const LOOKING_UP: GraphPurpose = { scope: 'connection', reason: 'connection_refused' };
const FIELDS = '$select=id,mail,userPrincipalName,userType';
/**
 * Finds people by e-mail, UPN or object id, twenty to a call. The UPN is tried first, since it is a key; who has another
 * one than their address is then found by `mail`. Guests count as absent: a bot cannot reach them in their own tenant.
 */
export class PeopleLookUp {
  readonly #graph: Graph;
  readonly #tenantId: string;
  readonly #remembered: ExpiringCache<LookUp>;

  constructor(graph: Graph, tenantId: string, clock: Clock) {
    this.#graph = graph;
    this.#tenantId = tenantId;
    this.#remembered = new ExpiringCache(REMEMBERED_PEOPLE, clock);
  }

  /** In the order of `identities`. */
  async find(identities: readonly string[], signal: AbortSignal): Promise<LookUp[]> {
    const names = identities.map((identity) => identity.trim().toLowerCase());
    const cold = [...new Set(names)].filter((name) => canBeAsked(name) && this.#remembered.get(name) === undefined);
    const found = await this.#ask(cold, signal);
    return names.map((name) => this.#remembered.get(name) ?? this.#conclude(name, found.get(name) ?? null));
  }

  /** Null when look-ups are permitted, else why not. */
  async probe(signal: AbortSignal): Promise<string | null> {
    const answer = await this.#graph.call({ method: 'GET', path: '/users?$top=1&$select=id', signal }, LOOKING_UP);
    if (answer.kind !== 'answer') return answer.detail;
    return answer.status === 200 ? null : this.#graph.explain(answer);
  }

  async #ask(names: readonly string[], signal: AbortSignal): Promise<Map<string, Found>> {
    const byKey = await this.#askInBatches(names, (name) => `/users/${encodeURIComponent(name)}?${FIELDS}`, signal);
    const strangers = names.filter((name) => name.includes('@') && byKey.get(name) === null);
    const filter = (name: string) => `/users?$filter=${encodeURIComponent(`mail eq ${quote(name)}`)}&${FIELDS}`;
    const byMail = await this.#askInBatches(strangers, filter, signal);
    return new Map([...byKey, ...byMail]);
  }

  async #askInBatches(names: readonly string[], urlOf: (name: string) => string, signal: AbortSignal) {
    const found = new Map<string, Found>();
    let denial: GraphRefusal | undefined;
    const batches = inGroups(names, BATCH);
    const work = async () => {
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
        const known = denial;
        const answers = known === undefined ? await this.#askBatch(batch, urlOf, signal) : batch.map(() => known);
        denial ??= answers.find(isDenial);
        for (const [index, name] of batch.entries()) found.set(name, answers[index] ?? null);
      }
    };
    await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, work));
    return found;
  }

  async #askBatch(names: readonly string[], urlOf: (name: string) => string, signal: AbortSignal): Promise<Found[]> {
    const requests = names.map((name, index) => ({ id: String(index), method: 'GET', url: urlOf(name) }));
    const call = { method: 'POST', path: '/$batch', body: { requests }, signal } as const;
    const answer = await this.#graph.call(call, LOOKING_UP);
    if (answer.kind !== 'answer') return names.map(() => answer);
    const parts = answer.status === 200 ? readParts(answer.body) : new Map<string, GraphAnswer>();
    const isPermitted = [...parts.values()].some(({ status }) => status === 200 || status === 404);
    return names.map((_, index) => {
      const part = parts.get(String(index));
      return part === undefined ? this.#refuse(answer) : this.#read(part, isPermitted);
    });
  }

  #read(part: GraphAnswer, isPermitted: boolean): Found {
    if (part.status === 200) return readUser(part.body);
    // 400: a name that cannot even be one. 403: somebody the application may not see, if it may see others.
    if ([400, 404].includes(part.status) || (part.status === 403 && isPermitted)) return null;
    return this.#refuse(part);
  }

  #refuse(answer: GraphAnswer): GraphRefusal {
    const refusal = this.#graph.judge(answer, LOOKING_UP);
    if (answer.status !== 403) return refusal;
    return {
      ...refusal,
      detail: `${refusal.detail.slice(0, 160)} (looking people up needs User.Read.All or User.ReadBasic.All)`,
    };
  }

  #conclude(name: string, found: Found): LookUp {
    if (found !== null && 'kind' in found) return { kind: 'unavailable', outcome: found };
    const isThere = found !== null && !found.isGuest;
    const lookUp: LookUp = isThere ? { kind: 'found', address: this.#addressOf(found.id) } : { kind: 'absent' };
    this.#remembered.set(name, lookUp, isThere ? FOUND_MS : ABSENT_MS);
    return lookUp;
  }

  #addressOf(aadObjectId: string) {
    return { channelId: aadObjectId, reference: { aadObjectId, tenantId: this.#tenantId } };
  }
}

/** What is refused to the application is refused for everybody. */
const isDenial = (found: Found): found is GraphRefusal =>
  found !== null && 'kind' in found && found.kind === 'rejected';

const canBeAsked = (name: string): boolean => name.length <= 320 && name.isWellFormed() && isName(name);

const isName = (name: string): boolean => isGuid(name) || /^[^\s/\\]+@[^\s/\\]+$/.test(name);

function readParts({ responses }: JsonObject): Map<string, GraphAnswer> {
  const parts = Array.isArray(responses) ? responses.filter(isJsonObject) : [];
  return new Map(parts.map((part) => [String(part['id']), readPart(part)]));
}

function readPart({ status, headers, body }: JsonObject): GraphAnswer {
  const given = isJsonObject(headers) ? Object.entries(headers) : [];
  return {
    kind: 'answer',
    status: typeof status === 'number' ? status : 500,
    headers: Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), String(value)])),
    body: isJsonObject(body) ? body : {},
  };
}

/** Of a key, the user; of a filter, the first who is no guest. */
function readUser(body: JsonObject): User | null {
  const { value } = body;
  if (!Array.isArray(value)) return toUser(body);
  const users = value.map(toUser).filter((user) => user !== null);
  return users.find((user) => !user.isGuest) ?? users[0] ?? null;
}

function toUser(value: Json): User | null {
  if (!isJsonObject(value)) return null;
  const { id, userType } = value;
  return typeof id === 'string' && isGuid(id) ? { id, isGuest: userType === 'Guest' } : null;
}

function inGroups(names: readonly string[], size: number): string[][] {
  return Array.from({ length: Math.ceil(names.length / size) }, (_, index) =>
    names.slice(index * size, (index + 1) * size),
  );
}
