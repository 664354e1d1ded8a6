import { isJsonObject, type Json } from '../model/json.ts';
import type { Address } from '../model/outcome.ts';
import type { AddressSource, Person, PersonAddress } from '../model/person.ts';
import { type InsertShape, int, intOrNull, type Row, text, textOrNull, type Value } from './steps.ts';

export const PERSON = 'bot_id, id, email, upn, phone, identities, name, locale, time_zone, tags, attributes';

export const PEOPLE: InsertShape = {
  table: 'people',
  columns: {
    bot_id: 'text',
    id: 'text',
    email: 'text',
    upn: 'text',
    phone: 'text',
    identities: 'text',
    name: 'text',
    locale: 'text',
    time_zone: 'text',
    tags: 'text',
    attributes: 'text',
  },
  onConflict: `ON CONFLICT (bot_id, id) DO UPDATE SET email = excluded.email, upn = excluded.upn, phone = excluded.phone,
    identities = excluded.identities, name = excluded.name, locale = excluded.locale, time_zone = excluded.time_zone,
    tags = excluded.tags, attributes = excluded.attributes`,
};

export const IDENTITIES: InsertShape = {
  table: 'identities',
  columns: { bot_id: 'text', identity: 'text', person_id: 'text' },
  onConflict: 'ON CONFLICT (bot_id, identity) DO UPDATE SET person_id = excluded.person_id',
};

export const ADDRESSES: InsertShape = {
  table: 'addresses',
  columns: {
    bot_id: 'text',
    person_id: 'text',
    connection_id: 'text',
    channel: 'text',
    connection_name: 'text',
    channel_id: 'text',
    reference: 'text',
    source: 'text',
    at: 'int',
  },
  onConflict: `ON CONFLICT (bot_id, person_id, connection_id) DO UPDATE SET channel_id = excluded.channel_id,
    reference = excluded.reference, source = excluded.source, at = excluded.at,
    worked_at = CASE WHEN addresses.channel_id = excluded.channel_id THEN addresses.worked_at END`,
};

export function person(row: Row, addresses: readonly Row[]): Person {
  return {
    botId: text(row, 'bot_id'),
    id: text(row, 'id'),
    email: textOrNull(row, 'email'),
    upn: textOrNull(row, 'upn'),
    phone: textOrNull(row, 'phone'),
    identities: texts(text(row, 'identities')),
    name: textOrNull(row, 'name'),
    locale: textOrNull(row, 'locale'),
    timeZone: textOrNull(row, 'time_zone'),
    tags: texts(text(row, 'tags')),
    attributes: object(text(row, 'attributes')),
    addresses: addresses.flatMap(personAddress),
  };
}

function personAddress(row: Row): PersonAddress[] {
  const where = address(row);
  if (where === null) return [];
  const workedAt = intOrNull(row, 'worked_at');
  return [
    {
      ...where,
      connectionId: text(row, 'connection_id'),
      channel: text(row, 'channel'),
      connectionName: textOrNull(row, 'connection_name'),
      source: text(row, 'source') as AddressSource,
      at: int(row, 'at'),
      ...(workedAt === null ? {} : { workedAt }),
    },
  ];
}

function address(row: Row): Address | null {
  const channelId = textOrNull(row, 'channel_id');
  if (channelId === null) return null;
  const reference = textOrNull(row, 'reference');
  return { channelId, reference: reference === null ? null : JSON.parse(reference) };
}

export function personRow(entry: Person): Value[] {
  return [
    entry.botId,
    entry.id,
    entry.email,
    entry.upn,
    entry.phone,
    JSON.stringify(entry.identities),
    entry.name,
    entry.locale,
    entry.timeZone,
    JSON.stringify(entry.tags),
    JSON.stringify(entry.attributes),
  ];
}

export function addressRow(botId: string, id: string, entry: PersonAddress): Value[] {
  return [
    botId,
    id,
    entry.connectionId,
    entry.channel,
    entry.connectionName,
    entry.channelId,
    entry.reference === null ? null : JSON.stringify(entry.reference),
    entry.source,
    entry.at,
  ];
}

/** The last entry of each key: one INSERT … ON CONFLICT may not meet the same key twice on PostgreSQL. */
export function lastBy<T>(entries: readonly T[], key: (entry: T) => string): T[] {
  return [...new Map(entries.map((entry) => [key(entry), entry])).values()];
}

export function texts(value: string): string[] {
  const list: Json = JSON.parse(value);
  return Array.isArray(list) ? list.filter((entry) => typeof entry === 'string') : [];
}

function object(value: string): Person['attributes'] {
  const parsed: Json = JSON.parse(value);
  return isJsonObject(parsed) ? parsed : {};
}
