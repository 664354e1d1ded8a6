import type { Clock } from '../model/clock.ts';
import { ControlError } from './checks.ts';
import { checkFaults, checkPeople, checkSecrets, checkTeamsEvent, checkWebhooks } from './control-requests.ts';
import type { FaultBook } from './faults.ts';
import { controlGoogle } from './google-control.ts';
import type { GoogleEvents } from './google-events.ts';
import type { HookSecrets } from './hooks.ts';
import type { Ledger, LedgerFilter } from './ledger.ts';
import type { People } from './people.ts';
import { type Answer, type Call, json, PROVIDERS, type ProviderName } from './provider.ts';
import { subscriptionAt } from './push-subscriptions.ts';
import { controlSlack } from './slack-control.ts';
import type { SlackEvents } from './slack-events.ts';
import type { Stats } from './stats.ts';
import type { TeamsEvents } from './teams-events.ts';
import type { Twilio } from './twilio.ts';
import { controlTwilio } from './twilio-control.ts';
import type { Watchers } from './watchers.ts';
import type { Webhooks } from './webhooks.ts';
import { controlWhatsapp } from './whatsapp-control.ts';
import type { WhatsappEvents } from './whatsapp-events.ts';

export interface ControlParts {
  readonly ledger: Ledger;
  readonly faults: FaultBook;
  readonly people: People;
  readonly hookSecrets: HookSecrets;
  readonly webhooks: Webhooks;
  readonly teams: TeamsEvents;
  readonly slack: SlackEvents;
  readonly whatsapp: WhatsappEvents;
  readonly googleChat: GoogleEvents;
  readonly twilio: Pick<Twilio, 'say'>;
  readonly stats: Stats;
  readonly watchers: Watchers;
  readonly clock: Clock;
  reset(): void;
}

const PAGE = 1_000;
const MAX_PAGE = 10_000;
const WAIT_MS = 30_000;
const DONE = json(200, { ok: true });

/** The sandbox's own API, under `/control`: what arrived, what shall go wrong, who exists. */
export function openControl(parts: ControlParts): (call: Call) => Promise<Answer> {
  const { ledger, faults, people, hookSecrets, webhooks, stats, watchers, clock, reset } = parts;
  const routes: Readonly<Record<string, (call: Call) => Answer | Promise<Answer>>> = {
    'GET /ledger': readLedger,
    'GET /ledger/counts': readCounts,
    'GET /stats': () => json(200, stats.read()),
    'GET /faults': () => json(200, { faults: faults.list() }),
    'PUT /faults': (call) => json(200, { ids: faults.set(faultsOf(call)) }),
    'POST /faults': (call) => json(200, { ids: faultsOf(call).map((rule) => faults.add(rule)) }),
    'DELETE /faults': clearFaults,
    'PUT /people': changePeople,
    'PUT /hooks': changeSecrets,
    'GET /webhooks': () => json(200, webhooks.read()),
    'PUT /webhooks': changeWebhooks,
    ...controlSlack(parts.slack, readJson),
    ...controlWhatsapp(parts.whatsapp, readJson),
    ...controlGoogle(parts.googleChat, readJson),
    ...controlTwilio(parts.twilio, readJson),
    'POST /teams/events': postTeamsEvent,
    'GET /subscription': readSubscription,
    'POST /reset': resetAll,
  };

  return async function control(call) {
    try {
      const fault = /^\/faults\/(f\d+)$/.exec(call.path)?.[1];
      if (fault !== undefined && call.method === 'DELETE') return removeFault(fault);
      const route = routes[`${call.method} ${call.path}`];
      return route === undefined ? explainRoutes(call, Object.keys(routes)) : await route(call);
    } catch (error) {
      if (error instanceof ControlError) return json(400, { error: error.message });
      throw error;
    }
  };

  function readLedger(call: Call): Answer {
    const query = readQuery(call, ['provider', 'recipient', 'after', 'limit']);
    const after = numberOf(query, 'after') ?? 0;
    const limit = Math.min(numberOf(query, 'limit') ?? PAGE, MAX_PAGE);
    const found = ledger.entries({ ...filterOf(query), after, limit: limit + 1 });
    const entries = found.slice(0, limit);
    return json(200, { entries, next: entries.at(-1)?.seq ?? after, more: found.length > limit });
  }

  /** With `atLeast` the answer waits until so many sends were processed, or until `timeoutMs` are over. */
  async function readCounts(call: Call): Promise<Answer> {
    const query = readQuery(call, ['provider', 'atLeast', 'timeoutMs']);
    const { provider } = filterOf(query);
    const atLeast = numberOf(query, 'atLeast') ?? 0;
    await waitFor(() => ledger.total(provider) >= atLeast, numberOf(query, 'timeoutMs') ?? WAIT_MS);
    return json(200, ledger.counts(provider));
  }

  async function waitFor(condition: () => boolean, timeoutMs: number): Promise<void> {
    if (condition()) return;
    let isOver = false;
    const cancel = clock.after(timeoutMs, () => {
      isOver = true;
      watchers.notify();
    });
    await watchers.until(() => isOver || condition()).finally(cancel);
  }

  function clearFaults(): Answer {
    faults.clear();
    return DONE;
  }

  function removeFault(id: string): Answer {
    return faults.remove(id) ? DONE : json(404, { error: `There is no fault ${id}.` });
  }

  function changePeople(call: Call): Answer {
    const change = readJson(call);
    checkPeople(change);
    people.change(change);
    return DONE;
  }

  function changeSecrets(call: Call): Answer {
    const secrets = readJson(call);
    checkSecrets(secrets);
    hookSecrets.change(secrets);
    return DONE;
  }

  function readSubscription(call: Call): Answer {
    const name = readQuery(call, ['name']).get('name') ?? '';
    if (name === '') throw new ControlError('name must be that of a browser; any name will do.');
    return json(200, subscriptionAt(`http://${call.headers('host') ?? ''}/webpush`, name));
  }

  function changeWebhooks(call: Call): Answer {
    const urls = readJson(call);
    checkWebhooks(urls);
    webhooks.change(urls);
    return DONE;
  }

  /** Answers when everything was posted, with the statuses it was answered with; null: nobody took it. */
  async function postTeamsEvent(call: Call): Promise<Answer> {
    const event = readJson(call);
    checkTeamsEvent(event);
    const replies = await parts.teams.happen(event);
    return json(200, { statuses: replies.map((reply) => reply?.status ?? null) });
  }

  function resetAll(): Answer {
    reset();
    return DONE;
  }
}

function faultsOf(call: Call) {
  const rules = readJson(call);
  checkFaults(rules);
  return rules;
}

function readJson(call: Call): unknown {
  try {
    return JSON.parse(call.body);
  } catch {
    throw new ControlError('The request body must be JSON.');
  }
}

function readQuery(call: Call, known: readonly string[]): URLSearchParams {
  const query = new URLSearchParams(call.query);
  for (const name of query.keys()) {
    if (!known.includes(name)) throw new ControlError(`${name} is not known here; there is ${known.join(', ')}.`);
  }
  return query;
}

function filterOf(query: URLSearchParams): Pick<LedgerFilter, 'provider' | 'recipient'> {
  const provider = query.get('provider');
  const recipient = query.get('recipient');
  if (provider !== null && !isProvider(provider)) {
    throw new ControlError(`provider must be one of ${PROVIDERS.join(', ')}.`);
  }
  return { ...(provider === null ? {} : { provider }), ...(recipient === null ? {} : { recipient }) };
}

function isProvider(name: string): name is ProviderName {
  return PROVIDERS.some((provider) => provider === name);
}

function numberOf(query: URLSearchParams, name: string): number | null {
  const value = query.get(name);
  if (value === null) return null;
  if (!/^\d{1,15}$/.test(value)) throw new ControlError(`${name} must be a whole number, 0 or more.`);
  return Number(value);
}

function explainRoutes({ method, path }: Call, routes: readonly string[]): Answer {
  const here = routes.filter((route) => route.endsWith(` ${path}`)).map((route) => route.split(' ', 1)[0]);
  if (here.length === 0) {
    return json(404, { error: `There is no /control${path}; there is ${routes.join(', ')}.` });
  }
  return json(405, { error: `/control${path} does not take ${method}.` }, { allow: here.join(', ') });
}
