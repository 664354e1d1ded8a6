/** A control request that makes no sense; the message names the place and what would be right. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

/** Throws ControlError unless the value at `path` is right. */
export type Check = (value: unknown, path: string) => void;

export const aString: Check = (value, path) => {
  if (typeof value !== 'string' || value === '') fail(path, 'a text that is not empty');
};

export const aBoolean: Check = (value, path) => {
  if (typeof value !== 'boolean') fail(path, 'true or false');
};

export const anything: Check = () => {};

export function aNumber(min: number, max: number): Check {
  return (value, path) => {
    if (typeof value !== 'number' || !(value >= min && value <= max)) fail(path, `a number from ${min} to ${max}`);
  };
}

export function anInteger(min: number, max: number): Check {
  return (value, path) => {
    if (!Number.isInteger(value)) fail(path, `a whole number from ${min} to ${max}`);
    aNumber(min, max)(value, path);
  };
}

export function oneOf(words: readonly string[]): Check {
  return (value, path) => {
    if (typeof value !== 'string' || !words.includes(value)) fail(path, `one of ${words.join(', ')}`);
  };
}

export function listOf(check: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return fail(path, 'a list');
    for (const [index, item] of value.entries()) check(item, `${path}[${index}]`);
  };
}

export function mapOf(check: Check): Check {
  return (value, path) => {
    for (const [key, item] of entriesOf(value, path)) check(item, `${path}.${key}`);
  };
}

/** An object with these keys and no others. */
export function shape(
  required: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
): Check {
  const known = [...Object.keys(required), ...Object.keys(optional)];
  return (value, path) => {
    const given = new Map(entriesOf(value, path));
    for (const key of given.keys()) {
      if (!known.includes(key)) throw new ControlError(`${path}.${key} is not known; there is ${known.join(', ')}.`);
    }
    for (const [key, check] of Object.entries(required)) check(given.get(key), `${path}.${key}`);
    for (const [key, check] of Object.entries(optional)) if (given.has(key)) check(given.get(key), `${path}.${key}`);
  };
}

function entriesOf(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(path, 'an object');
  return Object.entries(value);
}

function fail(path: string, wanted: string): never {
  throw new ControlError(`${path} must be ${wanted}.`);
}
