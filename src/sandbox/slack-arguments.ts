import { parse as parseForm } from 'node:querystring';
import { isJsonObject, type JsonObject, parseJsonObject } from '../model/json.ts';
import { bearerToken, type Call } from './provider.ts';

/** What a method was called with. Values of a form are strings, of a JSON body anything. */
export interface SlackArguments {
  readonly token: string | null;
  readonly values: Readonly<Record<string, unknown>>;
  /** A body that cannot be read, as Slack names the error. */
  readonly fault: string | null;
}

/** `jsonAllowed` false: a JSON body is passed over, as the methods do that know forms only. */
export function readArguments(call: Call, jsonAllowed: boolean): SlackArguments {
  const query = call.query === '' ? {} : parseForm(call.query);
  const body = readBody(call, jsonAllowed);
  const values = typeof body === 'string' ? query : { ...query, ...body };
  const inBody = values['token'];
  return {
    token: bearerToken(call) ?? (typeof inBody === 'string' ? inBody : null),
    values,
    fault: typeof body === 'string' ? body : null,
  };
}

function readBody(call: Call, jsonAllowed: boolean): Readonly<Record<string, unknown>> | string {
  if (call.raw.length === 0) return {};
  const type = call.headers('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded') return parseForm(call.body);
  if (type === undefined) return 'missing_post_type';
  if (type !== 'application/json') return 'invalid_post_type';
  if (!jsonAllowed) return {};
  return parseJsonObject(call.body) ?? 'invalid_json';
}

export function stringOf(values: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = values[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A list given as JSON or, in a form, as JSON text; null when absent, 'malformed' when it is no list of objects. */
export function objectsOf(
  values: Readonly<Record<string, unknown>>,
  name: string,
): readonly JsonObject[] | null | 'malformed' {
  const value = values[name];
  if (value === undefined || value === '') return null;
  const list = typeof value === 'string' ? parseJson(value) : value;
  return Array.isArray(list) && list.every(isJsonObject) ? list : 'malformed';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
