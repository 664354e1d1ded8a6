import type { Clock } from '../model/clock.ts';
import { openSlackId } from './ids.ts';
import type { Ledger } from './ledger.ts';
import type { People, SlackPerson } from './people.ts';
import { type Answer, type Call, json, type Plan, type Provider, planAnswer, retryAfterSeconds } from './provider.ts';
import { readArguments, type SlackArguments, stringOf } from './slack-arguments.ts';
import type { SlackApp, SlackEvents } from './slack-events.ts';
import { readMessage, type SlackMessageFault } from './slack-message.ts';
import { directMessageOf, TEAM, toUser } from './slack-people.ts';
import { SlidingWindows, type Window } from './windows.ts';

export interface SlackParts {
  readonly app: Pick<SlackApp, 'token'>;
  readonly events: SlackEvents;
  readonly people: People;
  readonly ledger: Ledger;
  /** Whether the documented rate limits hold. */
  readonly limited: boolean;
  readonly clock: Clock;
}

export interface Slack extends Provider {
  /** Forgets what the rate windows have seen and which direct messages were opened. */
  reset(): void;
}

const MINUTE_MS = 60_000;
/** Calls a minute of one token. The last two are "special" in the reference, hence a guess on the strict side. */
const METHODS: Readonly<Record<string, { readonly perMinute: number; readonly json: boolean }>> = {
  'users.list': { perMinute: 20, json: false },
  'users.lookupByEmail': { perMinute: 50, json: false },
  'conversations.open': { perMinute: 50, json: true },
  'chat.postMessage': { perMinute: 300, json: true },
  'chat.update': { perMinute: 50, json: true },
  'chat.delete': { perMinute: 50, json: true },
  'auth.test': { perMinute: 300, json: true },
};
/** One a second for each channel, short bursts tolerated. */
const CHANNEL_WINDOWS: readonly Window[] = [
  { max: 3, spanMs: 1000 },
  { max: 60, spanMs: MINUTE_MS },
];
const BOT = { id: 'B0SANDBOX', userId: 'U0SANDBOX', name: 'beckon' };
const PAGE = 1000;

/** The Web API methods a notifier needs: whose e-mail is it, open the direct message, post. */
export function openSlack({ app, events, people, ledger, limited, clock }: SlackParts): Slack {
  const windows = openWindows(limited, clock);
  const channels = new SlidingWindows(limited ? CHANNEL_WINDOWS : [], clock);
  const opened = new Set<string>();
  let posted = 0;

  function plan(call: Call): Plan {
    const method = /^\/api\/([A-Za-z.]+)$/.exec(call.path)?.[1] ?? '';
    const known = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined;
    if (known === undefined) return planAnswer('unknown', no('unknown_method'));
    const given = readArguments(call, known.json);
    const recipient = recipientOf(method, given);
    return { route: method, recipient, exclusive: null, run: () => answer(method, call, given) };
  }

  function recipientOf(method: string, { values }: SlackArguments): string | null {
    if (method === 'users.lookupByEmail') return stringOf(values, 'email')?.toLowerCase() ?? null;
    const id = stringOf(values, method === 'conversations.open' ? 'users' : 'channel');
    return id === null ? null : personOf(id).match;
  }

  function answer(method: string, call: Call, given: SlackArguments): Answer {
    if (given.fault !== null) return no(given.fault);
    if (given.token === null) return no('not_authed');
    if (given.token !== app.token) return no('invalid_auth');
    if (!events.isInstalled) return no('account_inactive');
    const window = windows.get(method);
    const waitMs = window?.waitMs(given.token) ?? 0;
    if (waitMs > 0) return rateLimited(waitMs);
    window?.take(given.token);
    switch (method) {
      case 'users.lookupByEmail':
        return lookUp(given.values);
      case 'users.list':
        return list(given.values);
      case 'conversations.open':
        return open(given.values);
      case 'chat.postMessage':
        return post(call, given.values);
      case 'chat.update':
        return update(call, given.values);
      case 'chat.delete':
        return remove(call, given.values);
      default:
        return AUTHENTICATED;
    }
  }

  function lookUp(values: Values): Answer {
    const email = stringOf(values, 'email');
    if (email === null) return missing('email');
    const person = people.slackPerson(email);
    const isHidden = person.state === 'unknown' || person.state === 'guest';
    return isHidden ? no('users_not_found') : yes({ user: toUser(person) });
  }

  function list(values: Values): Answer {
    const from = offsetOf(stringOf(values, 'cursor'));
    if (from === null) return no('invalid_cursor');
    const limit = Math.min(Number(values['limit']) || PAGE, PAGE);
    const everybody = people.listSlack().filter(({ state, match }) => state !== 'unknown' && match.includes('@'));
    const next = from + limit < everybody.length ? cursorOf(from + limit) : '';
    const members = everybody.slice(from, from + limit).map(toUser);
    return yes({ members, cache_ts: Math.floor(clock.now() / 1000), response_metadata: { next_cursor: next } });
  }

  function open(values: Values): Answer {
    const user = stringOf(values, 'users');
    if (user === null) return no('users_list_not_supplied');
    if (user.includes(',')) return no('invalid_user_combination');
    const person = personOf(user);
    if (person.state === 'unknown') return no('user_not_found');
    if (person.state === 'deleted') return no('user_disabled');
    const channel = { id: directMessageOf(person) };
    if (opened.has(channel.id)) return yes({ no_op: true, already_open: true, channel });
    if (values['prevent_creation'] === true || values['prevent_creation'] === 'true') return no('channel_not_found');
    opened.add(channel.id);
    return yes({ channel });
  }

  function post(call: Call, values: Values): Answer {
    const named = stringOf(values, 'channel');
    if (named === null) return missing('channel');
    const person = personOf(named);
    const refused = POST_REFUSALS[person.state];
    if (refused !== undefined) return no(refused);
    const channel = /^[UW]/.test(named) ? directMessageOf(person) : named;
    const waitMs = channels.waitMs(channel);
    if (waitMs > 0) return rateLimited(waitMs);
    const message = readMessage(values);
    if ('error' in message) return refuseMessage(message);

    channels.take(channel);
    const ts = `${Math.floor(clock.now() / 1000)}.${String(++posted).padStart(6, '0')}`;
    ledger.record({
      provider: 'slack',
      action: 'send',
      recipient: person.match,
      conversation: channel,
      key: null,
      messageId: ts,
      text: message.text,
      signature: null,
      body: call.body,
    });
    const { text, blocks } = message;
    const echo = { type: 'message', user: BOT.userId, bot_id: BOT.id, team: TEAM.id, text: text ?? '', ts };
    return yes({ channel, ts, message: blocks === null ? echo : { ...echo, blocks } });
  }

  function update(call: Call, values: Values): Answer {
    const [channel, ts] = [stringOf(values, 'channel'), stringOf(values, 'ts')];
    if (channel === null || ts === null) return missing(channel === null ? 'channel' : 'ts');
    const last = ledger.lastAbout('slack', channel, ts);
    if (last === null || last.action === 'delete') return no('message_not_found');
    const message = readMessage(values);
    if ('error' in message) return refuseMessage(message);
    ledger.record({
      ...{ provider: 'slack', action: 'update', recipient: last.recipient, conversation: channel, key: null },
      ...{ messageId: ts, text: message.text, signature: null, body: call.body },
    });
    return yes({ channel, ts, text: message.text ?? '' });
  }

  function remove(call: Call, values: Values): Answer {
    const [channel, ts] = [stringOf(values, 'channel'), stringOf(values, 'ts')];
    if (channel === null || ts === null) return missing(channel === null ? 'channel' : 'ts');
    const last = ledger.lastAbout('slack', channel, ts);
    if (last === null || last.action === 'delete') return no('message_not_found');
    ledger.record({
      provider: 'slack',
      action: 'delete',
      recipient: last.recipient,
      conversation: channel,
      key: null,
      messageId: ts,
      text: null,
      signature: null,
      body: call.body,
    });
    return yes({ channel, ts });
  }

  /** Who a user, direct message or channel id stands for. */
  function personOf(id: string): SlackPerson {
    const user = /^D[UW]/.test(id) ? id.slice(1) : id;
    const byId = people.slackPerson(user);
    return byId.id === user ? byId : people.slackPerson(openSlackId(user) ?? user);
  }

  function reset(): void {
    for (const window of windows.values()) window.clear();
    channels.clear();
    opened.clear();
    events.reset();
  }

  return { plan, refuse, reset };
}

type Values = SlackArguments['values'];

const POST_REFUSALS: Readonly<Partial<Record<SlackPerson['state'], string>>> = {
  unknown: 'channel_not_found',
  deleted: 'user_disabled',
  tab_disabled: 'messages_tab_disabled',
};

const SCOPES = { 'x-oauth-scopes': 'chat:write,im:write,users:read,users:read.email' };

const AUTHENTICATED = yes({
  url: 'https://sandbox.slack.com/',
  team: TEAM.name,
  user: BOT.name,
  team_id: TEAM.id,
  user_id: BOT.userId,
  bot_id: BOT.id,
  is_enterprise_install: false,
});

function openWindows(limited: boolean, clock: Clock): ReadonlyMap<string, SlidingWindows> {
  if (!limited) return new Map();
  const entries = Object.entries(METHODS).map(
    ([method, { perMinute }]) => [method, new SlidingWindows([{ max: perMinute, spanMs: MINUTE_MS }], clock)] as const,
  );
  return new Map(entries);
}

function cursorOf(offset: number): string {
  return Buffer.from(`user:${offset}`).toString('base64');
}

function offsetOf(cursor: string | null): number | null {
  if (cursor === null) return 0;
  const offset = /^user:(\d{1,9})$/.exec(Buffer.from(cursor, 'base64').toString('utf8'))?.[1];
  return offset === undefined ? null : Number(offset);
}

function yes(fields: Readonly<Record<string, unknown>>): Answer {
  return json(200, { ok: true, ...fields }, SCOPES);
}

/** Logical errors come with status 200. */
function no(error: string, more: Readonly<Record<string, unknown>> = {}): Answer {
  return json(200, { ok: false, error, ...more }, SCOPES);
}

function refuseMessage({ error, messages }: SlackMessageFault): Answer {
  return no(error, messages.length === 0 ? {} : { errors: messages, response_metadata: { messages } });
}

function missing(field: string): Answer {
  return no('invalid_arguments', { response_metadata: { messages: [`[ERROR] missing required field: ${field}`] } });
}

function rateLimited(waitMs: number): Answer {
  return json(429, { ok: false, error: 'ratelimited' }, { 'retry-after': retryAfterSeconds(waitMs) });
}

function refuse(status: number): Answer {
  const error = status === 429 ? 'ratelimited' : status === 503 ? 'service_unavailable' : 'internal_error';
  return json(status, { ok: false, error });
}
