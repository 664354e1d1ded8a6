import type { Clock } from '../model/clock.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../model/json.ts';
import type { Entra, EntraApp } from './entra.ts';
import type { FaultBook } from './faults.ts';
import { teamsChatId } from './ids.ts';
import {
  type Answer,
  bearerToken,
  type Call,
  decodeSegment,
  json,
  type Plan,
  type Provider,
  retryAfterSeconds,
} from './provider.ts';
import type { TeamsDirectory, TeamsUser } from './teams-directory.ts';
import { SlidingWindows } from './windows.ts';

export interface GraphParts {
  readonly apps: readonly EntraApp[];
  readonly catalog: { readonly manifestId: string; readonly teamsAppId: string };
  readonly entra: Entra;
  readonly directory: TeamsDirectory;
  /** The parts of a batch are struck too, by the route `user`. */
  readonly faults: FaultBook;
  /** Installations a second of one app; 0: any number. */
  readonly installsPerSecond: number;
  readonly clock: Clock;
}

export interface Graph extends Provider {
  reset(): void;
}

const GRAPH_AUDIENCE = 'https://graph.microsoft.com';
const MAX_BATCH = 20;
const INSTALLED = /^\/v1\.0\/users\/([^/]+)\/teamwork\/installedApps(?:\/([^/]+)\/chat)?$/;
const USER = /^\/v1\.0\/users\/([^/]+)$/;

/** Microsoft Graph, as far as a bot needs it: people, the app catalog, what is installed for whom. */
export function openGraph({ apps, catalog, entra, directory, faults, installsPerSecond, clock }: GraphParts): Graph {
  const installs = new SlidingWindows(installsPerSecond > 0 ? [{ max: installsPerSecond, spanMs: 1000 }] : [], clock);

  function plan(call: Call): Plan {
    const [route, recipient, run] = parse(call);
    return { route, recipient, exclusive: null, run: () => authorised(call, run) };
  }

  function parse(call: Call): [string, string | null, (app: EntraApp) => Answer] {
    const { method, path, query, body } = call;
    if (method === 'POST' && path === '/v1.0/$batch') return ['batch', null, () => answerBatch(body)];
    if (method === 'GET' && path === '/v1.0/users') return ['users', null, () => listUsers(query)];
    if (method === 'GET' && path === '/v1.0/appCatalogs/teamsApps') return ['catalog', null, () => listApps(query)];
    const [, key] = USER.exec(path) ?? [];
    if (method === 'GET' && key !== undefined) return ['user', nameOf(key), () => getUser(decodeSegment(key))];
    const [, owner, installation] = INSTALLED.exec(path) ?? [];
    if (owner === undefined) return ['unknown', null, () => error(404, 'NotFound', 'Resource not found.')];
    const user = () => findUser(decodeSegment(owner));
    if (method === 'POST') return ['install', nameOf(owner), (app) => install(user(), body, app)];
    if (installation === undefined) return ['installedApps', nameOf(owner), () => listInstalled(user(), query)];
    return ['chat', nameOf(owner), (app) => getChat(user(), decodeSegment(installation), app)];
  }

  function authorised(call: Call, run: (app: EntraApp) => Answer): Answer {
    const token = bearerToken(call);
    const claims = token === null ? null : entra.claimsOf(token);
    const app = apps.find(({ appId }) => appId === claims?.appId);
    const isGood = claims !== null && claims.audience === GRAPH_AUDIENCE && claims.tenantId === app?.tenantId;
    return app === undefined || !isGood ? refuse(401) : run(app);
  }

  function answerBatch(body: string): Answer {
    const requests = parseJsonObject(body)?.['requests'];
    if (!Array.isArray(requests)) return error(400, 'BadRequest', 'Invalid batch payload format.');
    if (requests.length > MAX_BATCH) return error(400, 'BadRequest', `The number of requests exceeds ${MAX_BATCH}.`);
    // Parts are carried out in any order, and so they are answered.
    const responses = requests.filter(isJsonObject).map(answerPart).reverse();
    return json(200, { responses });
  }

  function answerPart({ id, url }: JsonObject) {
    const [path = '', query = ''] = String(url).split('?');
    const [, key] = USER.exec(`/v1.0${path}`) ?? [];
    const answer = strikePart(key) ?? (key === undefined ? listUsers(query) : getUser(decodeSegment(key)));
    const headers = { 'Content-Type': 'application/json', ...retryAfterOf(answer) };
    return { id: String(id), status: answer.status, headers, body: parseJsonObject(answer.body) };
  }

  function strikePart(key: string | undefined): Answer | null {
    const recipient = key === undefined ? null : nameOf(key);
    const fault = faults.strike({ provider: 'graph', route: 'user', recipient });
    if (fault?.kind !== 'status') return null;
    const headers = fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) };
    return { ...refuse(fault.status), headers };
  }

  function getUser(key: string): Answer {
    const user = findUser(key);
    const isKey = user?.objectId === key || user?.userPrincipalName === key.toLowerCase();
    if (user === null || !isKey) return missingUser(key);
    return json(200, describe(user));
  }

  function listUsers(query: string): Answer {
    const mail = filterOf(query, 'mail');
    if (mail === null) return json(200, { value: [] });
    const user = findUser(mail);
    return json(200, { value: user === null || user.mail !== mail.toLowerCase() ? [] : [describe(user)] });
  }

  function listApps(query: string): Answer {
    const isListed =
      filterOf(query, 'externalId') === catalog.manifestId || filterOf(query, 'id') === catalog.teamsAppId;
    const app = { id: catalog.teamsAppId, externalId: catalog.manifestId, displayName: 'Sandbox' };
    return json(200, { value: isListed ? [app] : [] });
  }

  function install(user: TeamsUser | null, body: string, app: EntraApp): Answer {
    const waitMs = installs.waitMs(app.appId);
    if (waitMs > 0) return tooMany(waitMs);
    installs.take(app.appId);
    const bound = String(parseJsonObject(body)?.['teamsApp@odata.bind']);
    if (bound !== `https://graph.microsoft.com/v1.0/appCatalogs/teamsApps/${catalog.teamsAppId}`) {
      return error(404, 'NotFound', 'The app was not found in the catalog.');
    }
    if (user === null) return missingUser('');
    const { state } = user.person;
    if (state === 'disabled_by_admin') return error(403, 'Forbidden', 'App is blocked by app permission policy.');
    if (state !== 'not_installed') return error(409, 'Conflict', 'The app is already installed for the user.');
    directory.change(user, 'installed');
    return { status: 201, headers: {}, body: '' };
  }

  function listInstalled(user: TeamsUser | null, query: string): Answer {
    if (user === null) return missingUser('');
    const isHere = user.person.state !== 'not_installed' && filterOf(query, 'teamsApp/id') === catalog.teamsAppId;
    const installation = { id: installationId(user), teamsApp: { id: catalog.teamsAppId } };
    return json(200, { value: isHere ? [installation] : [] });
  }

  function getChat(user: TeamsUser | null, installation: string, app: EntraApp): Answer {
    if (user === null || installation !== installationId(user) || user.person.state === 'not_installed') {
      return error(404, 'NotFound', 'The installation was not found.');
    }
    return json(200, { id: teamsChatId(user.objectId, app.appId), chatType: 'oneOnOne' });
  }

  /** Null: nobody of that name. */
  function findUser(name: string): TeamsUser | null {
    const user = directory.userOf(name);
    return user.person.state === 'unknown' ? null : user;
  }

  const nameOf = (key: string) => directory.personOf(decodeSegment(key)).match;

  return { plan, refuse, reset: () => installs.clear() };
}

const installationId = ({ objectId }: TeamsUser): string => Buffer.from(objectId).toString('base64');

function describe({ objectId, mail, userPrincipalName, person }: TeamsUser) {
  return { id: objectId, mail, userPrincipalName, userType: person.guest === true ? 'Guest' : 'Member' };
}

/** The text that an OData filter wants `field` to equal. */
function filterOf(query: string, field: string): string | null {
  const filter = new URLSearchParams(query).get('$filter') ?? '';
  const [, named, text] = /^(\S+) eq '(.*)'$/.exec(filter) ?? [];
  return named === field && text !== undefined ? text.replaceAll("''", "'") : null;
}

function missingUser(key: string): Answer {
  return error(404, 'Request_ResourceNotFound', `Resource '${key}' does not exist.`);
}

function tooMany(waitMs: number): Answer {
  return { ...refuse(429), headers: { 'retry-after': retryAfterSeconds(waitMs) } };
}

function retryAfterOf({ headers }: Answer): { readonly 'Retry-After'?: string } {
  const seconds = headers['retry-after'];
  return seconds === undefined ? {} : { 'Retry-After': seconds };
}

const USUAL: Readonly<Record<number, readonly [string, string]>> = {
  401: ['InvalidAuthenticationToken', 'Access token is empty, invalid or for another audience.'],
  403: ['Authorization_RequestDenied', 'Insufficient privileges to complete the operation.'],
  404: ['NotFound', 'Resource not found.'],
  429: ['TooManyRequests', 'Too many requests.'],
};

function refuse(status: number): Answer {
  const [code, message] = USUAL[status] ?? ['UnknownError', `Status ${status}.`];
  return error(status, code, message);
}

function error(status: number, code: string, message: string): Answer {
  return json(status, { error: { code, message, innerError: {} } });
}
