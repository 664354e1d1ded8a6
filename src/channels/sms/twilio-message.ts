import { isJsonObject, type Json, type JsonObject, parseJsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import type { MessageFault } from '../contract.ts';

const MAX_BODY_CHARACTERS = 1600;
const MAX_MEDIA = 10;
const MAX_VALIDITY_SECONDS = 36_000;

export type Fields = readonly (readonly [string, string])[];

/** The form fields of a message, without sender and recipient; or why nobody can be sent it. */
export function writeTwilioMessage(message: Message): Fields | MessageFault {
  const payload = message.type === 'text' ? { body: message.text } : message.payload;
  const strange = Object.keys(payload).find((key) => !Object.hasOwn(WRITERS, key));
  if (strange !== undefined) return invalid(showKey(strange), `is no key of an SMS payload; there is ${KEYS}`);
  const fields: (readonly [string, string])[] = [];
  for (const [key, write] of Object.entries(WRITERS)) {
    const value = payload[key];
    if (value === undefined) continue;
    const written = write(value);
    if (typeof written === 'string') return invalid(key, `must be ${written}`);
    fields.push(...written);
  }
  return findContentFault(payload, message.type === 'text' ? 'text' : 'body') ?? fields;
}

/** Form fields, or what the value should be. */
type Writer = (value: Json) => Fields | string;

const WRITERS: Readonly<Record<string, Writer>> = {
  body: (value) => (typeof value === 'string' ? [['Body', value]] : 'text'),
  mediaUrl: (value) =>
    isMediaList(value) ? value.map((url) => ['MediaUrl', url] as const) : `a list of 1 to ${MAX_MEDIA} http(s) URLs`,
  contentSid: (value) =>
    typeof value === 'string' && /^HX[0-9a-fA-F]{32}$/.test(value)
      ? [['ContentSid', value]]
      : 'the id of a content template: HX and 32 hex digits',
  contentVariables: (value) => {
    const variables = typeof value === 'string' ? parseJsonObject(value) : value;
    return isJsonObject(variables) ? [['ContentVariables', JSON.stringify(variables)]] : 'a mapping of variables';
  },
  validityPeriod: (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_VALIDITY_SECONDS
      ? [['ValidityPeriod', String(value)]]
      : `whole seconds from 1 to ${MAX_VALIDITY_SECONDS}`,
};
const KEYS = Object.keys(WRITERS).join(', ');

function isMediaList(value: Json): value is string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_MEDIA) return false;
  return value.every((url) => typeof url === 'string' && /^https?:\/\//.test(url));
}

function findContentFault(payload: JsonObject, bodyPath: string): MessageFault | null {
  const { body, mediaUrl, contentSid, contentVariables } = payload;
  if (!body && mediaUrl === undefined && contentSid === undefined) return invalid(bodyPath, 'is empty');
  if (contentVariables !== undefined && contentSid === undefined)
    return invalid('contentVariables', 'needs contentSid');
  // Twilio may count emoji twice and refuse what passes here; it never takes what does not.
  const characters = typeof body === 'string' && body.length > MAX_BODY_CHARACTERS ? [...body].length : 0;
  if (characters <= MAX_BODY_CHARACTERS) return null;
  const counts = `${characters.toLocaleString('en')} characters; Twilio takes ${MAX_BODY_CHARACTERS.toLocaleString('en')}`;
  return { reason: 'message_too_large', detail: `${bodyPath}: has ${counts}.` };
}

function invalid(path: string, what: string): MessageFault {
  return { reason: 'message_invalid', detail: `${path}: ${what}.` };
}

function showKey(key: string): string {
  return /^[\w-]{1,64}$/.test(key) ? key : JSON.stringify(key.slice(0, 64));
}
