import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import type { MessageFault } from '../contract.ts';
import { isCertainlyTooLong, MAX_MESSAGE_BYTES, writeMessage } from './requests.ts';

/** Why Google would take this message for nobody; null: nothing found. */
export function inspectMessage(message: Message): MessageFault | null {
  if (message.type === 'text') {
    if (message.text.trim() === '') return invalid('text', 'is empty');
  } else {
    const fault = inspectPayload(message.payload);
    if (fault !== null) return fault;
  }
  return isCertainlyTooLong(message, writeMessage(message)) ? explainLength(message) : null;
}

/** What a message may show; any of it makes a message. */
const CONTENTS = ['text', 'cardsV2', 'cards', 'attachment', 'accessoryWidgets'];

function inspectPayload(payload: JsonObject): MessageFault | null {
  const { text, cardsV2 } = payload;
  if (text !== undefined && typeof text !== 'string') return invalid('text', 'must be text');
  if (!CONTENTS.some((key) => isSomething(payload[key]))) {
    return invalid('text', 'is missing, and so is cardsV2; a message needs one of them');
  }
  if (cardsV2 === undefined) return null;
  if (!Array.isArray(cardsV2)) return invalid('cardsV2', 'must be a list of cards');
  return firstFault(cardsV2, (item, i) => inspectCard(item, `cardsV2[${i}]`));
}

function inspectCard(item: Json, path: string): MessageFault | null {
  if (!isJsonObject(item)) return invalid(path, 'must be an object with cardId and card');
  const { card } = item;
  if (!isJsonObject(card)) return invalid(`${path}.card`, 'must be a card: header, sections');
  const { sections = [] } = card;
  if (!Array.isArray(sections)) return invalid(`${path}.card.sections`, 'must be a list');
  return firstFault(sections, (section, i) => inspectSection(section, `${path}.card.sections[${i}]`));
}

function inspectSection(section: Json, path: string): MessageFault | null {
  if (!isJsonObject(section)) return invalid(path, 'must be an object with widgets');
  const { widgets = [] } = section;
  if (!Array.isArray(widgets)) return invalid(`${path}.widgets`, 'must be a list');
  return firstFault(widgets, (widget, i) =>
    isJsonObject(widget) ? null : invalid(`${path}.widgets[${i}]`, 'must be a widget, such as {"textParagraph": {…}}'),
  );
}

function firstFault(items: readonly Json[], inspect: (item: Json, i: number) => MessageFault | null) {
  for (const [i, item] of items.entries()) {
    const fault = inspect(item, i);
    if (fault !== null) return fault;
  }
  return null;
}

const isSomething = (value: Json | undefined): boolean =>
  typeof value === 'string' ? value.trim() !== '' : Array.isArray(value) && value.length > 0;

function explainLength(message: Message): MessageFault {
  const [path, bytes] = findLongest(message.type === 'text' ? { text: message.text } : message.payload, '');
  const limit = `a message may have ${MAX_MESSAGE_BYTES.toLocaleString('en')} in all`;
  const detail = `${path}: is the longest text, with ${bytes.toLocaleString('en')} bytes; ${limit}.`;
  return { reason: 'message_too_large', detail };
}

function findLongest(value: Json, path: string): readonly [path: string, bytes: number] {
  if (typeof value === 'string') return [path, Buffer.byteLength(value)];
  const inner = Array.isArray(value)
    ? value.map((item, i) => findLongest(item, `${path}[${i}]`))
    : isJsonObject(value)
      ? Object.entries(value).map(([key, item]) => findLongest(item, path === '' ? key : `${path}.${key}`))
      : [];
  return inner.reduce((longest, other) => (other[1] > longest[1] ? other : longest), [path, 0]);
}

function invalid(path: string, what: string): MessageFault {
  return { reason: 'message_invalid', detail: `${path}: ${what}.` };
}

/**
 * Texts of cards that Google reads as HTML; elsewhere in a card a value is shown as it is. The text of a message has its
 * own marks: bold and italic do no harm and cannot be escaped, but no value may mention everybody or hide where a link
 * leads. A word joiner, which nobody sees, keeps the sign from being one.
 */
export function escapeValue(value: string, path: string | null): string {
  if (path === null || path === 'text') return value.replace(/<(?=users\/|[a-z][a-z0-9+.-]*:)/gi, '<\u2060');
  if (!HTML_TEXT.test(path)) return value;
  return value.replace(/[&<>]/g, (character) => ENTITIES[character] ?? character);
}

const HTML_TEXT = /\.(?:textParagraph\.text|decoratedText\.text|keyValue\.content|sections\[\d+\]\.header)$/;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
