import { hash } from 'node:crypto';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import type { Rejected } from '../../model/outcome.ts';
import type { MessageFault } from '../contract.ts';
import { MAX_TTL_S, URGENCIES, type WebpushSettings } from './settings.ts';

/** What every browser is sent, before it is encrypted for one. */
export interface Push {
  readonly payload: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** A push service takes 4,096 bytes, of which the encryption needs 103. */
const MAX_PAYLOAD_BYTES = 3_993;

/** `key` is the attempt's. */
export function writePush(message: Message, key: string, defaults: WebpushSettings): Push | Rejected {
  const { payload, options } = split(message);
  const fault = findOptionFault(options) ?? findSizeFault(payload);
  if (fault !== null) return { kind: 'rejected', scope: 'message', ...fault };
  const { topic = topicOf(key), urgency = defaults.urgency, ttl = defaults.ttl } = options;
  return { payload, headers: { ttl: String(ttl), urgency: String(urgency), topic: String(topic) } };
}

/** What is wrong with a message for everybody; null: nothing. */
export function inspectMessage(message: Message): MessageFault | null {
  const { payload, options } = split(message);
  return findOptionFault(options) ?? findSizeFault(payload);
}

interface Parts {
  readonly payload: Buffer;
  readonly options: JsonObject;
}

function split(message: Message): Parts {
  if (message.type === 'text') return { payload: encode({ notification: { body: message.text } }), options: {} };
  const { webpush: options = {}, ...content } = message.payload;
  return { payload: encode(content), options: isJsonObject(options) ? options : { '': options } };
}

function encode(content: JsonObject): Buffer {
  return Buffer.from(JSON.stringify(content));
}

/** What a push service is told besides the message, and what each has to be. */
const OPTIONS: ReadonlyMap<string, readonly [(value: Json) => boolean, string]> = new Map([
  ['topic', [isTopic, 'must be a text of 1 to 32 letters, digits, - or _']],
  ['urgency', [isUrgency, `must be one of ${URGENCIES.join(', ')}`]],
  ['ttl', [isTtl, `must be a whole number of seconds from 0 to ${MAX_TTL_S}`]],
]);

function findOptionFault(options: JsonObject): MessageFault | null {
  for (const [key, value] of Object.entries(options)) {
    const [isRight, wanted] = OPTIONS.get(key) ?? [];
    if (isRight === undefined) return invalid('webpush: may hold topic, urgency and ttl, and nothing else.');
    if (!isRight(value)) return invalid(`webpush.${key}: ${wanted}.`);
  }
  return null;
}

function invalid(detail: string): MessageFault {
  return { reason: 'message_invalid', detail };
}

function findSizeFault({ length }: Buffer): MessageFault | null {
  if (length <= MAX_PAYLOAD_BYTES) return null;
  const detail = `The message makes ${length} bytes of JSON; push services take ${MAX_PAYLOAD_BYTES}.`;
  return { reason: 'message_too_large', detail };
}

function isTopic(value: Json): boolean {
  return typeof value === 'string' && /^[\w-]{1,32}$/.test(value);
}

function isUrgency(value: Json): boolean {
  return URGENCIES.some((urgency) => urgency === value);
}

function isTtl(value: Json): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_TTL_S;
}

/** The same on every attempt, so that the attempt before is replaced if it still waits for the device. */
function topicOf(key: string): string {
  return hash('sha256', key, 'base64url').slice(0, 32);
}
