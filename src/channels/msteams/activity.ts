import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { isGuid } from './guid.ts';

/** What we read of an activity, checked. Everything else in it is passed over. */
export interface Activity {
  readonly type: string;
  readonly channelId: string;
  readonly serviceUrl: string;
  /** Epoch ms; null when it does not say. */
  readonly at: number | null;
  readonly tenantId: string | null;
  readonly conversationId: string | null;
  readonly isPersonal: boolean;
  /** The person; null when an activity is nobody's. */
  readonly person: { readonly id: string; readonly aadObjectId: string | null } | null;
  readonly what: 'met' | 'left' | 'nothing';
}

const MAX_ID = 1_000;
/** Kinds of activity that show that a person has the app and can be written to. */
const SIGNS_OF_LIFE: ReadonlySet<string> = new Set([
  'message',
  'messageUpdate',
  'messageDelete',
  'messageReaction',
  'invoke',
  'typing',
]);

/** Null when it is no activity at all. */
export function readActivity(json: JsonObject): Activity | null {
  const { type, channelId, serviceUrl } = json;
  if (typeof type !== 'string' || typeof channelId !== 'string' || typeof serviceUrl !== 'string') return null;
  const conversation = objectAt(json, 'conversation');
  const person = findPerson(json);
  return {
    type,
    channelId,
    serviceUrl,
    at: readTime(json['timestamp']),
    tenantId: textAt(conversation, 'tenantId') ?? textAt(objectAt(objectAt(json, 'channelData'), 'tenant'), 'id'),
    conversationId: textAt(conversation, 'id'),
    isPersonal: isPersonal(conversation),
    person,
    what: person === null ? 'nothing' : readWhat(type, json),
  };
}

function readWhat(type: string, json: JsonObject): Activity['what'] {
  if (type === 'conversationUpdate') return readMembers(json);
  // The kinds with `-upgrade` come with a new version of the app.
  if (type === 'installationUpdate') return /^remove\b/.test(textAt(json, 'action') ?? '') ? 'left' : 'met';
  return SIGNS_OF_LIFE.has(type) ? 'met' : 'nothing';
}

/** In a personal chat there are two: whichever of them is removed, the chat is over. */
function readMembers(json: JsonObject): Activity['what'] {
  return listAt(json, 'membersRemoved').length > 0 ? 'left' : 'met';
}

/** Who did it; of a conversation that begins or ends by itself, the member who is not the bot. */
function findPerson(json: JsonObject): Activity['person'] {
  const candidates = [json['from'], ...listAt(json, 'membersAdded'), ...listAt(json, 'membersRemoved')];
  const account = candidates.filter(isJsonObject).find((one) => textAt(one, 'id')?.startsWith('29:'));
  const id = account === undefined ? null : textAt(account, 'id');
  if (account === undefined || id === null) return null;
  const aadObjectId = textAt(account, 'aadObjectId');
  return { id, aadObjectId: aadObjectId !== null && isGuid(aadObjectId) ? aadObjectId : null };
}

/** Older activities of personal chats do not say so, but only those begin with `a:`. */
function isPersonal(conversation: JsonObject): boolean {
  const { conversationType } = conversation;
  if (typeof conversationType === 'string') return conversationType === 'personal';
  return conversation['isGroup'] !== true && textAt(conversation, 'id')?.startsWith('a:') === true;
}

function readTime(timestamp: Json | undefined): number | null {
  const at = typeof timestamp === 'string' && timestamp.length <= 40 ? Date.parse(timestamp) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

function objectAt(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  return isJsonObject(value) ? value : {};
}

function listAt(object: JsonObject, key: string): readonly Json[] {
  const value = object[key];
  return Array.isArray(value) ? value.slice(0, 100) : [];
}

export function textAt(object: JsonObject, key: string): string | null {
  const value = object[key];
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID ? value : null;
}
