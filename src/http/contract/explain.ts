import { isJsonObject } from '../../model/json.ts';

/** A JSON Schema, as far as requests need it. */
export type Schema = Readonly<Record<string, unknown>>;

export interface Misfit {
  /** RFC 6901; empty: the whole value. */
  readonly pointer: string;
  /** What would be right. */
  readonly sentence: string;
}

/**
 * The first thing in a value that does not fit a schema, in words that name the fix. It stops there: whoever sends a
 * million wrong things is told of one, and takes no longer than one takes. Null: nothing is wrong that it knows of.
 */
export function findMisfit(schema: Schema, value: unknown, pointer = ''): Misfit | null {
  if (Array.isArray(schema['anyOf'])) return inUnion(schema, schema['anyOf'], value, pointer);
  const { type } = schema;
  if (typeof type === 'string' && !isOfType(type, value)) return { pointer, sentence: `must be ${nameType(type)}` };
  if (isJsonObject(value)) return inObject(schema, value, pointer);
  if (Array.isArray(value)) return inArray(schema, value, pointer);
  const sentence = ofLeaf(schema, value);
  return sentence === null ? null : { pointer, sentence };
}

function inObject(schema: Schema, object: Record<string, unknown>, pointer: string): Misfit | null {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const rest = schema['additionalProperties'];
  const { minProperties, maxProperties } = schema;
  if (typeof minProperties === 'number' && Object.keys(object).length < minProperties) {
    return { pointer, sentence: `needs at least ${minProperties}` };
  }
  if (typeof maxProperties === 'number' && Object.keys(object).length > maxProperties) {
    return { pointer, sentence: `holds ${Object.keys(object).length}; at most ${maxProperties} are taken` };
  }
  for (const key in object) {
    const property = Object.hasOwn(properties, key) ? properties[key] : rest;
    const place = `${pointer}/${escapeKey(key)}`;
    if (property === false)
      return { pointer: place, sentence: `is not known here; ${nameKeys(Object.keys(properties))}` };
    const misfit = isJsonObject(property) ? findMisfit(property, object[key], place) : null;
    if (misfit !== null) return misfit;
  }
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const missing = required.find((key) => !Object.hasOwn(object, key));
  return typeof missing === 'string' ? { pointer: `${pointer}/${missing}`, sentence: 'is missing' } : null;
}

function inArray(schema: Schema, items: readonly unknown[], pointer: string): Misfit | null {
  const { minItems, maxItems, items: each } = schema;
  if (typeof minItems === 'number' && items.length < minItems)
    return { pointer, sentence: `needs at least ${minItems}` };
  if (typeof maxItems === 'number' && items.length > maxItems) {
    return { pointer, sentence: `holds ${items.length}; at most ${maxItems} are taken` };
  }
  if (!isJsonObject(each)) return null;
  for (const [index, item] of items.entries()) {
    const misfit = findMisfit(each, item, `${pointer}/${index}`);
    if (misfit !== null) return misfit;
  }
  return null;
}

/** Of a union that nothing fits, what is wrong with the branch that was meant. */
function inUnion(schema: Schema, given: readonly unknown[], value: unknown, pointer: string): Misfit | null {
  const branches = given.filter(isJsonObject);
  const misfits = branches.map((branch) => findMisfit(branch, value, pointer));
  if (misfits.includes(null)) return null;
  const meant = branches.filter((branch) => typeof branch['type'] !== 'string' || isOfType(branch['type'], value));
  if (meant.length === 1) return misfits[branches.indexOf(meant[0] ?? {})] ?? null;
  const tagged = meant.filter((branch) => hasItsTag(branch, value));
  if (tagged.length === 1) return misfits[branches.indexOf(tagged[0] ?? {})] ?? null;
  if (meant.length === 0) return { pointer, sentence: `must be ${branches.map(nameBranch).join(' or ')}` };
  const tags = meant.map(tagOf).filter((tag) => tag !== null);
  const expected = typeof schema['description'] === 'string' ? schema['description'] : 'fits none of the forms';
  return tags.length === meant.length
    ? { pointer: `${pointer}/type`, sentence: `must be one of ${tags.join(', ')}` }
    : { pointer, sentence: expected };
}

function ofLeaf(schema: Schema, value: unknown): string | null {
  const { minLength, maxLength, pattern, format, minimum, maximum } = schema;
  const choices = 'const' in schema ? [schema['const']] : schema['enum'];
  if (Array.isArray(choices) && !choices.includes(value)) return `must be one of ${choices.join(', ')}`;
  if (typeof value === 'number') {
    const isBelow = typeof minimum === 'number' && value < minimum;
    const isAbove = typeof maximum === 'number' && value > maximum;
    return isBelow || isAbove ? `must be from ${minimum} to ${maximum}` : null;
  }
  if (typeof value !== 'string') return null;
  const length = [...value.slice(0, 2 * Number(maxLength ?? value.length) + 2)].length;
  if (typeof minLength === 'number' && length < minLength) return 'must not be empty';
  if (typeof maxLength === 'number' && length > maxLength)
    return `is too long; at most ${maxLength} characters are taken`;
  const isShaped = typeof pattern !== 'string' || new RegExp(pattern, 'u').test(value);
  return isShaped && (format !== 'date-time' || isTime(value)) ? null : describe(schema);
}

const isTime = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));

const describe = ({ description }: Schema): string =>
  typeof description === 'string' ? `does not look right; expected: ${description}` : 'does not look right';

const tagOf = (branch: Schema): string | null => {
  const properties = isJsonObject(branch['properties']) ? branch['properties'] : {};
  const tag = properties['type'];
  return isJsonObject(tag) && typeof tag['const'] === 'string' ? tag['const'] : null;
};

const hasItsTag = (branch: Schema, value: unknown): boolean =>
  isJsonObject(value) && tagOf(branch) !== null && value['type'] === tagOf(branch);

const nameBranch = (branch: Schema): string =>
  typeof branch['type'] === 'string' ? nameType(branch['type']) : String(branch['const']);

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case 'object':
      return isJsonObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'null':
      return value === null;
    default:
      return typeof value === type;
  }
}

function nameType(type: string): string {
  if (type === 'null') return 'null';
  return type === 'integer' ? 'a whole number' : `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;
}

const nameKeys = (keys: readonly string[]): string =>
  keys.length === 0 ? 'nothing is' : `known are ${keys.join(', ')}`;

/** A key is the caller's own, so what is shown of it is bounded. */
export const escapeKey = (key: string): string => key.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1');
