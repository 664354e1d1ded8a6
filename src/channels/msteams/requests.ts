import type { JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';

export interface NewConversation {
  readonly appId: string;
  /** `29:…` or an aadObjectId. */
  readonly memberId: string;
  readonly tenantId: string;
}

/** Names the tenant twice: each of the two places is the only one some deployments of the connector read. */
export function writeNewConversation({ appId, memberId, tenantId }: NewConversation): string {
  return JSON.stringify({
    bot: { id: `28:${appId}` },
    members: [{ id: memberId }],
    tenantId,
    channelData: { tenant: { id: tenantId } },
    isGroup: false,
  });
}

/** The activity's sender and conversation are ours to say, whatever a native payload holds. */
export function writeActivity(message: Message, appId: string, conversationId: string): string {
  const from = { id: `28:${appId}` };
  const conversation = { id: conversationId };
  const said: JsonObject =
    message.type === 'text'
      ? { text: message.text, textFormat: 'plain', channelData: { notification: { alert: true } } }
      : message.payload;
  return JSON.stringify({ type: 'message', ...said, from, conversation });
}

export function conversationsUrl(serviceUrl: string): string {
  return `${serviceUrl}v3/conversations`;
}

export function activitiesUrl(serviceUrl: string, conversationId: string): string {
  return `${serviceUrl}v3/conversations/${encodeURIComponent(conversationId.toWellFormed())}/activities`;
}

export function memberUrl(serviceUrl: string, conversationId: string, userId: string): string {
  return `${serviceUrl}v3/conversations/${encodeURIComponent(conversationId.toWellFormed())}/members/${encodeURIComponent(userId.toWellFormed())}`;
}
