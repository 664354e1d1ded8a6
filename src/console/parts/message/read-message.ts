import type { NativeMessage, TextMessage } from '../../../client/send-documents.ts';
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts';
import { firstMessage, type MessageDraft } from './forms.ts';

/** A message as it was sent or kept, in the form it can be written in on this channel. */
export function readMessage(message: TextMessage | NativeMessage, channel: string): MessageDraft {
  const empty = firstMessage(channel, '');
  if (message.type === 'text') return { ...empty, form: 'text', text: message.val };
  const { payload } = message;
  const json = JSON.stringify(payload, null, 2);
  if (channel === 'email' && isPlainMail(payload)) {
    const [subject, text, html] = [payload['subject'], payload['text'], payload['html']].map(textOf);
    return { ...empty, form: 'mail', json, mail: { subject: subject ?? '', text: text ?? '', html: html ?? '' } };
  }
  const approved = channel === 'whatsapp' ? readApproved(payload) : null;
  return approved === null ? { ...empty, form: 'json', json } : { ...empty, form: 'approved', json, approved };
}

const isPlainMail = (payload: JsonObject): boolean =>
  Object.entries(payload).every(([key, value]) => MAIL.has(key) && typeof value === 'string');

const MAIL: ReadonlySet<string> = new Set(['subject', 'text', 'html']);

/** Null: there is more to it than the form has fields for. */
function readApproved({ type, template, ...others }: JsonObject): MessageDraft['approved'] | null {
  if (type !== 'template' || !isJsonObject(template) || Object.keys(others).length > 0) return null;
  const { name, language, components = [], ...more } = template;
  if (!isJsonObject(language) || !Array.isArray(components) || Object.keys(more).length > 0) return null;
  const [body = { type: 'body', parameters: [] }, ...further] = components;
  if (!isJsonObject(body) || body['type'] !== 'body' || further.length > 0) return null;
  const parameters = Array.isArray(body['parameters']) ? body['parameters'].filter(isJsonObject) : [];
  const values = parameters.map(({ text }) => textOf(text));
  if (values.some((value) => value === '' || value.includes('\n'))) return null;
  return { name: textOf(name), language: textOf(language['code']), values: values.join('\n') };
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
