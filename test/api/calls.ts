import fc from 'fast-check';
import { connectionId, randomId } from '../../src/model/ids.ts';
import { isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';
import { SCOPE_ADMIN } from '../../src/model/tenancy.ts';
import {
  type DocumentedOperation,
  type DocumentedParameter,
  fetchDocument,
  listOperations,
} from '../support/api-document.ts';
import { BOT, call, OTHER_BOT, type Reply, type Rig, tokenFor } from '../support/http-rig.ts';
import { type Mood, valuesOf } from './arbitrary.ts';
import { createJudge } from './judge.ts';

export interface CallsReport {
  readonly calls: number;
  /** How often each operation answered each status: `sendNotification 202`. */
  readonly seen: Readonly<Record<string, number>>;
  /** What a reply has that the document does not, with the call that got it. */
  readonly findings: readonly string[];
}

export interface CallsOptions {
  readonly seed: number;
  readonly calls: number;
  /** A document that tells less than the true one, to see that it is noticed. */
  readonly forget?: (document: JsonObject) => JsonObject;
}

interface MadeUp {
  readonly operation: DocumentedOperation;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
}

const AT_ONCE = 8;
const TICK_MS = 100;
/** Of the providers' own, whose inboxes have tests of their own. */
const LEFT_OUT = 'callbacks';

/** Makes up calls from the document of the API, the same for the same seed, and holds each reply against the document. */
export async function makeCalls(
  rig: Rig,
  { seed, calls, forget = (document) => document }: CallsOptions,
): Promise<CallsReport> {
  const document = forget(await fetchDocument(rig));
  const judge = createJudge(document);
  const operations = listOperations(document).filter(({ tag }) => tag !== LEFT_OUT);
  const token = await tokenFor('cs-both');
  const adminToken = await tokenFor('cs-operator');
  const pool = await fillPool(rig, token);
  const made = fc.sample(callsOf(operations, { token, adminToken }, pool), { seed, numRuns: calls });
  const seen: Record<string, number> = {};
  const findings: string[] = [];

  async function work(): Promise<void> {
    for (let next = made.shift(); next !== undefined; next = made.shift()) {
      const { operation, headers, body } = next;
      const url = lookUp(next.url, pool);
      const asked = { method: operation.method, headers, ...(body !== null && { body }) };
      // Where a reply leads is no part of it.
      const reply = await call(rig, url, { ...asked, redirect: 'manual' });
      const name = `${operation.id} ${reply.status}`;
      seen[name] = (seen[name] ?? 0) + 1;
      const fault = judge(operation, reply);
      if (fault !== null)
        findings.push(`${fault}: ${operation.method} ${url.slice(0, 300)} ${body?.slice(0, 500) ?? ''}`);
      keep(operation, reply, pool);
      // As the engine does, so that there are logs to read.
      if (name === 'cancelNotification 200') await rig.store.endCancelled({ at: rig.clock.now(), limit: 10 });
    }
  }
  // Whoever waits for what another call is about waits by the rig's clock, which only moves when it is told.
  const moving = setInterval(() => rig.clock.advance(TICK_MS), TICK_MS);
  await Promise.all(Array.from({ length: AT_ONCE }, work)).finally(() => clearInterval(moving));
  return { calls, seen, findings };
}

/** Puts the thing of the pool where one was called for. */
const lookUp = (url: string, pool: Pool): string =>
  url.replace(/pool%3A(\w+)%3A(\d+)/g, (_, name: keyof Pool, index: string) => {
    const things = pool[name];
    return encodeURIComponent(things[Number(index) % things.length] ?? '');
  });

/** Things that exist, so that calls find something; what is created on the way is added. */
interface Pool {
  readonly notificationId: string[];
  readonly personId: string[];
  readonly connectionId: string[];
  readonly identity: string[];
  readonly template: string[];
  readonly chunk: string[];
}

async function fillPool(rig: Rig, token: string): Promise<Pool> {
  const through = connectionId(BOT, 'msteams', null);
  const names = Array.from({ length: 40 }, (_, i) => `p${i}@abc.com`);
  const addresses = [{ channel: 'msteams', channelId: '29:1', reference: { conversationId: 'a:1' } }];
  const people = names
    .map((email, i) => JSON.stringify({ email, tags: ['t'], ...(i % 2 === 0 && { addresses }) }))
    .join('\n');
  const headers = { auth: token, 'content-type': 'application/x-ndjson' };
  await call(rig, `/api/v1/bots/${BOT}/people`, { method: 'PUT', headers, body: people });
  const { json } = await call(rig, `/api/v1/bots/${BOT}/people`, { headers: { auth: token } });
  const listed = isJsonObject(json) && Array.isArray(json['people']) ? json['people'] : [];
  const template = { variants: { en: { message: { type: 'text', val: 'Welcome' } } }, default: 'en' };
  await call(rig, `/api/v1/bots/${BOT}/templates/welcome`, {
    method: 'PUT',
    headers: { auth: token, 'content-type': JSON_TYPE },
    body: JSON.stringify(template),
  });
  const entries = names.map((identity) => ({ identity, reason: 'opted_out', detail: null, at: 1 }) as const);
  await rig.store.silence({ botId: BOT, connectionId: through, entries });
  return {
    notificationId: [randomId('ds')],
    personId: listed.map((person) => (isJsonObject(person) ? String(person['id']) : '')),
    connectionId: [through],
    identity: names,
    template: ['welcome'],
    chunk: ['0', '1', '2'],
  };
}

function keep({ id }: DocumentedOperation, { status, json }: Reply, pool: Pool): void {
  if (status >= 300 || !isJsonObject(json) || pool.notificationId.length > 200) return;
  if (/^(notify|notifyV2|sendNotification)$/.test(id)) pool.notificationId.push(String(json['id'] ?? json['_id']));
}

interface Tokens {
  readonly token: string;
  readonly adminToken: string;
}

function callsOf(operations: readonly DocumentedOperation[], tokens: Tokens, pool: Pool): fc.Arbitrary<MadeUp> {
  const moods = fc.oneof(
    { weight: 3, arbitrary: fc.constant<Mood>('valid') },
    fc.constantFrom<Mood>('nearly', 'hostile'),
  );
  return fc.constantFrom(...operations).chain((operation) =>
    fc.tuple(moods, moods, fc.nat(9)).chain(([ofParameters, ofBody, chance]) =>
      fc
        .record({
          parameters: fc.tuple(...operation.parameters.map((each) => parameterOf(each, ofParameters, pool))),
          body: bodyOf(operation, ofBody),
        })
        .map(({ parameters, body }) => {
          const token = operation.scope === SCOPE_ADMIN ? tokens.adminToken : tokens.token;
          return toCall(operation, parameters, body, chance === 0 ? null : token);
        }),
    ),
  );
}

type Given = readonly [DocumentedParameter, Json | undefined];

function parameterOf(parameter: DocumentedParameter, mood: Mood, pool: Pool): fc.Arbitrary<Given> {
  const { name, schema, required } = parameter;
  const known = name === 'requestId' ? 'notificationId' : name;
  const value: fc.Arbitrary<Json> =
    name === 'botId'
      ? fc.oneof({ weight: 9, arbitrary: fc.constant(BOT) }, fc.constant(OTHER_BOT), valuesOf(schema, mood))
      : known in pool && mood === 'valid'
        ? // Looked at when it is called for, so that it may have been made by an earlier call.
          fc.nat().map((index) => `pool:${known}:${index}`)
        : valuesOf(schema, mood);
  const given = value.map((each): Given => [parameter, each]);
  return required ? given : fc.oneof(given, fc.constant<Given>([parameter, undefined]));
}

function bodyOf({ bodies, method }: DocumentedOperation, mood: Mood): fc.Arbitrary<readonly [string, string] | null> {
  const described = Object.entries(bodies);
  if (described.length === 0) {
    if (method === 'GET') return fc.constant(null);
    return fc.oneof(fc.constant(null), fc.constantFrom([JSON_TYPE, '{'] as const, ['text/plain', 'x'] as const));
  }
  const bodyFor = ([type, schema]: (typeof described)[number]) =>
    valuesOf(schema, mood).map((value) => [type, typeof value === 'string' ? value : JSON.stringify(value)] as const);
  return fc.oneof(...described.map(bodyFor));
}

const JSON_TYPE = 'application/json';

function toCall(
  operation: DocumentedOperation,
  parameters: readonly Given[],
  body: readonly [string, string] | null,
  token: string | null,
): MadeUp {
  // A longer head than a server takes is refused before anybody knows which operation it is for.
  const textOf = (value: Json): string =>
    (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 1_000).toWellFormed();
  const given = (where: DocumentedParameter['in']) =>
    parameters.flatMap(([each, value]): [string, string][] =>
      each.in === where && value !== undefined ? [[each.name, textOf(value)]] : [],
    );
  const path = Object.fromEntries(given('path'));
  const url = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] || ' '));
  const query = new URLSearchParams(given('query'));
  const sendable = given('header').filter(([, value]) => /^[\x21-\x7e]([\x20-\x7e]{0,998}[\x21-\x7e])?$/.test(value));
  return {
    operation,
    url: query.size === 0 ? url : `${url}?${query}`,
    headers: {
      ...Object.fromEntries(sendable),
      ...(token !== null && { auth: token }),
      ...(body !== null && { 'content-type': body[0] }),
    },
    body: body?.[1] ?? null,
  };
}
