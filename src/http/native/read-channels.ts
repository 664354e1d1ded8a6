import { FALL_BACK_CAUSES, type FallBack } from '../../model/fall-back.ts';
import type { Content } from '../../model/message.ts';
import type { Connection, Tenancy } from '../../model/tenancy.ts';
import type { ChannelCatalog, ChannelFacts } from '../accept/channel-catalog.ts';
import { readDuration } from '../contract/duration.ts';
import { contentFor, type NamedTemplate } from './named-template.ts';
import { readContent } from './read-content.ts';
import type { ChannelBody, SendBody } from './send-body.ts';
import { show, wrong } from './wrong.ts';

export interface ReadChannelsParts {
  readonly botId: string;
  readonly tenancy: Tenancy;
  readonly channels: ChannelCatalog;
  /** What the body names; null: it names none. */
  readonly template: NamedTemplate | null;
  /** Where providers reach this server. */
  readonly publicUrl: string | null;
}

/** The channel a notification goes over, and those it falls back to. */
export interface Channels {
  readonly channel: ChannelFacts;
  readonly channelSpelling: string;
  readonly connection: Connection;
  readonly message: Content;
  readonly fallBacks: readonly FallBack[];
}

export function readChannels(body: SendBody, parts: ReadChannelsParts): Channels {
  const { template } = parts;
  const ofAll = template === null ? readContent(body.message, '/message') : null;
  const { channel, connection, channels } = body;
  if (channels === undefined) {
    if (channel === undefined) throw wrong('/channel', 'is missing; name one, or several in channels');
    const only = readChannel({ channel, connection }, '', parts);
    return { ...only, message: contentOn(only.channel, {}, '', { ofAll, parts }), fallBacks: [] };
  }
  if (channel !== undefined) throw wrong('/channel', 'is the first of channels already: leave it out');
  if (connection !== undefined) throw wrong('/connection', 'is said of each of channels: leave it out');
  const [first, ...others] = channels;
  if (first === undefined) throw wrong('/channels', 'needs at least 1');
  for (const key of ['on', 'receiptWithin', 'onUnknown'] as const) {
    if (first[key] !== undefined)
      throw wrong(`/channels/0/${key}`, 'is for the channels after the first: leave it out');
  }
  const places = channels.map((one, index) => readChannel(one, `/channels/${index}`, parts));
  const [at = readChannel(first, '/channels/0', parts)] = places;
  const message = contentOn(at.channel, first, '/channels/0', { ofAll, parts });
  const fallBacks = others.map((other, index) => {
    const [before = at, here = at] = places.slice(index);
    return readFallBack(other, `/channels/${index + 1}`, { ofAll, parts, message, before, here });
  });
  assertDifferent(places.map(({ connection: { id } }) => id));
  assertSpeakable(at.channel, fallBacks, message);
  return { ...at, message, fallBacks };
}

type Place = Pick<Channels, 'channel' | 'channelSpelling' | 'connection'>;

interface Given {
  /** Null: a template says it. */
  readonly ofAll: Content | null;
  readonly parts: ReadChannelsParts;
}

/** The same object wherever it is the same. */
function contentOn(
  { id }: ChannelFacts,
  { message }: Pick<ChannelBody, 'message'>,
  place: string,
  { ofAll, parts: { template } }: Given,
): Content {
  if (template !== null) {
    if (message === undefined) return contentFor(template, id);
    throw wrong(`${place}/message`, 'stands beside a template, which may say something else on each channel itself');
  }
  return message === undefined && ofAll !== null ? ofAll : readContent(message, `${place}/message`);
}

interface Between extends Given {
  /** Of the first channel. */
  readonly message: Content;
  readonly before: Place;
  readonly here: Place;
}

function readFallBack(body: ChannelBody, place: string, given: Between): FallBack {
  const { channel, channelSpelling, connection } = given.here;
  const own = contentOn(channel, body, place, given);
  const receiptWithinMs = readReceiptWithin(body, place, given);
  const all = FALL_BACK_CAUSES.filter((cause) => cause !== 'no_receipt' || receiptWithinMs !== null);
  const { on = all, onUnknown = false } = body;
  return {
    channel: channel.id,
    channelSpelling,
    connectionId: connection.id,
    message: own === given.message ? null : own,
    on: FALL_BACK_CAUSES.filter((cause) => on.includes(cause)),
    ...(receiptWithinMs !== null && { receiptWithinMs }),
    onUnknown,
  };
}

/** What the clock of a person may mean, and no more than a notification can live. */
const LEAST_WAIT_MS = 1_000;
const MOST_WAIT_MS = 7 * 24 * 3_600_000;

function readReceiptWithin(
  { on, receiptWithin }: ChannelBody,
  place: string,
  { before: { channel, connection }, parts: { publicUrl } }: Between,
): number | null {
  const isAsked = on?.includes('no_receipt') ?? receiptWithin !== undefined;
  if (!isAsked && receiptWithin === undefined) return null;
  if (!isAsked) throw wrong(`${place}/receiptWithin`, 'goes with no_receipt in on: add it, or leave this out');
  if (receiptWithin === undefined)
    throw wrong(`${place}/receiptWithin`, 'is missing: no_receipt needs a time, as PT10M');
  const ms = readDuration(receiptWithin);
  if (ms < LEAST_WAIT_MS || ms > MOST_WAIT_MS) throw wrong(`${place}/receiptWithin`, 'must be from PT1S to P7D');
  if (channel.tellsArrival?.(connection, publicUrl) === true) return ms;
  // It would go on for everybody, and each of them would have the message twice.
  throw wrong(
    `${place}/${on === undefined ? 'receiptWithin' : 'on'}`,
    `the ${channel.id} connection before does not tell that a message has arrived, so no_receipt cannot be asked of it`,
  );
}

function readChannel(
  { channel: spelling, connection: named }: Pick<ChannelBody, 'channel'> & { readonly connection?: string | undefined },
  place: string,
  { botId, tenancy, channels }: ReadChannelsParts,
): Place {
  const channel = channels.find(spelling);
  if (channel === null) {
    throw wrong(`${place}/channel`, `${show(spelling)} is unknown; use one of ${channels.ids.join(', ')}`);
  }
  const byName = tenancy.connection(botId, channel.id, named ?? null);
  if (byName !== null) return { channel, channelSpelling: spelling, connection: byName };
  if (named === undefined) throw wrong(`${place}/channel`, `${channel.id} is not configured for this bot`);
  const byId = tenancy.connectionById(named);
  if (byId?.botId === botId && byId.channel === channel.id)
    return { channel, channelSpelling: spelling, connection: byId };
  throw wrong(`${place}/connection`, `this bot has no ${channel.id} connection of the name or id ${show(named)}`);
}

/** Over the same connection it would be no more than one more try. */
function assertDifferent(connectionIds: readonly string[]): void {
  const index = connectionIds.findIndex((id, place) => connectionIds.indexOf(id) !== place);
  if (index !== -1) throw wrong(`/channels/${index}`, 'is there before; over the same connection nothing else happens');
}

/** A native message is in the format of one channel. */
function assertSpeakable({ id }: ChannelFacts, fallBacks: readonly FallBack[], first: Content): void {
  for (const [index, { channel, message }] of fallBacks.entries()) {
    const isForeign = message === null && first.type === 'native' && channel !== id;
    if (!isForeign) continue;
    throw wrong(`/channels/${index + 1}/message`, `is missing: a native message for ${id} is none for ${channel}`);
  }
}
