import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { Content } from '../../model/message.ts';
import { type MessageType, readMessage } from '../../render/message.ts';
import { type Asked, MAX_IDENTITIES } from '../accept/asked.ts';
import type { ChannelCatalog, ChannelFacts } from '../accept/channel-catalog.ts';
import { Fault } from '../faults.ts';

/** Refuses a body; `path` is the field, `what` says what is wrong and what would be right. */
export function invalid(path: string, what: string): Fault {
  return new Fault('body_invalid', `${path}: ${what}`);
}

export function readBody(value: Json): JsonObject {
  if (!isJsonObject(value)) throw invalid('body', 'must be a JSON object');
  return value;
}

export function readChannel(body: JsonObject, channels: ChannelCatalog): Pick<Asked, 'channel' | 'channelSpelling'> {
  const spelling = body['channel'];
  if (typeof spelling !== 'string')
    throw invalid('channel', `${lack(spelling)}; use one of ${channels.ids.join(', ')}`);
  const channel = channels.find(spelling);
  if (channel === null) throw invalid('channel', `${show(spelling)} is unknown; use one of ${channels.ids.join(', ')}`);
  return { channel, channelSpelling: spelling };
}

export function readConnectionName(body: JsonObject, channel: ChannelFacts): string | null {
  const name = body['webhookInstanceName'];
  if (name === undefined) return null;
  if (!channel.named)
    throw invalid('webhookInstanceName', `only webhooks have a name, ${channel.id} is none; leave it out`);
  if (typeof name !== 'string' || name === '') throw invalid('webhookInstanceName', 'must be a non-empty string');
  return name;
}

/** Every spelling the documentation ever used: `message` or `content`, holding `val` or `value`. */
export function readMessageField(body: JsonObject, types: readonly MessageType[], isStrict: boolean): Content {
  const field = oneOf(body, ['message', 'content'], '');
  const source = body[field];
  if (!isJsonObject(source)) throw invalid(field, `${lack(source)}; send an object with type and value`);
  if (isStrict) refuseUnknown(source, ['type', 'val', 'value'], field);

  const type = types.find((known) => known === source['type']);
  if (type === undefined) throw invalid(`${field}.type`, `must be one of ${types.join(', ')}`);
  const valueKey = oneOf(source, ['val', 'value'], `${field}.`);
  const reading = readMessage(type, source[valueKey]);
  if (!reading.ok) throw invalid(`${field}.${valueKey}`, reading.fault);
  return reading.message;
}

export function readIdentityList(body: JsonObject): readonly Json[] {
  const list = body['identities'];
  if (!Array.isArray(list)) throw invalid('identities', `${lack(list)}; send an array of 1 to ${MAX_IDENTITIES}`);
  if (list.length === 0) throw invalid('identities', `is empty; send 1 to ${MAX_IDENTITIES}`);
  if (list.length > MAX_IDENTITIES) {
    throw invalid('identities', `holds ${list.length}; send at most ${MAX_IDENTITIES} in one request`);
  }
  return list;
}

export function refuseUnknown(object: JsonObject, known: readonly string[], path: string): void {
  for (const key of Object.keys(object)) {
    if (!known.includes(key))
      throw invalid(path || 'body', `unknown property ${show(key)}; known are ${known.join(', ')}`);
  }
}

/** Two spellings of one thing in one body would mean two things. */
function oneOf(object: JsonObject, spellings: readonly [string, string], path: string): string {
  const [first, second] = spellings;
  if (!Object.hasOwn(object, second)) return first;
  if (Object.hasOwn(object, first)) throw invalid(`${path}${first}`, `also given as ${second}; send one of the two`);
  return second;
}

function lack(value: Json | undefined): string {
  return value === undefined ? 'is missing' : 'has the wrong type';
}

export function show(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
