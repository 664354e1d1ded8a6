import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import type { MessageFault } from '../contract.ts';
import { CONTENTS, INTERACTIVES, MAX_ROWS, MEDIA_TYPES } from './shapes.ts';

/** Why WhatsApp would refuse the message whoever it went to; null: nothing found. What is not documented passes. */
export function inspect(message: Message): MessageFault | null {
  if (message.type === 'native') return inspectPayload(message.payload);
  return inspectPayload({ type: 'text', text: { body: message.text } });
}

function inspectPayload(payload: JsonObject): MessageFault | null {
  // The API takes a message without a type for a text.
  const { type = 'text' } = payload;
  if (typeof type !== 'string') return invalid('type', 'must be a text such as template or image');
  const shape = Object.hasOwn(CONTENTS, type) ? CONTENTS[type] : undefined;
  if (shape === undefined) return null;
  const content = readContent(payload[type]);
  if (content === undefined) return invalid(type, `is missing, and the type is ${type}`);
  return checkShape(shape, content, type) ?? (isJsonObject(content) ? inspectContent(type, content) : null);
}

/** The Graph API takes JSON text for an object or a list; a widely used client sends contacts so. */
function readContent(content: Json | undefined): Json | undefined {
  if (typeof content !== 'string') return content;
  try {
    return JSON.parse(content);
  } catch {
    return content;
  }
}

function inspectContent(type: string, content: JsonObject): MessageFault | null {
  if (type === 'template') return inspectParameters(content);
  if (type === 'interactive') return inspectInteractive(content);
  if (!MEDIA_TYPES.has(type)) return null;
  const hasOne = (content['link'] === undefined) !== (content['id'] === undefined);
  return hasOne ? null : invalid(type, 'needs either a link or an id');
}

function inspectParameters({ components }: JsonObject): MessageFault | null {
  for (const [index, component] of listOf(components).entries()) {
    for (const [place, { text }] of listOf(component['parameters']).entries()) {
      if (typeof text !== 'string' || !/[\n\r\t]| {5}/.test(text)) continue;
      const path = `template.components[${index}].parameters[${place}].text`;
      return invalid(path, 'a parameter has no line breaks, tabs or more than four spaces in a row');
    }
  }
  return null;
}

function inspectInteractive(interactive: JsonObject): MessageFault | null {
  const { type, action } = interactive;
  const shape = typeof type === 'string' && Object.hasOwn(INTERACTIVES, type) ? INTERACTIVES[type] : undefined;
  const fault = shape === undefined ? null : checkShape(shape, interactive, 'interactive');
  if (fault !== null || type !== 'list' || !isJsonObject(action)) return fault;
  const rows = listOf(action['sections']).reduce((sum, section) => sum + listOf(section['rows']).length, 0);
  return rows <= MAX_ROWS
    ? null
    : invalid('interactive.action.sections', `have ${rows} rows; WhatsApp takes at most ${MAX_ROWS}`);
}

/** The first fault, by its path below `root`. */
function checkShape(shape: TSchema, value: Json, root: string): MessageFault | null {
  if (Value.Check(shape, value)) return null;
  const [error] = Value.Errors(shape, value);
  if (error === undefined) return invalid(root, 'is not as WhatsApp documents it');
  const steps = error.instancePath.split('/').slice(1);
  const path = steps.reduce((done, step) => done + (/^\d+$/.test(step) ? `[${step}]` : `.${step}`), root);
  switch (error.keyword) {
    case 'required':
      return invalid(`${path}.${error.params.requiredProperties[0]}`, 'is missing');
    case 'type':
      return invalid(path, `must be ${NAMES[String(error.params.type)] ?? error.params.type}`);
    case 'const':
      return invalid(path, `must be ${error.params.allowedValue}`);
    case 'pattern':
      return invalid(path, 'must be a URL that begins with http:// or https://');
    case 'minLength':
    case 'minItems':
      return invalid(path, 'is empty');
    case 'maxLength': {
      const detail = `${path}: has more than the ${error.params.limit} characters that WhatsApp takes`;
      return { reason: 'message_too_large', detail };
    }
    case 'maxItems':
      return invalid(path, `has more than ${error.params.limit} entries`);
    default:
      return invalid(path, error.message);
  }
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  object: 'an object',
  array: 'a list',
  boolean: 'true or false',
};

function invalid(path: string, what: string): MessageFault {
  return { reason: 'message_invalid', detail: `${path}: ${what}` };
}

function listOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
