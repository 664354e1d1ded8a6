import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { findJsonFault } from '../../model/json-guard.ts';
import type { Content, Parameters } from '../../model/message.ts';
import type { Recipient } from '../../model/notification.ts';
import { parsePayload } from '../../render/message.ts';
import { MAX_PARAMETER_CHARS, MAX_PARAMETERS } from '../accept/asked.ts';
import type { ChannelCatalog, ChannelFacts } from '../accept/channel-catalog.ts';
import type { KoreAsked } from './asked.ts';
import {
  invalid,
  readBody,
  readChannel,
  readConnectionName,
  readIdentityList,
  readMessageField,
  refuseUnknown,
  show,
} from './fields.ts';

const BODY_KEYS = ['channel', 'webhookInstanceName', 'userIdentityType', 'message', 'content', 'identities'];

/** Reads a `/notifyV2` body. It documents that no unknown property is taken, at any level. */
export function parseV2(value: Json, channels: ChannelCatalog): KoreAsked {
  const body = readBody(value);
  refuseUnknown(body, BODY_KEYS, '');
  const { channel, channelSpelling } = readChannel(body, channels);
  checkIdentityType(body);
  const connectionName = readConnectionName(body, channel);
  const message = readMessageField(body, ['text', 'template', 'script'], true);
  const recipients = readIdentityList(body).map((item, seq) => readRecipient(item, seq, channel, message));
  return { channel, channelSpelling, connectionName, resolve: true, message, recipients };
}

function checkIdentityType(body: JsonObject): void {
  const type = body['userIdentityType'];
  if (type !== undefined && type !== 'resolve') throw invalid('userIdentityType', 'use "resolve" or leave it out');
}

function readRecipient(item: Json, seq: number, channel: ChannelFacts, message: Content): Recipient {
  if (!isJsonObject(item)) throw invalid(`identities[${seq}]`, `must be an object with ${channel.identityKey}`);
  for (const key in item) {
    if (key !== channel.identityKey && key !== 'customMessage' && key !== 'parameters') {
      throw invalid(`identities[${seq}]`, `unknown property ${show(key)}; ${channel.id} takes ${channel.identityKey}`);
    }
  }
  const identity = item[channel.identityKey];
  if (typeof identity !== 'string') throw invalid(`identities[${seq}].${channel.identityKey}`, 'must be a string');
  return {
    seq,
    identity,
    customMessage: readCustomMessage(item['customMessage'], seq, message),
    parameters: readParameters(item['parameters'], seq),
    attempts: 0,
    maybeSent: false,
  };
}

/** An empty one counts as none: Kore sends the common message then. */
function readCustomMessage(custom: Json | undefined, seq: number, message: Content): string | null {
  if (custom === undefined || custom === '') return null;
  const path = `identities[${seq}].customMessage`;
  if (typeof custom !== 'string') throw invalid(path, 'must be a string');
  const payload = message.type === 'text' ? null : parsePayload(custom);
  const fault = payload === null ? null : findJsonFault(payload);
  if (fault !== null) throw invalid(path, `the JSON in it is refused: ${fault}`);
  return custom;
}

function readParameters(parameters: Json | undefined, seq: number): Parameters | null {
  if (parameters === undefined) return null;
  const path = `identities[${seq}].parameters`;
  if (!isJsonObject(parameters)) throw invalid(path, 'must be an object');
  const entries = Object.entries(parameters);
  if (entries.length > MAX_PARAMETERS)
    throw invalid(path, `holds ${entries.length}; at most ${MAX_PARAMETERS} are taken`);
  if (entries.length === 0) return null;

  const checked: Record<string, string> = {};
  for (const [name, value] of entries) {
    if (typeof value !== 'string') throw invalid(`${path}.${name.slice(0, 64)}`, 'must be a string');
    if (value.length > MAX_PARAMETER_CHARS) {
      throw invalid(
        `${path}.${name.slice(0, 64)}`,
        `has ${value.length} characters; at most ${MAX_PARAMETER_CHARS} are taken`,
      );
    }
    checked[name] = value;
  }
  return checked;
}
