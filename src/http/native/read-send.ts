import type { Content, Parameters } from '../../model/message.ts';
import type { Recipient } from '../../model/notification.ts';
import type { Connection, Tenancy } from '../../model/tenancy.ts';
import { parsePayload, readMessage } from '../../render/message.ts';
import { type Addressed, MAX_PARAMETERS } from '../accept/asked.ts';
import type { ChannelCatalog, ChannelFacts } from '../accept/channel-catalog.ts';
import { Fault } from '../faults.ts';
import { readTiming } from './read-timing.ts';
import { IDENTITY_KEYS, type RecipientBody, type SendBody } from './send-body.ts';

export interface ReadSendParts {
  readonly botId: string;
  readonly tenancy: Tenancy;
  readonly channels: ChannelCatalog;
  readonly now: number;
}

/** What a body that fits its schema asks for; refuses what no schema can say. */
export function readSend(body: SendBody, parts: ReadSendParts): Addressed {
  const channel = parts.channels.find(body.channel);
  if (channel === null) {
    throw wrong('/channel', `${show(body.channel)} is unknown; use one of ${parts.channels.ids.join(', ')}`);
  }
  const connection = findConnection(channel, body.connection ?? null, parts);
  const message = readContent(body.message);
  const recipients = body.recipients.map((recipient, seq) =>
    readRecipient(recipient, seq, { ...body, channel, message }),
  );
  const timing = readTiming(body, parts.now);
  return {
    channel,
    channelSpelling: body.channel,
    connection,
    resolve: true,
    message,
    recipients,
    ...(body.priority && { lane: body.priority }),
    ...timing,
  };
}

function findConnection(channel: ChannelFacts, named: string | null, { botId, tenancy }: ReadSendParts): Connection {
  const byName = tenancy.connection(botId, channel.id, named);
  if (byName !== null) return byName;
  if (named === null) throw wrong('/channel', `${channel.id} is not configured for this bot`);
  const byId = tenancy.connectionById(named);
  if (byId?.botId === botId && byId.channel === channel.id) return byId;
  throw wrong('/connection', `this bot has no ${channel.id} connection of the name or id ${show(named)}`);
}

function readContent(message: SendBody['message']): Content {
  if (message.type === 'native') return { type: 'native', payload: message.payload };
  const reading = readMessage(message.type, message.val);
  if (!reading.ok) throw wrong('/message/val', reading.fault);
  return reading.message;
}

interface ForAll extends Pick<SendBody, 'parameters'> {
  readonly channel: ChannelFacts;
  readonly message: Content;
}

function readRecipient(given: string | RecipientBody, seq: number, forAll: ForAll): Recipient {
  const recipient = typeof given === 'string' ? { identity: given } : given;
  const place = `/recipients/${seq}`;
  return {
    seq,
    identity: readIdentity(recipient, place, forAll.channel),
    customMessage: recipient.message ? readOwnMessage(recipient.message, `${place}/message`, forAll.message) : null,
    parameters: joinParameters(forAll.parameters, recipient.parameters, place),
    attempts: 0,
    maybeSent: false,
  };
}

function readIdentity(recipient: RecipientBody, place: string, channel: ChannelFacts): string {
  const given = IDENTITY_KEYS.filter((key) => recipient[key] !== undefined);
  const [key, other] = given;
  const fits = key === 'identity' || key === channel.identityKey;
  const identity = key === undefined ? undefined : recipient[key];
  if (fits && other === undefined && identity !== undefined) return identity;
  const which = other === undefined ? '' : `says twice who it is (${given.join(', ')}); `;
  throw wrong(place, `${which}needs either identity or ${channel.identityKey}, which is what ${channel.id} goes by`);
}

/** A recipient's own is kept as text, of which the type of the message of all says how it is read. */
function readOwnMessage(own: NonNullable<RecipientBody['message']>, place: string, ofAll: Content): string {
  if (own.type === 'native') {
    if (ofAll.type !== 'text') return JSON.stringify(own.payload);
    throw wrong(`${place}/type`, 'must be text, as the message of all is; or make that one native');
  }
  if (ofAll.type === 'text' || parsePayload(own.val) === null) return own.val;
  throw wrong(`${place}/val`, 'holds JSON, and would be sent as a native message: send it with the type native');
}

function joinParameters(ofAll: Parameters = {}, own: Parameters = {}, place: string): Parameters | null {
  const joined = { ...ofAll, ...own };
  const count = Object.keys(joined).length;
  if (count > MAX_PARAMETERS) {
    throw wrong(`${place}/parameters`, `makes ${count} with those of all; at most ${MAX_PARAMETERS} are taken`);
  }
  return count === 0 ? null : joined;
}

const wrong = (pointer: string, what: string): Fault => new Fault('body_invalid', `${pointer}: ${what}`, {}, pointer);

const show = (text: string): string => JSON.stringify(text.slice(0, 64));
