import type { Json } from '../model/json.ts';
import type { Message } from '../model/message.ts';

/** The names in the `{name}` tokens of a message, each once, in the order they stand there. */
export function tokensOf(message: Message): string[] {
  const texts = message.type === 'text' ? [message.text] : textsOf(message.payload);
  return [...new Set(texts.flatMap((text) => Array.from(text.matchAll(/\{([^{}]+)\}/g), ([, name = '']) => name)))];
}

/** Only values are filled, so keys hold no tokens. What was checked to be no deeper than is allowed may be walked. */
function textsOf(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}
