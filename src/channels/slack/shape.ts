import { isJsonObject } from '../../model/json.ts';
import type { MessageFault } from '../contract.ts';

/** What is wrong with the value at `path`; null: nothing that is known to be. */
export type Check = (value: unknown, path: string) => MessageFault | null;

export function invalid(path: string, what: string): MessageFault {
  return { reason: 'message_invalid', detail: `${path}: ${what}` };
}

export function tooLarge(path: string, what: string): MessageFault {
  return { reason: 'message_too_large', detail: `${path}: ${what}` };
}

/** A text of 1 to `max` characters. */
export function text(max: number): Check {
  return (value, path) => {
    if (typeof value !== 'string') return invalid(path, 'must be a text.');
    return value === '' ? invalid(path, 'must not be empty.') : checkLength(value, max, path);
  };
}

/** Counted as people count, so that nothing is refused that Slack may count like that. */
export function checkLength(value: string, max: number, path: string): MessageFault | null {
  if (value.length <= max) return null;
  const length = [...value].length;
  return length <= max ? null : tooLarge(path, `has ${count(length)} characters; Slack takes ${count(max)}.`);
}

/** `types`: the text objects that may stand here. */
export function textObject(max: number, ...types: readonly ('plain_text' | 'mrkdwn')[]): Check {
  const checkText = text(max);
  return (value, path) => {
    if (!isJsonObject(value)) return invalid(path, 'must be a text object.');
    const isAllowed = types.some((type) => type === value['type']);
    if (!isAllowed) return invalid(`${path}.type`, `must be ${types.join(' or ')}.`);
    return checkText(value['text'], `${path}.text`);
  };
}

export function list(max: number, check: Check, min = 1): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return invalid(path, 'must be a list.');
    if (value.length < min) return invalid(path, 'must not be empty.');
    if (value.length > max) return tooLarge(path, `has ${count(value.length)} entries; Slack takes ${count(max)}.`);
    return first(value.map((item, index) => () => check(item, `${path}[${index}]`)));
  };
}

/** Keys that are not named may hold anything: Slack adds some every year. */
export function object(
  required: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
): Check {
  return (value, path) => {
    if (!isJsonObject(value)) return invalid(path, 'must be an object.');
    const missing = Object.keys(required).find((key) => value[key] === undefined || value[key] === null);
    if (missing !== undefined) return invalid(`${path}.${missing}`, 'is missing.');
    const checks = Object.entries({ ...required, ...optional }).filter(([key]) => isGiven(value[key]));
    return first(
      checks.map(
        ([key, check]) =>
          () =>
            check(value[key], `${path}.${key}`),
      ),
    );
  };
}

/** One of the keys has to be there. */
export function oneOf(...keys: readonly string[]): Check {
  return (value, path) => {
    const isThere = isJsonObject(value) && keys.some((key) => isGiven(value[key]));
    return isThere ? null : invalid(path, `needs ${keys.join(' or ')}.`);
  };
}

export function all(...checks: readonly Check[]): Check {
  return (value, path) => first(checks.map((check) => () => check(value, path)));
}

/** The check for the object's `type`; a type that is not listed passes. */
export function byType(checks: Readonly<Record<string, Check>>): Check {
  return (value, path) => {
    if (!isJsonObject(value)) return invalid(path, 'must be an object.');
    const { type } = value;
    if (typeof type !== 'string' || type === '') return invalid(`${path}.type`, 'is missing.');
    return Object.hasOwn(checks, type) ? (checks[type]?.(value, path) ?? null) : null;
  };
}

/** The first fault; what comes after it is not looked at. */
function first(checks: readonly (() => MessageFault | null)[]): MessageFault | null {
  for (const check of checks) {
    const fault = check();
    if (fault !== null) return fault;
  }
  return null;
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

const count = (value: number): string => value.toLocaleString('en-US');
