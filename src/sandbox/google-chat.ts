import type { Clock } from '../model/clock.ts';
import { type JsonObject, parseJsonObject } from '../model/json.ts';
import * as refusal from './google-chat-errors.ts';
import {
  checkMessage,
  checkSendQuery,
  type GoogleTarget,
  parseGoogleTarget,
  readQuery,
  SEND_PARAMETERS,
  selectFields,
} from './google-chat-requests.ts';
import type { GoogleToken, TokenHolder } from './google-token.ts';
import { googleSpaceId, openGoogleSpaceId } from './ids.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import type { GooglePerson, People } from './people.ts';
import { type Answer, bearerToken, type Call, json, type Plan, type Provider, planAnswer } from './provider.ts';
import { SlidingWindows, type Window } from './windows.ts';

export interface GoogleChatParts {
  readonly tokens: GoogleToken;
  readonly people: People;
  readonly ledger: Ledger;
  /** Whether the documented quotas hold. */
  readonly limited: boolean;
  readonly clock: Clock;
}

export interface GoogleChat extends Provider {
  /** Forgets what the quotas have seen, and which request and message ids were used. */
  reset(): void;
}

const SCOPE = 'https://www.googleapis.com/auth/chat.bot';
const PROJECT_WINDOWS: readonly Window[] = [{ max: 3000, spanMs: 60_000 }];
const SPACE_WINDOWS: readonly Window[] = [{ max: 1, spanMs: 1000 }];
const WRITES = ['message_writes', 'MessageWritesPerMinutePerProject'] as const;
const READS = ['space_reads', 'SpaceReadsPerMinutePerProject'] as const;

/** What the Chat API does for an app that notifies: create and delete a message, find a direct message, list the app's spaces. */
export function openGoogleChat({ tokens, people, ledger, limited, clock }: GoogleChatParts): GoogleChat {
  const projects = new SlidingWindows(limited ? PROJECT_WINDOWS : [], clock);
  const spaces = new SlidingWindows(limited ? SPACE_WINDOWS : [], clock);
  const created = new Map<string, CreatedMessage>();
  const messageIds = new Set<string>();
  let posted = 0;

  function plan(call: Call): Plan {
    const target = parseGoogleTarget(call);
    if (target === null) return planAnswer('unknown', refusal.unknownMethod);
    const { route } = target;
    if (target.route === 'send') return planSend(call, target.space);
    if (target.route === 'delete' || target.route === 'update') return planChange(call, target);
    const user = new URLSearchParams(call.query).get('name');
    if (route === 'listSpaces') return { route, recipient: null, exclusive: null, run: () => list(call) };
    return { route, recipient: user, exclusive: null, run: () => findDirectMessage(call, user) };
  }

  function planChange(call: Call, { route, space, name }: Extract<GoogleTarget, { route: 'delete' | 'update' }>): Plan {
    const person = people.googlePerson(openGoogleSpaceId(space) ?? space);
    return { route, recipient: person.match, exclusive: null, run: () => change(call, route, space, name) };
  }

  function planSend(call: Call, space: string): Plan {
    const person = people.googlePerson(openGoogleSpaceId(space) ?? space);
    return { route: 'send', recipient: person.match, exclusive: null, run: () => send(call, space, person) };
  }

  function send(call: Call, space: string, person: GooglePerson): Answer {
    const holder = admit(call, WRITES);
    if ('status' in holder) return holder;
    const query = readQuery(call, SEND_PARAMETERS);
    if (!(query instanceof URLSearchParams)) return query;
    const bad = checkSendQuery(query) ?? refusalOf(person, refusal.spaceNotFound, refusal.notAMember);
    if (bad !== null) return bad;
    if (spaces.waitMs(space) > 0) return refusal.spaceBusy;
    spaces.take(space);

    const requestId = query.get('requestId');
    const earlier = requestId === null ? undefined : created.get(requestId);
    if (earlier === undefined) return create(call, space, person, holder, query);
    if (earlier.clientEmail !== holder.clientEmail) return refusal.requestIdTaken;
    record(call, space, person, requestId, earlier.message);
    return yes(earlier.message, query);
  }

  function create(
    call: Call,
    space: string,
    person: GooglePerson,
    { clientEmail }: TokenHolder,
    query: URLSearchParams,
  ): Answer {
    const given = parseJsonObject(call.body);
    if (given === null) return refusal.invalidArgument('Invalid JSON payload received.');
    const bad = checkMessage(given);
    if (bad !== null) return bad;
    const messageId = query.get('messageId');
    if (messageId !== null && messageIds.has(`${space} ${messageId}`)) return refusal.messageIdTaken;
    if (messageId !== null) messageIds.add(`${space} ${messageId}`);

    const message = toMessage({ given, space, person, messageId, number: ++posted, now: clock.now() });
    const requestId = query.get('requestId');
    if (requestId !== null) created.set(requestId, { clientEmail, message });
    record(call, space, person, requestId, message);
    return yes(message, query);
  }

  function change(call: Call, route: 'delete' | 'update', space: string, name: string): Answer {
    const holder = admit(call, WRITES);
    if ('status' in holder) return holder;
    const query = readQuery(call, route === 'delete' ? ['force'] : ['updateMask', 'allowMissing']);
    if (!(query instanceof URLSearchParams)) return query;
    if (spaces.waitMs(space) > 0) return refusal.spaceBusy;
    spaces.take(space);
    const last = ledger.lastAbout('googlechat', space, name);
    if (last === null || last.action === 'delete') return refusal.messageNotFound;
    if (route === 'update') return update(call, query, last);
    ledger.record({
      provider: 'googlechat',
      action: 'delete',
      recipient: last.recipient,
      conversation: space,
      key: null,
      messageId: name,
      text: null,
      signature: null,
      body: call.body,
    });
    return yes({}, query);
  }

  /** Without a mask nothing is changed, and Google says so. */
  function update(call: Call, query: URLSearchParams, { recipient, conversation, messageId }: LedgerEntry): Answer {
    if (!query.has('updateMask')) return refusal.invalidArgument('update_mask is required.', 'updateMask');
    const given = parseJsonObject(call.body);
    if (given === null) return refusal.invalidArgument('Invalid JSON payload received.');
    const bad = checkMessage(given);
    if (bad !== null) return bad;
    const text = typeof given['text'] === 'string' ? given['text'] : null;
    ledger.record({
      ...{ provider: 'googlechat', action: 'update', recipient, conversation, key: null },
      ...{ messageId, text, signature: null, body: call.body },
    });
    return yes({ ...given, name: messageId }, query);
  }

  function findDirectMessage(call: Call, user: string | null): Answer {
    const holder = admit(call, READS);
    if ('status' in holder) return holder;
    const query = readQuery(call, ['name']);
    if (!(query instanceof URLSearchParams)) return query;
    if (user === null || !/^users\/[^/]+$/.test(user)) return refusal.invalidArgument('Invalid user.', 'name');
    // An e-mail address names a user to users only, and this is an app.
    if (user.includes('@')) return refusal.noDirectMessage;
    const person = people.googlePerson(user);
    const none = refusalOf(person, refusal.noDirectMessage, refusal.noDirectMessage);
    return none ?? yes(toSpace(person.space ?? googleSpaceId(person.match), true), query);
  }

  function list(call: Call): Answer {
    const holder = admit(call, READS);
    if ('status' in holder) return holder;
    const query = readQuery(call, ['pageSize', 'pageToken', 'filter']);
    if (!(query instanceof URLSearchParams)) return query;
    const state = people.googlePerson('spaces/').state;
    if (state === 'api_disabled') return refusal.apiDisabled;
    const known = people.listGoogle().filter((person) => person.state === 'member');
    const size = Math.min(Number(query.get('pageSize')) || 100, 1000);
    const found = known.slice(0, size).map((person) => toSpace(spaceOf(person), isUser(person)));
    return yes(found.length === 0 ? {} : { spaces: found }, query);
  }

  /** Who calls, counted against the project's quota; or why the call goes no further. */
  function admit(call: Call, [metric, limit]: readonly [string, string]): TokenHolder | Answer {
    const token = bearerToken(call);
    const holder = token === null ? null : tokens.holderOf(token);
    if (holder === null) return refusal.unauthenticated;
    if (!holder.scopes.includes(SCOPE)) return refusal.scopeInsufficient;
    const project = `${metric} ${holder.clientEmail.split('@')[1]}`;
    if (projects.waitMs(project) > 0) return refusal.quotaExceeded(metric, limit);
    projects.take(project);
    return holder;
  }

  function record(call: Call, space: string, person: GooglePerson, key: string | null, message: JsonObject): void {
    const { text, name } = message;
    ledger.record({
      provider: 'googlechat',
      action: 'send',
      recipient: person.match,
      conversation: space,
      key,
      messageId: String(name),
      text: typeof text === 'string' ? text : null,
      signature: null,
      body: call.body,
    });
  }

  function reset(): void {
    projects.clear();
    spaces.clear();
    created.clear();
    messageIds.clear();
  }

  return { plan, refuse: refusal.googleRefusal, reset };
}

interface CreatedMessage {
  readonly clientEmail: string;
  readonly message: JsonObject;
}

/** `unknown` and `removed` are worded differently by the methods; a disabled API is the same everywhere. */
function refusalOf({ state }: GooglePerson, unknown: Answer, removed: Answer): Answer | null {
  if (state === 'api_disabled') return refusal.apiDisabled;
  if (state === 'member') return null;
  return state === 'unknown' ? unknown : removed;
}

interface NewMessage {
  readonly given: JsonObject;
  readonly space: string;
  readonly person: GooglePerson;
  readonly messageId: string | null;
  readonly number: number;
  readonly now: number;
}

/** The Message resource: what was given, and what Google adds or puts in its place. */
function toMessage({ given, space, person, messageId, number, now }: NewMessage): JsonObject {
  const id = `${now.toString(36)}.${number}`;
  const { text } = given;
  const echoes = typeof text === 'string' && text !== '' ? { text, argumentText: text, formattedText: text } : {};
  return {
    ...given,
    ...echoes,
    name: `${space}/messages/${messageId ?? `${id}.${id}`}`,
    sender: { name: 'users/100000000000000000001', displayName: 'beckon', type: 'BOT' },
    createTime: new Date(now).toISOString(),
    thread: { name: `${space}/threads/${id}` },
    space: toSpace(space, isUser(person)),
    ...(messageId === null ? {} : { clientAssignedMessageId: messageId }),
  };
}

function toSpace(name: string, isDirect: boolean): JsonObject {
  if (isDirect) return { name, type: 'DM', spaceType: 'DIRECT_MESSAGE', singleUserBotDm: true };
  return { name, type: 'ROOM', spaceType: 'SPACE', displayName: name.slice('spaces/'.length) };
}

function isUser({ match }: GooglePerson): boolean {
  return match.startsWith('users/');
}

function spaceOf(person: GooglePerson): string {
  return isUser(person) ? (person.space ?? googleSpaceId(person.match)) : person.match;
}

function yes(resource: JsonObject, query: URLSearchParams): Answer {
  const selected = selectFields(resource, query.get('fields'));
  return selected === null ? refusal.invalidArgument('Invalid field selection.', 'fields') : json(200, selected);
}
