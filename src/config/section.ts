import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { explainShape, joinKey } from './explain-fault.ts';
import { asReference, followReference, type ReferenceSources } from './references.ts';
import { suggest } from './suggest.ts';

/** One mapping of the file after its check. */
export interface Section<T> {
  readonly value: JsonObject & T;
  /** The same as it may be shown. */
  readonly printable: JsonObject;
  /** Keys that were written but could not be used; they are missing from `value` and need no second sentence. */
  readonly brokenKeys: ReadonlySet<string>;
}

/** Collects over the whole file, so that one run names every fault. */
export interface Report {
  /** Null: nothing is a reference. */
  readonly sources: ReferenceSources | null;
  readonly faults: string[];
  readonly secretEnvNames: Set<string>;
}

/**
 * Reads one mapping by its schema (an object schema; keys with `secret: true` are never shown): follows references,
 * fills in defaults, leaves out unknown keys. Faults go to the report, each with its path; null when what remains does
 * not have the shape.
 */
export function readSection<Schema extends TSchema>(
  schema: Schema,
  raw: unknown,
  path: string,
  report: Report,
): Section<Static<Schema>> | null {
  if (!isJsonObject(raw)) {
    report.faults.push(`${path || 'the file'}: must be a mapping of keys.`);
    return null;
  }
  const properties = propertiesOf(schema);
  const { given, brokenKeys } = readKeys(raw, properties, path, report);
  const value = Value.Default(schema, given);
  for (const fault of explainShape(schema, value)) {
    if (!brokenKeys.has(fault.key)) report.faults.push(`${joinKey(path, fault.key)}: ${fault.sentence}`);
  }
  if (!isJsonObject(value) || !Value.Check(schema, value)) return null;
  return { value, printable: hideSecrets(value, properties), brokenKeys };
}

/** The list under a key, wherever it stands and whatever is wrong around it; empty when it is not a list. */
export function listIn(raw: unknown, key: string): readonly unknown[] {
  const list = isJsonObject(raw) ? raw[key] : null;
  return Array.isArray(list) ? list : [];
}

function readKeys(raw: JsonObject, properties: ReadonlyMap<string, JsonObject>, path: string, report: Report) {
  const others = [...properties.keys()];
  const brokenKeys = new Set<string>();
  const given: JsonObject = {};
  for (const [key, value] of Object.entries(raw)) {
    const known = readKey({ key, value, schema: properties.get(key) ?? null, path, report, others });
    if (known === null) brokenKeys.add(key);
    else given[key] = known;
  }
  return { given, brokenKeys };
}

interface KeyToRead {
  readonly key: string;
  readonly value: Json;
  readonly schema: JsonObject | null;
  readonly path: string;
  readonly report: Report;
  readonly others: readonly string[];
}

function readKey({ key, value, schema, path, report, others }: KeyToRead): Json | null {
  const refuse = (sentence: string) => {
    report.faults.push(`${joinKey(path, key)}: ${sentence}`);
    return null;
  };
  if (schema === null) return refuse(`is not a key here${suggest(key, others)}.`);
  if (value === null) return refuse('has no value.');
  const { sources } = report;
  const reference = isText(schema) && sources !== null ? asReference(value) : null;
  if (reference === null || sources === null) return value;
  if ('env' in reference && isSecret(schema)) report.secretEnvNames.add(reference.env);
  const text = followReference(reference, sources);
  return 'fault' in text ? refuse(text.fault) : text.value;
}

/** A value of this schema as it may be shown. */
export const printableOf = (schema: TSchema, value: JsonObject): JsonObject => hideSecrets(value, propertiesOf(schema));

/** What may be shown is decided by the schema alone: a key it does not declare is hidden too. */
function hideSecrets(value: JsonObject, properties: ReadonlyMap<string, JsonObject>): JsonObject {
  const entries = Object.entries(value).map(([key, item]): [string, Json] => {
    const schema = properties.get(key) ?? null;
    if (schema === null || isSecret(schema)) return [key, '***'];
    const isMapping = isJsonObject(item) && isJsonObject(schema['properties']);
    return [key, isMapping ? hideSecrets(item, propertiesOf(schema)) : item];
  });
  return Object.fromEntries(entries);
}

function propertiesOf(schema: TSchema): Map<string, JsonObject> {
  const properties: unknown = Reflect.get(schema, 'properties');
  if (!isJsonObject(properties)) throw new TypeError('The schema of a mapping must be an object schema.');
  return new Map(Object.entries(properties).filter((entry): entry is [string, JsonObject] => isJsonObject(entry[1])));
}

const isSecret = (schema: JsonObject): boolean => schema['secret'] === true;
const isText = (schema: JsonObject): boolean => schema['type'] === 'string';
