import type { JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';

/** The fields that say who is written to: a phone number, or somebody known by a business-scoped user id only. */
export type Target = { readonly to: string } | { readonly recipient: string };

export const MAX_TEXT_LENGTH = 4096;

const PHONE_NUMBER = /^\+?(\d{5,15})$/;
const USER_ID = /^[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,128}$/;

/** Null when it is neither kind of address. Without a plus, WhatsApp may put the business's own country before a number. */
export function readTarget(id: string): Target | null {
  const trimmed = id.trim();
  const digits = PHONE_NUMBER.exec(trimmed)?.[1];
  if (digits !== undefined) return { to: `+${digits}` };
  return USER_ID.test(trimmed) ? { recipient: trimmed } : null;
}

/** A native payload is any message object; who gets it, and the data that come back with it, are ours to say. */
export function writeMessage(message: Message, target: Target, key: string): string {
  const { to: _to, recipient: _recipient, ...content } = toContent(message);
  return JSON.stringify({
    ...content,
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    ...target,
    biz_opaque_callback_data: key,
  });
}

function toContent(message: Message): JsonObject {
  if (message.type === 'native') return message.payload;
  return { type: 'text', text: { body: message.text.toWellFormed(), preview_url: false } };
}

export function isTooLong(message: Message): boolean {
  if (message.type !== 'text' || message.text.length <= MAX_TEXT_LENGTH) return false;
  return [...message.text].length > MAX_TEXT_LENGTH;
}
