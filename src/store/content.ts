import { isJsonObject, type Json } from '../model/json.ts';
import type { Content, Message } from '../model/message.ts';

/**
 * As it is, but for what is localised: the variant of its default stands where a message stands, and the others beside
 * it, so that an older Beckon on this database sends everybody that one.
 */
export function encodeContent(content: Content): string {
  if (content.type !== 'localised') return JSON.stringify(content);
  const { variants, default: tag } = content;
  const { [tag]: ofAll, ...others } = variants;
  return JSON.stringify({ ...ofAll, default: tag, variants: others });
}

export function decodeContent(value: string): Content {
  const stored: Json = JSON.parse(value);
  if (!isJsonObject(stored)) throw unknownShape();
  if (stored['type'] === 'script' && typeof stored['source'] === 'string') {
    return { type: 'script', source: stored['source'] };
  }
  const { default: tag, variants } = stored;
  if (typeof tag !== 'string' || !isJsonObject(variants)) return messageOf(stored);
  const others = Object.entries(variants).map(([name, each]) => [name, messageOf(each)] as const);
  return { type: 'localised', default: tag, variants: { [tag]: messageOf(stored), ...Object.fromEntries(others) } };
}

function messageOf(stored: Json): Message {
  if (!isJsonObject(stored)) throw unknownShape();
  const { type, text, payload } = stored;
  if (type === 'text' && typeof text === 'string') return { type, text };
  if (type === 'native' && isJsonObject(payload)) return { type, payload };
  throw unknownShape();
}

const unknownShape = (): TypeError => new TypeError('a stored message has an unknown shape');
