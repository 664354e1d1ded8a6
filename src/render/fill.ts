import type { Content, Message, Parameters } from '../model/message.ts';
import { parsePayload } from './message.ts';
import { asItIs, compileTemplate, type Escape, type Template } from './template.ts';

/**
 * What one recipient is sent: their own message if they have one, else everybody's, with `{name}` tokens filled from
 * their parameters. Runs once per recipient; the very same object comes back when there is nothing to fill.
 */
export function fillMessage(
  message: Message,
  customMessage: string | null,
  parameters: Parameters | null,
  escapeValue: Escape = asItIs,
): Message {
  if (customMessage !== null) return fillCustom(message, customMessage, parameters, escapeValue);
  return parameters === null ? message : sharedTemplateOf(message).fill(parameters, escapeValue);
}

/** A recipient's own JSON takes the place of a native message or a script; in the place of a text it stays a text. */
export function fillCustom(
  content: Content,
  customMessage: string,
  parameters: Parameters | null,
  escapeValue: Escape = asItIs,
): Message {
  const payload = content.type === 'text' ? null : parsePayload(customMessage);
  const custom: Message = payload === null ? { type: 'text', text: customMessage } : { type: 'native', payload };
  return parameters === null ? custom : compileTemplate(custom).fill(parameters, escapeValue);
}

const shared = new WeakMap<Message, Template>();

/** Everybody's message is compiled once, as long as its object lives. */
function sharedTemplateOf(message: Message): Template {
  const known = shared.get(message);
  if (known !== undefined) return known;
  const template = compileTemplate(message);
  shared.set(message, template);
  return template;
}
