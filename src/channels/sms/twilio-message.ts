import { isJsonObject, type Json, type JsonObject, parseJsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import type { Rejected } from '../../model/outcome.ts';
import { reject } from './refusals.ts';

export const MAX_BODY_CHARACTERS = 1600;
const MAX_MEDIA = 10;
const MAX_VALIDITY_SECONDS = 36_000;

/** The form fields of a message, without sender and recipient; or why no recipient can be sent it. */
export function writeTwilioMessage(message: Message): readonly (readonly [string, string])[] | Rejected {
  const payload = message.type === 'text' ? { body: message.text } : message.payload;
  const strange = Object.keys(payload).find((key) => !Object.hasOwn(WRITERS, key));
  if (strange !== undefined) return invalid(`"${strange}" is not a key of an SMS payload; there is ${KEYS}`);
  const fields: (readonly [string, string])[] = [];
  for (const [key, write] of Object.entries(WRITERS)) {
    const value = payload[key];
    if (value === undefined) continue;
    const written = write(value);
    if (typeof written === 'string') return invalid(`${key} of the payload must be ${written}`);
    fields.push(...written);
  }
  return refuseContent(payload) ?? fields;
}

/** Form fields, or what the value should be. */
type Writer = (value: Json) => readonly (readonly [string, string])[] | string;

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

function refuseContent({ body, mediaUrl, contentSid, contentVariables }: JsonObject): Rejected | null {
  if (!body && mediaUrl === undefined && contentSid === undefined) return invalid('The message is empty');
  if (contentVariables !== undefined && contentSid === undefined) {
    return invalid('contentVariables of the payload need a contentSid');
  }
  // Twilio may count emoji twice and refuse what passes here; it never takes what does not.
  if (typeof body !== 'string' || body.length <= MAX_BODY_CHARACTERS || [...body].length <= MAX_BODY_CHARACTERS) {
    return null;
  }
  const detail = `The text is longer than the ${MAX_BODY_CHARACTERS} characters that Twilio takes.`;
  return reject('message', 'message_too_large', detail);
}

function invalid(sentence: string): Rejected {
  return reject('message', 'message_invalid', `${sentence.slice(0, 200)}.`);
}
