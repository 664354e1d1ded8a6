import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import type { MessageFault } from '../contract.ts';

/** What a mail says. At least one of `text` and `html` is there. */
export interface Content {
  readonly subject: string;
  readonly text: string | null;
  readonly html: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** `wide`: the payload has a shape that suits nobody. Otherwise a value that may be this recipient's own is at fault. */
export interface ContentFault extends MessageFault {
  readonly wide: boolean;
}

const SUBJECT_LENGTH = 78;
const NO_SUBJECT = 'Notification';
const MAX_HEADER_LENGTH = 900;

/** What callers may set. Not among them: whatever routes the mail, signs it or tells a relay what to do with it. */
const OPEN_HEADERS: ReadonlySet<string> = new Set([
  'content-language',
  'feedback-id',
  'importance',
  'in-reply-to',
  'keywords',
  'list-id',
  'organization',
  'precedence',
  'priority',
  'references',
  'sensitivity',
  'x-auto-response-suppress',
  'x-campaign-id',
  'x-entity-ref-id',
  'x-priority',
]);

/** A text takes its subject from the settings or from its first line; a native payload is `{subject, text?, html?, headers?}`. */
export function readContent(message: Message, defaultSubject: string | null): Content | ContentFault {
  if (message.type === 'native') return readPayload(message.payload);
  const { text } = message;
  return { subject: defaultSubject ?? subjectOf(text), text, html: null, headers: {} };
}

function subjectOf(text: string): string {
  const lines = text.split(/[\r\n\u2028\u2029]+/u).map((line) => line.replace(/[\p{C}\p{Z}]+/gu, ' ').trim());
  const characters = [...(lines.find((line) => line !== '') ?? NO_SUBJECT)];
  if (characters.length <= SUBJECT_LENGTH) return characters.join('');
  return `${characters.slice(0, SUBJECT_LENGTH - 1).join('')}…`;
}

const PAYLOAD_KEYS = ['subject', 'text', 'html', 'headers'];

function readPayload(payload: JsonObject): Content | ContentFault {
  const stranger = Object.keys(payload).find((key) => !PAYLOAD_KEYS.includes(key));
  if (stranger !== undefined)
    return wide(showKey(stranger), `is no key of a mail; there is ${PAYLOAD_KEYS.join(', ')}`);
  const { subject, text = null, html = null, headers = {} } = payload;
  if (typeof subject !== 'string' || subject.trim() === '') return wide('subject', 'is missing; every mail needs one');
  if (!isTextOrNull(text)) return wide('text', 'must be text');
  if (!isTextOrNull(html)) return wide('html', 'must be text');
  if (text === null && html === null) return wide('text', 'is missing, and so is html; a mail needs one of them');
  if (!isJsonObject(headers)) return wide('headers', 'must be a mapping of names to values');
  const named = readHeaders(headers);
  if ('detail' in named) return named;
  const fault = findBreak('subject', subject);
  return fault ?? { subject, text, html, headers: named.headers };
}

function readHeaders(given: JsonObject): { readonly headers: Record<string, string> } | ContentFault {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!OPEN_HEADERS.has(name.toLowerCase())) {
      return wide(`headers.${showKey(name)}`, `may not be set; open are ${[...OPEN_HEADERS].join(', ')}`);
    }
    if (typeof value !== 'string') return wide(`headers.${name}`, 'must be text');
    const fault = findBreak(`headers.${name}`, value);
    if (fault !== null) return fault;
    headers[name] = value;
  }
  return { headers };
}

/** A line break in a header starts another header; values may come from a recipient's own parameters. */
function findBreak(path: string, value: string): ContentFault | null {
  if (value.length > MAX_HEADER_LENGTH) {
    const length = value.length.toLocaleString('en');
    return { ...fault(path, `has ${length} characters; ${MAX_HEADER_LENGTH} are the most`), wide: false };
  }
  if (!/[\p{Cc}\u2028\u2029]/u.test(value)) return null;
  return { ...fault(path, 'holds a line break or another control character; remove it'), wide: false };
}

const wide = (path: string, what: string): ContentFault => ({ ...fault(path, what), wide: true });

function fault(path: string, what: string): MessageFault {
  return { reason: 'message_invalid', detail: `${path}: ${what}.` };
}

function showKey(key: string): string {
  return /^[\w-]{1,64}$/.test(key) ? key : JSON.stringify(key.toWellFormed().slice(0, 64));
}

const isTextOrNull = (value: Json): value is string | null => value === null || typeof value === 'string';

/** Why nobody can be sent this message. A value that may be one recipient's own is judged when it is their turn. */
export function inspectContent(message: Message): MessageFault | null {
  const content = readContent(message, null);
  if (!('detail' in content) || !content.wide) return null;
  return { reason: content.reason, detail: content.detail };
}

/** In HTML a value is text and never markup; in a header it stays on its line. */
export function escapeValue(value: string, path: string | null): string {
  if (path === 'html') return value.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
  if (path === 'subject' || path?.startsWith('headers.') === true) return value.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  return value;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
