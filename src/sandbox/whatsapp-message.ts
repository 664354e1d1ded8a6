import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { Answer } from './provider.ts';
import * as refusal from './whatsapp-errors.ts';
import { refuseTemplate } from './whatsapp-templates.ts';

export interface WhatsappRecipient {
  /** As the caller wrote it. */
  readonly input: string;
  /** The digits of a number, or a user id: who it is in the ledger. */
  readonly name: string;
  readonly isUserId: boolean;
}

export interface WhatsappMessage {
  readonly type: string;
  /** A text's body or a caption; null when there is none. */
  readonly text: string | null;
}

const MAX_TEXT = 4096;
const MAX_CAPTION = 1024;
const USER_ID = /^[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,128}$/;
const MEDIA = ['image', 'video', 'document', 'audio', 'sticker'];
const OTHERS = ['interactive', 'location', 'contacts', 'reaction'];

/** Whom a message is for; a number goes before a user id. Null when there is neither. */
export function readRecipient({ to, recipient }: JsonObject): WhatsappRecipient | null {
  if (typeof to === 'string' || typeof to === 'number') {
    const name = String(to).replace(/[+\s().-]/g, '');
    return /^\d{5,15}$/.test(name) ? { input: String(to), name, isUserId: false } : null;
  }
  if (typeof recipient !== 'string' || !USER_ID.test(recipient)) return null;
  return { input: recipient, name: recipient, isUserId: true };
}

/** What a message says, or why it cannot be sent. */
export function readMessage(given: JsonObject): WhatsappMessage | { readonly refusal: Answer } {
  const type = given['type'] ?? 'text';
  if (given['messaging_product'] !== 'whatsapp') return no(refusal.badParameter('messaging_product must be whatsapp.'));
  if (typeof type !== 'string') return no(refusal.badParameter("Parameter 'type' must be a text."));
  const isKnown = type === 'text' || type === 'template' || MEDIA.includes(type) || OTHERS.includes(type);
  if (!isKnown) return no(refusal.typeUnsupported(`Message type ${type} is not supported.`));
  const callbackData = given['biz_opaque_callback_data'];
  if (typeof callbackData === 'string' && callbackData.length > 512) {
    return no(refusal.badParameter("Parameter 'biz_opaque_callback_data' is longer than 512 characters."));
  }
  const content = readContent(given[type]);
  if (type === 'contacts' && Array.isArray(content)) return { type, text: null };
  if (!isJsonObject(content)) return no(refusal.parameterMissing(`Parameter '${type}' is missing.`));
  const refused = refuseContent(type, content);
  return refused === null ? { type, text: textOf(type, content) } : no(refused);
}

/** The Graph API takes JSON text where it documents an object or a list. */
function readContent(content: Json | undefined): Json | undefined {
  if (typeof content !== 'string') return content;
  try {
    return JSON.parse(content);
  } catch {
    return content;
  }
}

function refuseContent(type: string, content: JsonObject): Answer | null {
  if (type === 'text') return refuseText(content);
  if (type === 'template') return refuseTemplate(content);
  return MEDIA.includes(type) ? refuseMedia(type, content) : null;
}

function refuseText({ body }: JsonObject): Answer | null {
  if (typeof body !== 'string' || body === '') return refusal.parameterMissing("Parameter 'text.body' is missing.");
  if ([...body].length <= MAX_TEXT) return null;
  return refusal.badParameter(`Param text['body'] must be at most ${MAX_TEXT} characters long.`);
}

function refuseMedia(type: string, { link, id, caption }: JsonObject): Answer | null {
  if ((link === undefined) === (id === undefined)) {
    return refusal.badParameter(`Exactly one of ${type}.link and ${type}.id must be given.`);
  }
  if (link !== undefined && !(typeof link === 'string' && /^https?:\/\/\S+$/.test(link))) {
    return refusal.valueInvalid(`${type}.link is not a valid URI.`);
  }
  const isLong = typeof caption === 'string' && [...caption].length > MAX_CAPTION;
  return isLong ? refusal.badParameter(`${type}.caption must be at most ${MAX_CAPTION} characters long.`) : null;
}

function textOf(type: string, { body, caption }: JsonObject): string | null {
  const text = type === 'text' ? body : caption;
  return typeof text === 'string' ? text : null;
}

function no(answer: Answer): { readonly refusal: Answer } {
  return { refusal: answer };
}
