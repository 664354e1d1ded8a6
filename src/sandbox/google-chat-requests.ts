import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { invalidArgument } from './google-chat-errors.ts';
import { type Answer, type Call, decodeSegment } from './provider.ts';

export type GoogleTarget =
  | { readonly route: 'send'; readonly space: string }
  | { readonly route: 'delete' | 'update'; readonly space: string; readonly name: string }
  | { readonly route: 'findDirectMessage' }
  | { readonly route: 'listSpaces' };

const MESSAGE_BYTES = 32_000;
const MESSAGES = /^\/v1\/(spaces\/[^/]+)\/messages$/;
const MESSAGE = /^\/v1\/((spaces\/[^/]+)\/messages\/[^/]+)$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const MESSAGE_ID = /^client-[a-z0-9-]{1,56}$/;
const REPLY_OPTIONS: readonly string[] = [
  'MESSAGE_REPLY_OPTION_UNSPECIFIED',
  'REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD',
  'REPLY_MESSAGE_OR_FAIL',
];

export function parseGoogleTarget({ method, path }: Call): GoogleTarget | null {
  const space = MESSAGES.exec(path)?.[1];
  if (method === 'POST' && space !== undefined) return { route: 'send', space: decodeSegment(space) };
  const [, name, of] = MESSAGE.exec(path) ?? [];
  if (method === 'DELETE' && name !== undefined && of !== undefined)
    return { route: 'delete', space: decodeSegment(of), name };
  if (method === 'PATCH' && name !== undefined && of !== undefined)
    return { route: 'update', space: decodeSegment(of), name };
  if (method === 'GET' && path === '/v1/spaces:findDirectMessage') return { route: 'findDirectMessage' };
  return method === 'GET' && path === '/v1/spaces' ? { route: 'listSpaces' } : null;
}

/** What every method of every Google API takes. */
const STANDARD = ['fields', 'alt', 'prettyPrint', 'key', 'quotaUser', '$.xgafv'];

/** The query of a call, or the refusal of a parameter that the method does not have. */
export function readQuery(call: Call, known: readonly string[]): URLSearchParams | Answer {
  const query = new URLSearchParams(call.query);
  for (const name of query.keys()) {
    if (known.includes(name) || STANDARD.includes(name)) continue;
    return invalidArgument(`Invalid JSON payload received. Unknown name "${name}": Cannot bind query parameter.`);
  }
  return query;
}

export const SEND_PARAMETERS = [
  'requestId',
  'messageId',
  'messageReplyOption',
  'createMessageNotificationOptions.notificationType',
];

export function checkSendQuery(query: URLSearchParams): Answer | null {
  const requestId = query.get('requestId');
  if (requestId !== null && !UUID.test(requestId)) {
    return invalidArgument('Request ID must be a valid UUID.', 'request_id');
  }
  const messageId = query.get('messageId');
  if (messageId !== null && !MESSAGE_ID.test(messageId)) return invalidArgument('Invalid message ID.', 'message_id');
  const option = query.get('messageReplyOption');
  if (option === null || REPLY_OPTIONS.includes(option)) return null;
  return invalidArgument('Invalid message reply option.', 'message_reply_option');
}

/** Fields of a message; those that only Google sets are passed over when they come in. */
const FIELDS: ReadonlySet<string> = new Set(
  [
    'accessoryWidgets actionResponse annotations argumentText attachedGifs attachment cards cardsV2',
    'clientAssignedMessageId createTime deleteTime deletionMetadata emojiReactionSummaries fallbackText formattedText',
    'lastUpdateTime markupSyntax matchedUrl name privateMessageViewer quotedMessageMetadata sender silent slashCommand',
    'space text thread threadReply',
  ].flatMap((line) => line.split(' ')),
);

export function checkMessage(message: JsonObject): Answer | null {
  const unknown = Object.keys(message).find((name) => !FIELDS.has(name));
  if (unknown !== undefined) {
    return invalidArgument(`Invalid JSON payload received. Unknown name "${unknown}": Cannot find field.`);
  }
  const { text, cardsV2 } = message;
  if (text !== undefined && typeof text !== 'string') {
    return invalidArgument("Invalid value at 'message.text' (TYPE_STRING)", 'message.text');
  }
  if (cardsV2 !== undefined && !areCards(cardsV2)) return invalidArgument('Invalid cards.', 'message.cards_v2');
  if (!text && isEmpty(cardsV2) && isEmpty(message['cards']) && isEmpty(message['accessoryWidgets'])) {
    return invalidArgument('Message cannot be empty.');
  }
  if (sizeOf(message) <= MESSAGE_BYTES) return null;
  return invalidArgument(`Message size exceeds the limit of ${MESSAGE_BYTES} bytes.`);
}

function areCards(value: Json): boolean {
  if (!Array.isArray(value)) return false;
  const ids = value.map((item) => (isJsonObject(item) && isJsonObject(item['card']) ? (item['cardId'] ?? '') : null));
  if (ids.includes(null)) return false;
  // One card needs no id; several are told apart by theirs.
  return ids.length < 2 || (new Set(ids).size === ids.length && !ids.includes(''));
}

function isEmpty(list: Json | undefined): boolean {
  return !Array.isArray(list) || list.length === 0;
}

/** Bytes of the text as it is, and of everything else as JSON. */
function sizeOf({ text, ...rest }: JsonObject): number {
  const others = Object.keys(rest).length === 0 ? '' : JSON.stringify(rest);
  return Buffer.byteLength(typeof text === 'string' ? text : '') + Buffer.byteLength(others);
}

/** The part of an answer that `fields` asks for, as in `name,space/name`; everything when it does not. */
export function selectFields(value: JsonObject, fields: string | null): JsonObject | null {
  if (fields === null || fields === '*') return value;
  if (!/^\w+(?:[/.]\w+)*(?:,\w+(?:[/.]\w+)*)*$/.test(fields)) return null;
  return pick(
    value,
    fields.split(',').map((path) => path.split(/[/.]/)),
  );
}

function pick(value: JsonObject, paths: readonly (readonly string[])[]): JsonObject {
  const names = new Set(paths.flatMap(([name]) => (name === undefined ? [] : [name])));
  const picked = [...names].flatMap((name): [string, Json][] => {
    const inner = value[name];
    if (inner === undefined) return [];
    const deeper = paths.filter((path) => path[0] === name).map((path) => path.slice(1));
    return [[name, deeper.some((path) => path.length === 0) ? inner : pickInside(inner, deeper)]];
  });
  return Object.fromEntries(picked);
}

function pickInside(value: Json, paths: readonly (readonly string[])[]): Json {
  if (Array.isArray(value)) return value.map((item) => pickInside(item, paths));
  return isJsonObject(value) ? pick(value, paths) : value;
}
