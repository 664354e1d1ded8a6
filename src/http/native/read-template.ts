import type { Message } from '../../model/message.ts';
import type { Template, TemplateParameter } from '../../model/template.ts';
import { canonicalTag } from '../../render/languages.ts';
import { readMessage } from '../../render/message.ts';
import { findValueFault } from '../../render/parameters.ts';
import { tokensOf } from '../../render/tokens.ts';
import type { ChannelCatalog } from '../accept/channel-catalog.ts';
import { escapeKey } from '../contract/explain.ts';
import type { TemplateBody } from './template-body.ts';
import { show, wrong } from './wrong.ts';

/** What a definition that fits its schema says; refuses what no schema can say. */
export function readTemplate(body: TemplateBody, channels: ChannelCatalog): Template {
  const { parameters = {} } = body;
  for (const [name, parameter] of Object.entries(parameters)) checkParameter(name, parameter);
  const template = toTemplate(body);
  for (const [tag, { message, channels: others }] of Object.entries(template.variants)) {
    const place = `/variants/${tag}`;
    const usual = canonicalTag(tag);
    if (usual === null) throw wrong(`/variants/${escapeKey(tag)}`, 'is no language tag, such as en or pt-BR');
    if (usual !== tag) throw wrong(`/variants/${escapeKey(tag)}`, `must be written as ${usual}`);
    checkMessage(message, `${place}/message`, parameters);
    for (const [channel, own] of Object.entries(others)) {
      const where = `${place}/channels/${escapeKey(channel)}`;
      if (!channels.ids.includes(channel)) {
        throw wrong(where, `is no channel; use ids of ${channels.ids.join(', ')}`);
      }
      checkMessage(own, where, parameters);
    }
  }
  if (!Object.hasOwn(template.variants, template.default)) {
    throw wrong('/default', `must be one of the variants: ${Object.keys(template.variants).join(', ')}`);
  }
  return template;
}

/** Of a definition that was read before. */
export function toTemplate({ parameters = {}, variants, default: tag }: TemplateBody): Template {
  const read = Object.entries(variants).map(([name, { message, channels = {} }]) => {
    const others = Object.entries(channels).map(([channel, own]) => [channel, messageOf(own)] as const);
    return [name, { message: messageOf(message), channels: Object.fromEntries(others) }] as const;
  });
  return { parameters, variants: Object.fromEntries(read), default: tag };
}

type Says = TemplateBody['variants'][string]['message'];

const messageOf = (says: Says): Message =>
  says.type === 'text' ? { type: 'text', text: says.val } : { type: 'native', payload: says.payload };

/** As a token may name it: what would be no token, or a part of another, names nothing. */
const PARAMETER_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;

function checkParameter(name: string, parameter: TemplateParameter): void {
  const place = `/parameters/${escapeKey(name)}`;
  if (!PARAMETER_NAME.test(name)) {
    throw wrong(place, 'must begin with a letter and go on with letters, digits, _, . and -; 64 at most');
  }
  for (const [index, value] of (parameter.enum ?? []).entries()) {
    const fault = findValueFault(parameter, value);
    if (fault !== null) throw wrong(`${place}/enum/${index}`, fault);
  }
  const fault = parameter.default === undefined ? null : findValueFault(parameter, parameter.default);
  if (fault !== null) throw wrong(`${place}/default`, fault);
  if (parameter.required && parameter.default !== undefined) {
    throw wrong(`${place}/required`, 'what has a default is never missing: leave out one of them');
  }
}

function checkMessage(message: Message, place: string, parameters: TemplateBody['parameters'] = {}): void {
  if (message.type === 'text') {
    const reading = readMessage('text', message.text);
    if (!reading.ok) throw wrong(`${place}/val`, reading.fault);
  }
  const undeclared = tokensOf(message).find((name) => !Object.hasOwn(parameters, name));
  if (undeclared === undefined) return;
  throw wrong(
    place,
    `holds the token ${show(`{${undeclared}}`)}, which is not among the parameters: declare it, or leave out its braces`,
  );
}
