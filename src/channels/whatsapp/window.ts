import { isJsonObject, type Json } from '../../model/json.ts';
import type { Message, NativeMessage } from '../../model/message.ts';
import type { Address } from '../../model/outcome.ts';
import type { WindowTemplate } from './settings.ts';

/** A message that is on its way when the 24 hours end must not come too late. */
const MARGIN_MS = 60_000;
const WINDOW_MS = 24 * 60 * 60_000 - MARGIN_MS;

/** Whether this person, as far as we were told, wrote to us within 24 hours, so that anything may be sent. `now` is epoch ms. */
export function isWindowOpen({ reference }: Address, now: number): boolean {
  const heardAt = reference?.['heardAt'];
  return heardAt !== undefined && /^\d{1,15}$/.test(heardAt) && now - Number(heardAt) < WINDOW_MS;
}

/**
 * The message as the configured template. Null when it cannot be said by it: it is a template already, or holds no
 * text for the template's parameter (an image without a caption). With a text, only the text is left of it.
 */
export function asTemplate(message: Message, template: WindowTemplate): NativeMessage | null {
  if (message.type === 'native' && message.payload['type'] === 'template') return null;
  const { name, language, takesText, parameterName } = template;
  const bare = { name, language: { code: language } };
  if (!takesText) return { type: 'native', payload: { type: 'template', template: bare } };
  const text = flatten(textOf(message));
  if (text === '') return null;
  const parameter = { type: 'text', ...(parameterName === undefined ? {} : { parameter_name: parameterName }), text };
  const components = [{ type: 'body', parameters: [parameter] }];
  return { type: 'native', payload: { type: 'template', template: { ...bare, components } } };
}

/** A template's parameter may hold no line break, no tab and no more than four spaces in a row. */
export function flatten(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** The text of the message, or what stands under its picture or above its buttons. */
function textOf(message: Message): string {
  if (message.type === 'text') return message.text.toWellFormed();
  const { payload } = message;
  const { type = 'text' } = payload;
  const content = typeof type === 'string' ? payload[type] : undefined;
  if (!isJsonObject(content)) return '';
  return [content['body'], content['caption'], inner(content['body'])].find((text) => typeof text === 'string') ?? '';
}

const inner = (body: Json | undefined): Json | undefined => (isJsonObject(body) ? body['text'] : undefined);
