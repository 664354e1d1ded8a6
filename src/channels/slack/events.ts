import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { News } from '../../model/news.ts';
import { type Member, readMember } from './member.ts';

/** The news in the payload of an `event_callback`; what is of no use to us brings none. `now` in epoch ms. */
export function readEvent({ event, event_time: seconds }: JsonObject, now: number): News[] {
  if (!isJsonObject(event)) return [];
  const at = typeof seconds === 'number' && seconds > 0 ? Math.min(now, Math.floor(seconds * 1000)) : now;
  switch (event['type']) {
    case 'user_change':
    case 'team_join':
      return readUser(readMember(event['user']), at);
    case 'im_created':
      return readConversation(event, at);
    case 'app_uninstalled':
      return [{ kind: 'disconnected', detail: 'The app was uninstalled from the workspace.' }];
    case 'tokens_revoked':
      return losesBotToken(event) ? [{ kind: 'disconnected', detail: 'The bot token of the app was revoked.' }] : [];
    default:
      return [];
  }
}

/** Slack does not say what changed of a user, so everything that matters is told again. */
function readUser(member: Member | null, at: number): News[] {
  if (member === null) return [];
  const identities = identitiesOf(member);
  if (member.isDeleted) return [{ kind: 'left', identities, at }];
  if (!member.isReachable || member.email === null) return [];
  return [{ kind: 'seen', identities, address: { channelId: member.id, reference: null }, at }];
}

function identitiesOf({ email, id }: Member): readonly [string, ...string[]] {
  return email === null ? [id] : [email, id];
}

function readConversation({ user, channel }: JsonObject, at: number): News[] {
  const id = isJsonObject(channel) ? channel['id'] : null;
  const isPair = typeof user === 'string' && USER.test(user) && typeof id === 'string' && CONVERSATION.test(id);
  if (!isPair) return [];
  return [{ kind: 'seen', identities: [user], address: { channelId: user, reference: { conversationId: id } }, at }];
}

const USER = /^[UW][A-Za-z0-9]{1,500}$/;
const CONVERSATION = /^D[A-Za-z0-9]{1,500}$/;

/** `oauth` tokens are people's own; ours is a bot's. */
function losesBotToken({ tokens }: JsonObject): boolean {
  const bots = isJsonObject(tokens) ? tokens['bot'] : null;
  return Array.isArray(bots) && bots.length > 0;
}
