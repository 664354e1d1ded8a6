import type { Json, JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';

/** The fields that say who is written to: a phone number, or somebody known by a business-scoped user id only. */
export type Target = { readonly to: string } | { readonly recipient: string };

const PHONE_NUMBER = /^\+?(\d{5,15})$/;
const PHONE_DIGITS = /^\d{5,15}$/;
const USER_ID = /^[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,128}$/;

/** A number as WhatsApp itself writes it, without a plus. */
export const isPhoneDigits = (value: Json | undefined): value is string =>
  typeof value === 'string' && PHONE_DIGITS.test(value);

/** What stands for somebody of whom a business may not see the number. */
export const isUserId = (value: Json | undefined): value is string => typeof value === 'string' && USER_ID.test(value);

/** Null when it is neither kind of address. Without a plus, WhatsApp may put the business's own country before a number. */
export function readTarget(id: string): Target | null {
  const trimmed = id.trim();
  const digits = PHONE_NUMBER.exec(trimmed)?.[1];
  if (digits !== undefined) return { to: `+${digits}` };
  return isUserId(trimmed) ? { recipient: trimmed } : null;
}

/** A native payload is any message object; who gets it, and the data that come back with its receipts, are ours to say. */
export function writeMessage(message: Message, target: Target, callbackData: string): string {
  const { to: _to, recipient: _recipient, ...content } = toContent(message);
  return JSON.stringify({
    ...content,
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    ...target,
    biz_opaque_callback_data: callbackData,
  });
}

function toContent(message: Message): JsonObject {
  if (message.type === 'native') return message.payload;
  return { type: 'text', text: { body: message.text.toWellFormed(), preview_url: false } };
}
