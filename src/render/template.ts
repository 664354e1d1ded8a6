import type { Json, JsonObject } from '../model/json.ts';
import { MAX_JSON_DEPTH } from '../model/json-guard.ts';
import type { Message, Parameters } from '../model/message.ts';

/** A message taken apart once, to be filled many times. */
export interface Template {
  /** Unknown tokens stay as they are; values are put in as they are, so braces in them are not tokens. */
  fill(parameters: Parameters | null): Message;
}

export function compileTemplate(message: Message): Template {
  if (message.type === 'text') {
    const fillText = compileText(message.text);
    return templateOf(message, fillText && ((parameters) => ({ type: 'text', text: fillText(parameters) })));
  }
  const fillPayload = compileObject(message.payload, 1);
  return templateOf(message, fillPayload && ((parameters) => ({ type: 'native', payload: fillPayload(parameters) })));
}

/** Makes a filled copy; null stands for "nothing to fill in here", so that such parts are shared, not copied. */
type Fill<T> = ((parameters: Parameters) => T) | null;

function templateOf(message: Message, fill: Fill<Message>): Template {
  return { fill: (parameters) => (fill === null || parameters === null ? message : fill(parameters)) };
}

const TOKEN = /\{([^{}]+)\}/;

function compileText(text: string): Fill<string> {
  const [head = '', ...rest] = text.split(TOKEN);
  if (rest.length === 0) return null;
  return function fillText(parameters) {
    let filled = head;
    for (let i = 0; i < rest.length; i += 2) {
      const name = rest[i] ?? '';
      filled += Object.hasOwn(parameters, name) ? parameters[name] : `{${name}}`;
      filled += rest[i + 1] ?? '';
    }
    return filled;
  };
}

function compileJson(value: Json, depth: number): Fill<Json> {
  if (typeof value === 'string') return compileText(value);
  if (typeof value !== 'object' || value === null || depth > MAX_JSON_DEPTH) return null;
  return Array.isArray(value) ? compileArray(value, depth) : compileObject(value, depth);
}

function compileArray(items: readonly Json[], depth: number): Fill<Json[]> {
  const fills = items.map((item) => compileJson(item, depth + 1));
  if (fills.every((fill) => fill === null)) return null;
  return (parameters) => items.map((item, i) => fills[i]?.(parameters) ?? item);
}

/** Keys are the channel's, not the caller's text: only values are filled. */
function compileObject(object: JsonObject, depth: number): Fill<JsonObject> {
  const fills = new Map<string, NonNullable<Fill<Json>>>();
  for (const [key, value] of Object.entries(object)) {
    const fill = compileJson(value, depth + 1);
    if (fill !== null) fills.set(key, fill);
  }
  if (fills.size === 0) return null;
  return function fillObject(parameters) {
    const filled = { ...object };
    for (const [key, fill] of fills) filled[key] = fill(parameters);
    return filled;
  };
}
