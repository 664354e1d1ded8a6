import type { Json, JsonObject } from '../model/json.ts';
import { MAX_JSON_DEPTH } from '../model/json-guard.ts';
import type { Message, Parameters } from '../model/message.ts';

/** A message taken apart once, to be filled many times. */
export interface Template {
  /** Unknown tokens stay as they are; values are put in as `escapeValue` makes them, so braces in them are not tokens. */
  fill(parameters: Parameters | null, escapeValue: Escape): Message;
}

/** Makes a value harmless for where it is put; `path` is where in a native payload, null in a plain text. */
export type Escape = (value: string, path: string | null) => string;

export const asItIs: Escape = (value) => value;

export function compileTemplate(message: Message): Template {
  if (message.type === 'text') {
    const fill = compileText(message.text, null);
    return templateOf(message, fill && ((...values) => ({ type: 'text', text: fill(...values) })));
  }
  const fill = compileObject(message.payload, '', 1);
  return templateOf(message, fill && ((...values) => ({ type: 'native', payload: fill(...values) })));
}

/** Makes a filled copy; null stands for "nothing to fill in here", so that such parts are shared, not copied. */
type Fill<T> = ((parameters: Parameters, escapeValue: Escape) => T) | null;

function templateOf(message: Message, fill: Fill<Message>): Template {
  return {
    fill: (parameters, escapeValue) => (fill === null || parameters === null ? message : fill(parameters, escapeValue)),
  };
}

const TOKEN = /\{([^{}]+)\}/;

function compileText(text: string, path: string | null): Fill<string> {
  const [head = '', ...rest] = text.split(TOKEN);
  if (rest.length === 0) return null;
  return function fillText(parameters, escapeValue) {
    let filled = head;
    for (let i = 0; i < rest.length; i += 2) {
      const name = rest[i] ?? '';
      const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
      filled += value === undefined ? `{${name}}` : escapeValue(value, path);
      filled += rest[i + 1] ?? '';
    }
    return filled;
  };
}

function compileJson(value: Json, path: string, depth: number): Fill<Json> {
  if (typeof value === 'string') return compileText(value, path);
  if (typeof value !== 'object' || value === null || depth > MAX_JSON_DEPTH) return null;
  return Array.isArray(value) ? compileArray(value, path, depth) : compileObject(value, path, depth);
}

function compileArray(items: readonly Json[], path: string, depth: number): Fill<Json[]> {
  const fills = items.map((item, i) => compileJson(item, `${path}[${i}]`, depth + 1));
  if (fills.every((fill) => fill === null)) return null;
  return (...values) => items.map((item, i) => fills[i]?.(...values) ?? item);
}

/** Keys are the channel's, not the caller's text: only values are filled. */
function compileObject(object: JsonObject, path: string, depth: number): Fill<JsonObject> {
  const fills = new Map<string, NonNullable<Fill<Json>>>();
  for (const [key, value] of Object.entries(object)) {
    const fill = compileJson(value, path === '' ? key : `${path}.${key}`, depth + 1);
    if (fill !== null) fills.set(key, fill);
  }
  if (fills.size === 0) return null;
  return function fillObject(...values) {
    const filled = { ...object };
    for (const [key, fill] of fills) filled[key] = fill(...values);
    return filled;
  };
}
