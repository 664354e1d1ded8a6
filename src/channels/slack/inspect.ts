import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import type { MessageFault } from '../contract.ts';
import { BLOCKS } from './block-kit.ts';
import { type Check, checkLength, invalid, list, object } from './shape.ts';

/** Beyond it Slack cuts, and half a message is none. */
const MAX_TEXT = 40_000;
const MAX_MARKDOWN = 12_000;
const MAX_ATTACHMENTS = 100;

/** What chat.postMessage is documented to refuse, or to cut, whoever it goes to. */
export function inspectMessage(message: Message): MessageFault | null {
  if (message.type === 'text') return message.text === '' ? NO_TEXT : checkLength(message.text, MAX_TEXT, 'text');
  const { payload } = message;
  return (
    inspectText(payload) ??
    inspectMarkdown(payload) ??
    inspectList(payload, 'blocks', BLOCKS) ??
    inspectList(payload, 'attachments', ATTACHMENTS) ??
    inspectPresence(payload)
  );
}

const NO_TEXT = invalid('text', 'is missing, and so are blocks and attachments.');

const ATTACHMENTS: Check = list(MAX_ATTACHMENTS, object({}, { blocks: BLOCKS }), 0);

function inspectText({ text }: JsonObject): MessageFault | null {
  if (text === undefined || text === null) return null;
  return typeof text === 'string' ? checkLength(text, MAX_TEXT, 'text') : invalid('text', 'must be a text.');
}

function inspectMarkdown(payload: JsonObject): MessageFault | null {
  const markdown = payload['markdown_text'];
  if (isAbsent(markdown)) return null;
  if (typeof markdown !== 'string') return invalid('markdown_text', 'must be a text.');
  const beside = ['text', 'blocks'].find((key) => !isAbsent(payload[key]));
  if (beside !== undefined) return invalid('markdown_text', `cannot stand beside ${beside}.`);
  return checkLength(markdown, MAX_MARKDOWN, 'markdown_text');
}

function inspectList(payload: JsonObject, key: string, check: Check): MessageFault | null {
  const value = payload[key];
  return isAbsent(value) ? null : check(parsed(value), key);
}

function inspectPresence(payload: JsonObject): MessageFault | null {
  return ['text', 'markdown_text', 'blocks', 'attachments'].every((key) => isEmpty(payload[key])) ? NO_TEXT : null;
}

/** Slack takes lists as JSON text too. */
function parsed(value: Json | undefined): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

const isAbsent = (value: Json | undefined): boolean => value === undefined || value === null || value === '';

function isEmpty(value: Json | undefined): boolean {
  const list = parsed(value);
  if (Array.isArray(list)) return list.every((item) => isJsonObject(item) && Object.keys(item).length === 0);
  return isAbsent(value);
}
