import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';

export type Tokens = Readonly<Record<'to' | 'digits' | 'text' | 'key' | 'token', string>>;

const TOKEN = /\{(to|digits|text|key|token)\}/g;

/** The body of one message. Tokens are put into finished texts, which are escaped after: nothing can break out. */
export function writeGatewayBody(template: JsonObject, format: 'json' | 'form', tokens: Tokens): string {
  const filled = fillObject(template, tokens);
  if (format === 'json') return JSON.stringify(filled);
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(filled)) form.append(name, String(value));
  return form.toString();
}

/** Replaces each `{token}` once; what is put in is not looked through again. Other braces stay. */
export function fillText(text: string, tokens: Partial<Tokens>): string {
  return text.replace(TOKEN, (braced, name: keyof Tokens) => tokens[name] ?? braced);
}

/** The texts of a body that are the same in every message. */
export function listFixedTexts(value: Json): readonly string[] {
  if (typeof value === 'string') return value.search(TOKEN) < 0 ? [value] : [];
  const items = Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
  return items.flatMap(listFixedTexts);
}

function fillObject(object: JsonObject, tokens: Tokens): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, fillValue(value, tokens)]));
}

function fillValue(value: Json, tokens: Tokens): Json {
  if (typeof value === 'string') return fillText(value, tokens).toWellFormed();
  if (Array.isArray(value)) return value.map((item) => fillValue(item, tokens));
  return isJsonObject(value) ? fillObject(value, tokens) : value;
}

/** Follows `messages.0.id` into parsed JSON. An id is a text or a whole number; null: there is none. */
export function readIdAt(value: unknown, path: string): string | null {
  const found = path.split('.').reduce<unknown>(step, value);
  if (typeof found === 'number' && Number.isSafeInteger(found)) return String(found);
  return typeof found === 'string' && /^[!-~]{1,200}$/.test(found) ? found : null;
}

function step(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
