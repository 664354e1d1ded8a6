import { isJsonObject, type JsonObject } from '../model/json.ts';
import { type Answer, type Call, decodeSegment } from './provider.ts';
import { badSyntax, tooBig } from './teams-errors.ts';

export interface ActivityTarget {
  readonly route: 'send' | 'update' | 'delete';
  readonly conversation: string;
  readonly activityId: string;
}

export interface MemberTarget {
  readonly route: 'member';
  readonly conversation: string;
  readonly user: string;
}

export interface Room {
  readonly isGroup: boolean;
  /** The user, or the channel of a group. */
  readonly member: string;
  readonly tenantId: string | null;
}

const MESSAGE_BYTES = 100 * 1024;
const MEMBER = /^\/v3\/conversations\/([^/]+)\/members\/([^/]+)\/?$/;
const ACTIVITIES = /^\/v3\/conversations\/([^/]+)\/activities(?:\/([^/]+))?\/?$/;

type Target = ActivityTarget | MemberTarget | { readonly route: 'create' };

export function parseTarget({ method, path }: Call): Target | null {
  if (method === 'POST' && (path === '/v3/conversations' || path === '/v3/conversations/')) return { route: 'create' };
  const [, room, user] = MEMBER.exec(path) ?? [];
  if (method === 'GET' && room !== undefined && user !== undefined) {
    return { route: 'member', conversation: decodeSegment(room), user: decodeSegment(user) };
  }
  const [, conversation, activityId] = ACTIVITIES.exec(path) ?? [];
  if (conversation === undefined) return null;
  const decoded = { conversation: decodeSegment(conversation), activityId: decodeSegment(activityId ?? '') };
  if (method === 'POST' && activityId === undefined) return { route: 'send', ...decoded };
  if (activityId === undefined) return null;
  if (method === 'PUT') return { route: 'update', ...decoded };
  return method === 'DELETE' ? { route: 'delete', ...decoded } : null;
}

export function readRoom(request: JsonObject): Room | null {
  const channelData = isJsonObject(request['channelData']) ? request['channelData'] : {};
  const tenantId = request['tenantId'] ?? nestedId(channelData['tenant']);
  const named = { tenantId: typeof tenantId === 'string' && tenantId !== '' ? tenantId : null };
  const channel = nestedId(channelData['channel']);
  if (request['isGroup'] === true && channel !== null) return { isGroup: true, member: channel, ...named };
  const { members } = request;
  if (!Array.isArray(members) || members.length !== 1) return null;
  const member = nestedId(members[0]);
  return member === null ? null : { isGroup: false, member, ...named };
}

function nestedId(value: unknown): string | null {
  return isJsonObject(value) && typeof value['id'] === 'string' && value['id'] !== '' ? value['id'] : null;
}

export function checkActivity(activity: JsonObject, body: string): Answer | null {
  if (typeof activity['type'] !== 'string') return badSyntax("Activity must include 'type'.");
  if (activity['type'] === 'message' && !hasText(activity) && !hasAttachments(activity)) {
    return badSyntax("Activity must include non empty 'text' field or at least 1 attachment.");
  }
  return isTooBig(activity, body) ? tooBig : null;
}

/** Measured in UTF-16 over the whole message, pictures inlined as base64 left out. */
function isTooBig(activity: JsonObject, body: string): boolean {
  if (body.length * 2 <= MESSAGE_BYTES) return false;
  const counted = JSON.stringify(activity).replace(/data:image\/[^"]*/g, '');
  return counted.length * 2 > MESSAGE_BYTES;
}

export function isSplit(activity: JsonObject): boolean {
  return activity['type'] === 'message' && hasText(activity) && hasAttachments(activity);
}

function hasText({ text }: JsonObject): boolean {
  return typeof text === 'string' && text !== '';
}

function hasAttachments({ attachments }: JsonObject): boolean {
  return Array.isArray(attachments) && attachments.length > 0;
}
