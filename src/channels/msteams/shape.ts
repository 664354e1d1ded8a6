import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';

/** What is wrong with the value at `path`, as a sentence that begins with the path of the fault; null: nothing. */
export type Check = (value: Json, path: string) => string | null;

export const anything: Check = () => null;

export const aText: Check = (value, path) => (typeof value === 'string' ? null : `${path}: must be a text`);

export const aFilledText: Check = (value, path) =>
  typeof value === 'string' && value !== '' ? null : `${path}: must be a text that is not empty`;

/** A text that holds a token is only known when it has been filled in. */
export function oneOf(words: readonly string[]): Check {
  return (value, path) => {
    const isKnown = typeof value === 'string' && (words.includes(value) || value.includes('{'));
    return isKnown ? null : `${path}: must be one of ${words.join(', ')}`;
  };
}

export function listOf(check: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path}: must be a list`;
    return firstFault(value.keys(), (index) => check(value[index] ?? null, `${path}[${index}]`));
  };
}

export type Fields = Readonly<Record<string, Check>>;

/** An object that holds what is required; whatever else it holds is not looked at. Null stands for absent. */
export function anObject(required: Fields, optional: Fields = {}): Check {
  return (value, path) => {
    if (!isJsonObject(value)) return `${path}: must be an object`;
    return (
      firstFault(Object.entries(required), ([key, check]) => checkKey(value, key, check, path)) ??
      firstFault(Object.entries(optional), ([key, check]) =>
        isThere(value, key) ? checkKey(value, key, check, path) : null,
      )
    );
  };
}

/** The first of several checks that finds something. */
export function all(...checks: readonly Check[]): Check {
  return (value, path) => firstFault(checks, (check) => check(value, path));
}

export function firstFault<Item>(items: Iterable<Item>, find: (item: Item) => string | null): string | null {
  for (const item of items) {
    const fault = find(item);
    if (fault !== null) return fault;
  }
  return null;
}

export const isThere = (object: JsonObject, key: string): boolean => object[key] !== undefined && object[key] !== null;

function checkKey(object: JsonObject, key: string, check: Check, path: string): string | null {
  const place = path === '' ? key : `${path}.${key}`;
  return isThere(object, key) ? check(object[key] ?? null, place) : `${place}: is missing`;
}
