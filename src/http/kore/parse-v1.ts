import type { Json, JsonObject } from '../../model/json.ts';
import type { Recipient } from '../../model/notification.ts';
import type { ChannelCatalog } from '../accept/channel-catalog.ts';
import type { KoreAsked } from './asked.ts';
import { invalid, readBody, readChannel, readConnectionName, readIdentityList, readMessageField } from './fields.ts';

/** Reads a `/notify` body. Properties it does not know are ignored, as old callers may send them. */
export function parseV1(value: Json, channels: ChannelCatalog): KoreAsked {
  const body = readBody(value);
  const { channel, channelSpelling } = readChannel(body, channels);
  return {
    channel,
    channelSpelling,
    connectionName: channel.named ? readConnectionName(body, channel) : null,
    resolve: readResolve(body),
    message: readMessageField(body, ['text', 'script'], false),
    recipients: readIdentityList(body).map(readRecipient),
  };
}

/** `donotresolve` is from the earliest documentation: the identities are channel ids already. */
function readResolve(body: JsonObject): boolean {
  const type = body['userIdentityType'];
  if (type === 'resolve') return true;
  if (type === 'donotresolve') return false;
  throw invalid(
    'userIdentityType',
    `${type === undefined ? 'is missing' : 'is unknown'}; use "resolve" or "donotresolve"`,
  );
}

function readRecipient(identity: Json, seq: number): Recipient {
  if (typeof identity !== 'string') throw invalid(`identities[${seq}]`, 'must be a string');
  return { seq, identity, customMessage: null, parameters: null, attempts: 0, maybeSent: false };
}
