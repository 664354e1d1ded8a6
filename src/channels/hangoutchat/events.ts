import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { News } from '../../model/news.ts';

/** What both formats of events say, put on one footing. */
interface ChatEvent {
  readonly isRemoval: boolean;
  readonly space: Json | undefined;
  readonly user: Json | undefined;
  readonly time: Json | undefined;
}

/**
 * What an event tells: somebody has a direct message with the app, or had one. Of spaces with others in them nothing is
 * learnt, for they are no way to reach one person.
 */
export function readChatEvent(event: JsonObject, now: number): readonly News[] {
  const { isRemoval, space, user, time } = isJsonObject(event['chat']) ? readAddOn(event['chat']) : readClassic(event);
  const place = readDirectMessage(space);
  const identities = readIdentities(user);
  if (place === null || identities === null) return [];
  const at = readTime(time, now);
  if (isRemoval) return [{ kind: 'left', identities, at }];
  return [{ kind: 'seen', identities, address: { channelId: place, reference: null }, at }];
}

/** An app of its own is told `{type, eventTime, user, space, …}`. Of any type but one the person is there. */
function readClassic({ type, space, user, eventTime }: JsonObject): ChatEvent {
  return { isRemoval: type === 'REMOVED_FROM_SPACE', space, user, time: eventTime };
}

/** One built as a Workspace add-on is told `{chat: {user, eventTime, <what happened>Payload: {space, …}}}`. */
function readAddOn(chat: JsonObject): ChatEvent {
  const [name, payload] = Object.entries(chat).find(([key]) => key.endsWith('Payload')) ?? [];
  const space = isJsonObject(payload) ? (payload['space'] ?? spaceOf(payload['message'])) : undefined;
  const { user, eventTime: time } = chat;
  return { isRemoval: name === 'removedFromSpacePayload', space, user, time };
}

const spaceOf = (message: Json | undefined): Json | undefined => (isJsonObject(message) ? message['space'] : undefined);

/** `type: DM` is the older word for the same. */
function readDirectMessage(space: Json | undefined): string | null {
  if (!isJsonObject(space)) return null;
  const { name, type, singleUserBotDm } = space;
  const isDirect = singleUserBotDm === true || type === 'DM';
  return isDirect && typeof name === 'string' && /^spaces\/[\w-]{1,200}$/.test(name) ? name : null;
}

/** The e-mail address first: it is what people are called by. Google leaves it out for people of other organisations. */
function readIdentities(user: Json | undefined): readonly [string, ...string[]] | null {
  if (!isJsonObject(user) || user['type'] === 'BOT') return null;
  const { name, email } = user;
  if (typeof name !== 'string' || !/^users\/[\w-]{1,200}$/.test(name)) return null;
  const isAddress = typeof email === 'string' && /^[^\s\p{C}@]{1,200}@[^\s\p{C}@]{1,200}$/u.test(email);
  return isAddress ? [email, name] : [name];
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

function readTime(time: Json | undefined, now: number): number {
  const at = typeof time === 'string' && TIME.test(time) ? Date.parse(time) : Number.NaN;
  return Number.isNaN(at) || at < 0 ? now : Math.min(at, now);
}
