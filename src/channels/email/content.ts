import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';

/** What a mail says. At least one of `text` and `html` is there. */
export interface Content {
  readonly subject: string;
  readonly text: string | null;
  readonly html: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** `wide`: the payload has a shape that suits nobody. Otherwise a value that may be this recipient's own is at fault. */
export interface ContentFault {
  readonly fault: string;
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
    return wide(`has no key ${JSON.stringify(stranger)}; there is ${PAYLOAD_KEYS.join(', ')}`);
  const { subject, text = null, html = null, headers = {} } = payload;
  if (typeof subject !== 'string' || subject.trim() === '') return wide('needs a subject');
  if (!isTextOrNull(text) || !isTextOrNull(html)) return wide('takes only text as text and html');
  if (text === null && html === null) return wide('needs text or html');
  if (!isJsonObject(headers)) return wide('takes headers as a mapping of names to values');
  const named = readHeaders(headers);
  if ('fault' in named) return named;
  const fault = findBreak('subject', subject);
  return fault ?? { subject, text, html, headers: named.headers };
}

function readHeaders(given: JsonObject): { readonly headers: Record<string, string> } | ContentFault {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!OPEN_HEADERS.has(name.toLowerCase())) {
      return wide(`may not set the header ${JSON.stringify(name)}; open are ${[...OPEN_HEADERS].join(', ')}`);
    }
    if (typeof value !== 'string') return wide(`takes only text as the value of ${name}`);
    const fault = findBreak(`header ${name}`, value);
    if (fault !== null) return fault;
    headers[name] = value;
  }
  return { headers };
}

/** A line break in a header starts another header; values may come from a recipient's own parameters. */
function findBreak(what: string, value: string): ContentFault | null {
  if (value.length > MAX_HEADER_LENGTH) {
    return { fault: `the ${what} is longer than ${MAX_HEADER_LENGTH} characters.`, wide: false };
  }
  if (!/[\p{Cc}\u2028\u2029]/u.test(value)) return null;
  return { fault: `the ${what} holds a line break or another control character; remove it.`, wide: false };
}

const wide = (what: string): ContentFault => ({ fault: `the payload ${what}.`, wide: true });

const isTextOrNull = (value: Json): value is string | null => value === null || typeof value === 'string';
