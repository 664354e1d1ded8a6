import { isJsonObject, type Json } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import type { Address } from '../../model/outcome.ts';

/** Who is written to: a space, or a user whose direct message with the app has yet to be found. */
export type Target =
  | { readonly kind: 'space'; readonly space: string }
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'nobody' };

export const MAX_MESSAGE_BYTES = 32_000;

/** Ids go into the path of a URL, so nothing else may be in them. */
const SPACE = /^(?:spaces\/)?([\w-]{1,200})$/;
const USER = /^users\/[^/\s]{1,320}$/;

/** The space that an earlier send learned goes before the id it was learned for. */
export function locate({ channelId, reference }: Address): Target {
  const known = readTarget(reference?.['conversationId'] ?? '');
  return known.kind === 'space' ? known : readTarget(channelId);
}

export function readTarget(id: string): Target {
  const trimmed = id.trim();
  const space = SPACE.exec(trimmed)?.[1];
  if (space !== undefined) return { kind: 'space', space: `spaces/${space}` };
  return USER.test(trimmed) && trimmed.isWellFormed() ? { kind: 'user', user: trimmed } : { kind: 'nobody' };
}

/**
 * Of the new message only its name is asked for: Google echoes the text three times over, and an answer cut off at what
 * is read of one could not be told from a lost one.
 */
export function messagesUrl(apiUrl: string, space: string, requestId: string): string {
  return `${apiUrl}v1/${space}/messages?requestId=${encodeURIComponent(requestId)}&fields=name`;
}

export function findDirectMessageUrl(apiUrl: string, user: string): string {
  return `${apiUrl}v1/spaces:findDirectMessage?name=${encodeURIComponent(user)}&fields=name`;
}

/** Reads next to nothing, and only with a good account of a configured app. */
export function checkUrl(apiUrl: string): string {
  return `${apiUrl}v1/spaces?pageSize=1&fields=spaces/name`;
}

/** `ms-<uuid>` is the same on every attempt, and so is its UUID. */
export function requestIdOf(key: string): string {
  return key.replace(/^ms-/, '');
}

/** A native payload passes as it is: what a caller may not set, such as the sender, Google ignores. */
export function writeMessage(message: Message): string {
  return JSON.stringify(message.type === 'text' ? { text: message.text.toWellFormed() } : message.payload);
}

/** True when a body is too long however Google counts: by the letters of its texts alone. It judges what is close to it. */
export function isCertainlyTooLong(message: Message, body: string): boolean {
  if (Buffer.byteLength(body) <= MAX_MESSAGE_BYTES) return false;
  return countTextBytes(message.type === 'text' ? message.text : message.payload) > MAX_MESSAGE_BYTES;
}

function countTextBytes(value: Json): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  const items = Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
  return items.reduce<number>((bytes, item) => bytes + countTextBytes(item), 0);
}
