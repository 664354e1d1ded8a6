import { isJsonObject, type Json, type JsonObject, parseJsonObject } from '../model/json.ts';
import { findJsonFault } from '../model/json-guard.ts';
import type { Content } from '../model/message.ts';
import { findSourceFault } from './script/source.ts';

/** How callers type a message; v1 of the Kore API has no `template`. */
export type MessageType = 'text' | 'template' | 'script';

export type MessageReading =
  | { readonly ok: true; readonly message: Content }
  | { readonly ok: false; readonly fault: string };

/**
 * Turns what a caller wrote into a message or a script, or says in words why it cannot be one. A script is not compiled
 * here: whether it works is each recipient's log to tell.
 */
export function readMessage(type: MessageType, value: Json | undefined): MessageReading {
  if (value === undefined) return refuse('is missing');
  if (typeof value === 'string') return readText(type, value);
  if (type !== 'text' && isJsonObject(value)) return accept({ type: 'native', payload: value });
  return refuse(type === 'text' ? 'must be a string' : 'must be a string or a JSON object');
}

function readText(type: MessageType, text: string): MessageReading {
  if (text.trim() === '') return refuse('must not be empty');
  if (type === 'text') return accept({ type: 'text', text });

  const payload = parsePayload(text);
  if (payload !== null) {
    const fault = findJsonFault(payload, '');
    return fault === null ? accept({ type: 'native', payload }) : refuse(`the JSON in it is refused: ${fault}`);
  }
  if (type === 'template') return accept({ type: 'text', text });
  const fault = findSourceFault(text);
  return fault === null ? accept({ type: 'script', source: text }) : refuse(fault);
}

/** The JSON object a text holds; texts that cannot hold one are told by their first character. */
export function parsePayload(text: string): JsonObject | null {
  return /^\s*\{/.test(text) ? parseJsonObject(text) : null;
}

const accept = (message: Content): MessageReading => ({ ok: true, message });
const refuse = (fault: string): MessageReading => ({ ok: false, fault });
