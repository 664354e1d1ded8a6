import { parseRecipientRef } from '../../model/ids.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { News, ReceiptNews, SeenNews, Word } from '../../model/news.ts';
import { cleanDetail } from '../clean-detail.ts';
import { newsOf, readWill } from '../reply-words.ts';
import { judgeReport } from './refusals.ts';
import { isPhoneDigits, isUserId } from './requests.ts';
import type { WhatsappSettings } from './settings.ts';

type Context = Pick<
  WhatsappSettings,
  'phoneNumberId' | 'businessAccountId' | 'marketingStop' | 'stopWords' | 'accessToken' | 'appSecret'
>;

/**
 * What a signed webhook tells of our number; of anything else, or in an unknown shape, nothing. Only named places are
 * read, none of them in a recursion, so neither depth nor strange text can do harm. `now` is epoch ms.
 */
export function readNews(body: JsonObject, context: Context, now: number): News[] {
  if (body['object'] !== 'whatsapp_business_account') return [];
  const { businessAccountId } = context;
  return objectsAt(body, 'entry')
    .filter((entry) => businessAccountId === undefined || entry['id'] === businessAccountId)
    .flatMap((entry) => objectsAt(entry, 'changes'))
    .flatMap((change) => readChange(change, context, now));
}

function readChange({ field, value }: JsonObject, context: Context, now: number): News[] {
  if (!isJsonObject(value)) return [];
  const { metadata } = value;
  if (!isJsonObject(metadata) || metadata['phone_number_id'] !== context.phoneNumberId) return [];
  if (field === 'user_preferences') {
    return objectsAt(value, 'user_preferences').flatMap((preference) => readPreference(preference, context, now));
  }
  if (field !== 'messages') return [];
  const contacts = objectsAt(value, 'contacts');
  const messages = objectsAt(value, 'messages');
  return [
    ...objectsAt(value, 'statuses').flatMap((status) => readStatus(status, context, now)),
    ...messages.flatMap((message) => readMessage(message, findContact(message, messages, contacts), context, now)),
    ...objectsAt(value, 'errors').flatMap((error) => readAccountError(error, context)),
  ];
}

const STATES: ReadonlyMap<Json | undefined, ReceiptNews['state']> = new Map([
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['read', 'read'],
  ['failed', 'failed'],
]);

function readStatus(status: JsonObject, context: Context, now: number): News[] {
  const recipient = parseRecipientRef(textAt(status, 'biz_opaque_callback_data'));
  const state = STATES.get(status['status']);
  if (recipient === null || state === undefined) return [];
  const when = timeOf(status['timestamp'], now);
  const { at } = when;
  if (state !== 'failed') return [{ kind: 'receipt', ...recipient, state, at, reason: null, detail: null }];

  const [error] = objectsAt(status, 'errors');
  const { reason, detail, silence } = judgeReport(error, secretsOf(context));
  const receipt: ReceiptNews = { kind: 'receipt', ...recipient, state, at, reason, detail };
  if (silence === undefined || context.marketingStop === 'ignore') return [receipt];
  const names = namesOf(status['recipient_id'], status['recipient_user_id']);
  return [
    receipt,
    ...names.map((identity) => ({ kind: 'silenced' as const, identity, reason: silence, detail, ...when })),
  ];
}

/**
 * Whoever writes is met, and may be written to freely for 24 hours. People with a username show no number; the `from`
 * of others can differ from their `wa_id` (Brazil, Mexico), so both are names of theirs. Meta keeps no list for who answers STOP.
 */
function readMessage(message: JsonObject, contact: JsonObject | undefined, context: Context, now: number): News[] {
  const when = timeOf(message['timestamp'], now);
  const { at } = when;
  if (message['type'] === 'system') return readSystemMessage(message, at);
  if (message['type'] === 'reaction' || message['group_id'] !== undefined) return [];
  const { from, from_user_id: sender } = message;
  const userId = [sender, contact?.['user_id']].find(isUserId);
  const [channelId, ...others] = namesOf(from, contact?.['wa_id'], userId);
  if (channelId === undefined) return [];
  const reference = { heardAt: String(at), ...(userId === undefined ? {} : { userId }) };
  const names: SeenNews['identities'] = [channelId, ...others];
  const will = readWill(wordsOf(message), { stopWords: context.stopWords, isConversation: true });
  return [
    { kind: 'seen', identities: names, address: { channelId, reference }, at },
    ...(will === null ? [] : newsOf(will, names, when)),
  ];
}

/** What was typed, or what stands on the button of a template that was touched. */
function wordsOf({ text, button }: JsonObject): string {
  return (isJsonObject(text) && textAt(text, 'body')) || (isJsonObject(button) && textAt(button, 'text')) || '';
}

/** The sender's; where nothing else links them, the only contact of the only message. */
function findContact(
  { from, from_user_id: sender }: JsonObject,
  messages: readonly JsonObject[],
  contacts: readonly JsonObject[],
): JsonObject | undefined {
  const linked = contacts.find((one) => isSame(one['wa_id'], from) || isSame(one['user_id'], sender));
  return linked ?? (messages.length === 1 && contacts.length === 1 ? contacts[0] : undefined);
}

/** A changed number is no message: the 24 hours do not begin. */
function readSystemMessage({ from, system }: JsonObject, at: number): SeenNews[] {
  if (!isJsonObject(system) || system['type'] !== 'user_changed_number') return [];
  const [old] = namesOf(from);
  const [channelId] = namesOf(system['wa_id']);
  if (old === undefined || channelId === undefined) return [];
  return [{ kind: 'seen', identities: [old, channelId], address: { channelId, reference: null }, at }];
}

/** Meta tells it of marketing messages alone, and does not say of what kind our templates are. */
function readPreference(preference: JsonObject, context: Context, now: number): News[] {
  const { category, value, wa_id: phone, user_id: userId } = preference;
  if (context.marketingStop === 'ignore' || category !== 'marketing_messages') return [];
  const when = timeOf(preference['timestamp'], now);
  const names = namesOf(phone, userId);
  if (value === 'resume') return names.map((identity) => ({ kind: 'welcome', identity, ...when }));
  if (value !== 'stop') return [];
  const detail = cleanDetail(textAt(preference, 'detail')) || null;
  return names.map((identity) => ({ kind: 'silenced', identity, reason: 'opted_out', detail, ...when }));
}

/** Such as a locked account; what passes by itself is no news. */
function readAccountError(error: JsonObject, context: Context): News[] {
  const { isOfConnection, detail } = judgeReport(error, secretsOf(context));
  return isOfConnection ? [{ kind: 'disconnected', detail }] : [];
}

/** Identities as the directory has them, a number with its plus; what is neither a number nor a user id is left out. */
function namesOf(...given: readonly (Json | undefined)[]): string[] {
  return [...new Set(given.flatMap((name) => (isPhoneDigits(name) ? [`+${name}`] : isUserId(name) ? [name] : [])))];
}

/** Meta counts in seconds, as a text or a number. Never later than now, so that nobody's clock can hold up the news after it. */
function timeOf(timestamp: Json | undefined, now: number): Word {
  const seconds = typeof timestamp === 'number' ? String(timestamp) : timestamp;
  if (typeof seconds !== 'string' || !/^\d{1,12}$/.test(seconds)) return { at: now };
  const saidAt = Number(seconds) * 1000;
  return saidAt > now ? { at: now } : { at: saidAt, saidAt };
}

const secretsOf = ({ accessToken, appSecret = '' }: Context): string[] => [accessToken, appSecret];

const isSame = (one: Json | undefined, other: Json | undefined): boolean => one !== undefined && one === other;

function objectsAt(object: JsonObject, key: string): JsonObject[] {
  const list = object[key];
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

function textAt(object: JsonObject, key: string): string {
  const value = object[key];
  return typeof value === 'string' ? value : '';
}
