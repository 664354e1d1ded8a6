import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';
import { findJsonFault } from '../../src/model/json-guard.ts';
import type { DocumentedOperation } from '../support/api-document.ts';
import type { Reply } from '../support/http-rig.ts';
import { valuesOf } from './arbitrary.ts';

/** An API as its callers have it, and what they cannot see of what it keeps. */
export interface Door {
  readonly operations: readonly DocumentedOperation[];
  ask(operation: DocumentedOperation, body: string): Promise<Reply>;
  /** A reply and what is kept of whatever it tells of, without names and numbers that are never the same twice. */
  traceOf(reply: Reply): Promise<string>;
}

export interface UndeclaredReport {
  /** Operations that refuse what they do not declare, and those that take no notice of it. */
  readonly refusing: ReadonlySet<string>;
  readonly ignoring: ReadonlySet<string>;
  /** How many fields were added, and to what inside a body rather than to the body. */
  readonly tries: number;
  readonly nested: number;
  readonly findings: readonly string[];
}

export interface UndeclaredOptions {
  readonly seed: number;
  /** Names that the replies of the API have, which are what a caller would wish to set. */
  readonly names: readonly string[];
  /** Fields that are added to bodies of each operation. */
  readonly each: number;
}

/** What only the server decides, as it or another would call it, and what reaches for prototypes. */
const OWNED = [
  ...['id', '_id', '__v', 'botId', 'streamId', 'tenant', 'tenantId', 'ownerId', 'requestId', 'clientId', 'operatorId'],
  ...['createdAt', 'createdOn', 'createdBy', 'updatedAt', 'lMod', 'version', 'state', 'status', 'counts', 'total'],
  ...['pending', 'delivered', 'percentageComplete', 'role', 'isAdmin', 'admin', 'kind', 'scopes', 'declaredIn'],
  ...['secretHash', 'passwordHash', 'clientSecret', 'sealed', 'former', 'lane', 'seq', 'token', 'leaseUntil'],
  ...['constructor', 'prototype', 'hasOwnProperty', 'toString', '$where'],
];

/** In every text of a field that no operation declares. */
export const MARK = 'undeclared-value';

const VALUES: readonly Json[] = [
  MARK,
  true,
  7,
  null,
  [MARK],
  { isAdmin: true, text: MARK },
  'delivered',
  'admin',
  'st-00000000-0000-5000-8000-000000000002',
  '2020-01-01T00:00:00.000Z',
];

/** Kore's API says 412 of a body that is wrong. */
const REFUSED: ReadonlySet<number> = new Set([400, 412]);

interface Try {
  readonly plain: JsonObject;
  readonly place: Place;
  readonly name: string;
  readonly value: Json;
}

/**
 * Adds fields that are declared nowhere to bodies that are right, at every depth. Each is refused by its name, or nothing
 * comes of it: the answer and what is kept are what they are without it.
 */
export async function tryUndeclared(door: Door, { seed, names, each }: UndeclaredOptions): Promise<UndeclaredReport> {
  const refusing = new Set<string>();
  const ignoring = new Set<string>();
  const findings: string[] = [];
  let [tries, nested] = [0, 0];
  for (const operation of door.operations) {
    const schema = operation.bodies['application/json'];
    if (schema === undefined) continue;
    for (const { plain, place, name, value } of triesOf(schema, { seed, names, each })) {
      tries += 1;
      nested += place.path.length > 0 ? 1 : 0;
      const body = JSON.stringify(withField(plain, place.path, name, value));
      const reply = await door.ask(operation, body);
      if (REFUSED.has(reply.status) && isNamed(reply, name)) refusing.add(operation.id);
      else if (await isAsPlain(door, operation, plain, reply)) {
        // A body that fits the schema may still be refused for what it asks.
        if (reply.status < 300) ignoring.add(operation.id);
      } else findings.push(`${operation.id} ${reply.status} for ${body.slice(0, 500)}: ${reply.text.slice(0, 500)}`);
    }
  }
  return { refusing, ignoring, tries, nested, findings };
}

async function isAsPlain(door: Door, operation: DocumentedOperation, plain: JsonObject, reply: Reply) {
  const expected = await door.ask(operation, JSON.stringify(plain));
  if (reply.status >= 300) return reply.status === expected.status && reply.text === expected.text;
  return reply.status === expected.status && (await door.traceOf(reply)) === (await door.traceOf(expected));
}

/** By a problem as a place in the body or in words; by Kore's error in words. */
function isNamed({ json }: Reply, name: string): boolean {
  if (!isJsonObject(json)) return false;
  const { pointer, detail, errors } = json;
  return String(pointer).endsWith(`/${name}`) || String(detail ?? JSON.stringify(errors)).includes(name);
}

function triesOf(schema: JsonObject, { seed, names, each }: UndeclaredOptions): Try[] {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  const fits = (branch: JsonObject, value: Json): boolean => ajv.validate(branch, value);
  const isRight = (body: Json): body is JsonObject => fits(schema, body) && findJsonFault(body) === null;
  const bodies = valuesOf(schema, 'valid').filter(isRight);
  const made = bodies.chain((plain) => {
    const places = placesIn(schema, plain, fits);
    return fc.record({
      plain: fc.constant(plain),
      place: fc.constantFrom(...places),
      name: fc.oneof(
        fc.constant('__proto__'),
        { weight: 4, arbitrary: fc.constantFrom(...OWNED) },
        { weight: 4, arbitrary: fc.constantFrom(...names) },
      ),
      value: fc.constantFrom(...VALUES),
    });
  });
  return fc.sample(
    made.filter(({ place, name }) => !place.declared.has(name)),
    { seed, numRuns: each },
  );
}

/** An object within a body that has named fields, and which those are. A map of whatever names has none of its own. */
interface Place {
  readonly path: readonly (string | number)[];
  readonly declared: ReadonlySet<string>;
}

type Fits = (branch: JsonObject, value: Json) => boolean;

function placesIn(schema: JsonObject, value: Json, fits: Fits, path: Place['path'] = []): Place[] {
  if (Array.isArray(schema['anyOf'])) {
    const branch = schema['anyOf'].filter(isJsonObject).find((each) => fits(each, value));
    return branch === undefined ? [] : placesIn(branch, value, fits, path);
  }
  const { items, properties } = schema;
  if (Array.isArray(value)) {
    return isJsonObject(items) ? value.flatMap((item, index) => placesIn(items, item, fits, [...path, index])) : [];
  }
  if (!isJsonObject(value) || !isJsonObject(properties)) return [];
  const inner = Object.entries(properties).flatMap(([name, property]) => {
    const held = Object.hasOwn(value, name) ? value[name] : undefined;
    return held === undefined || !isJsonObject(property) ? [] : placesIn(property, held, fits, [...path, name]);
  });
  return [{ path, declared: new Set(Object.keys(properties)) }, ...inner];
}

/** As a parser makes it: a field of its own, whatever its name. */
function withField(value: Json, [step, ...path]: Place['path'], name: string, added: Json): Json {
  if (Array.isArray(value)) {
    return value.map((item, index) => (index === step ? withField(item, path, name, added) : item));
  }
  if (!isJsonObject(value)) return value;
  if (step === undefined) return Object.fromEntries([...Object.entries(value), [name, added]]);
  const entries = Object.entries(value).map(([key, held]): [string, Json] => [
    key,
    key === step ? withField(held, path, name, added) : held,
  ]);
  return Object.fromEntries(entries);
}

/** Every name of a field that a document tells of, wherever it stands. */
export function fieldNames(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(fieldNames);
  if (!isJsonObject(value)) return [];
  const { properties } = value;
  const own = isJsonObject(properties) ? Object.keys(properties) : [];
  return [...new Set([...own, ...Object.values(value).flatMap(fieldNames)])];
}
