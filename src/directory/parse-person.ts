import { connectionId, isId, personId } from '../model/ids.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { findJsonFault } from '../model/json-guard.ts';
import { identityKey, type Person, type PersonAddress } from '../model/person.ts';
import { isTimeZone } from '../model/time-zone.ts';
import { JsonFields } from './json-fields.ts';
import { isLocale } from './places.ts';
import { type Problem, quoteValue } from './problem.ts';

/** What the directory has to know of a channel. */
export interface KnownChannel {
  readonly id: string;
  readonly named: boolean;
}

export type FindChannel = (spelling: string) => KnownChannel | null;

export interface PersonContext {
  readonly botId: string;
  /** When the addresses were learnt, epoch ms. */
  readonly now: number;
  readonly findChannel: FindChannel;
}

/**
 * A stored person can be exported and imported in either format: CSV at most doubles what JSON takes, so this stays
 * below the longest line a reader accepts.
 */
export const MAX_PERSON_BYTES = 32_000;

const MAX_TEXT = 256;
/** The longest e-mail address with room to spare. Identities are indexed, and PostgreSQL refuses long index entries. */
const MAX_IDENTITY = 320;
const MAX_ADDRESS_TEXT = 2048;

const PERSON_KEYS = new Set([
  'id',
  'email',
  'upn',
  'phone',
  'identities',
  'name',
  'locale',
  'timeZone',
  'tags',
  'attributes',
  'addresses',
]);
const NAMING_KEYS = ['id', 'email', 'upn', 'phone', 'identities'];
const ADDRESS_KEYS = new Set(['channel', 'name', 'channelId', 'reference']);

/** One person from their JSON, or null with everything that is wrong added to `problems`. */
export function parsePerson(json: JsonObject, context: PersonContext, problems: Problem[]): Person | null {
  const before = problems.length;
  const fields = new JsonFields(json, '', problems);
  fields.refuseOthers(PERSON_KEYS);
  const identity = readIdentity(fields, context.botId);
  const person: Person = {
    botId: context.botId,
    ...identity,
    name: fields.exactText('name', MAX_TEXT),
    locale: readChecked(fields, 'locale', isLocale, 'is not a BCP 47 language tag such as en or pt-BR'),
    timeZone: readChecked(fields, 'timeZone', isTimeZone, 'is not an IANA time zone such as Europe/Berlin'),
    tags: fields.texts('tags', { maxItems: 100, maxLength: 100 }),
    attributes: readAttributes(fields),
    addresses: readAddresses(fields, context, problems),
  };
  return problems.length === before ? person : null;
}

function readIdentity(fields: JsonFields, botId: string) {
  const email = readChecked(fields, 'email', isEmail, 'is not an e-mail address');
  const upn = fields.text('upn', MAX_IDENTITY);
  const phone = readChecked(
    fields,
    'phone',
    isPhone,
    'is not a phone number: write + or a digit first, 5 to 15 digits',
  );
  const identities = fields.texts('identities', { maxItems: 50, maxLength: MAX_IDENTITY });
  const given = fields.text('id', MAX_TEXT);
  if (given !== null && !isId('u', given)) fields.report('id', `${quoteValue(given)} is not a person's id (u-…)`);
  const naming = email ?? upn ?? phone ?? identities[0] ?? null;
  if (naming === null && given === null && NAMING_KEYS.every((key) => fields.isAbsent(key))) {
    fields.report('email', 'is missing: a person needs an email, upn, phone or one of identities');
  }
  return { id: given ?? personId(botId, identityKey(naming ?? '')), email, upn, phone, identities };
}

function readChecked(fields: JsonFields, key: string, isGood: (text: string) => boolean, fault: string): string | null {
  const text = fields.text(key, MAX_IDENTITY);
  if (text === null || isGood(text)) return text;
  fields.report(key, `${quoteValue(text)} ${fault}`);
  return null;
}

const isEmail = (text: string): boolean => /^[^\s@]+@[^\s@]+$/.test(text);

/** What `identityKey` would not take for a phone number could never be found as one. */
const isPhone = (text: string): boolean => /^[0-9]{5,15}$/.test(identityKey(text));

function readAttributes(fields: JsonFields): JsonObject {
  const attributes = fields.object('attributes') ?? {};
  const fault = findJsonFault(attributes) ?? findNumberFault(attributes);
  if (fault !== null) fields.report('attributes', fault);
  return attributes;
}

/** JSON numbers that JavaScript would store as something else. Only called on JSON whose depth was checked. */
function findNumberFault(value: Json): string | null {
  if (typeof value === 'number') {
    const isExact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
    return isExact ? null : `the number ${value} would lose digits: write it as a text`;
  }
  if (typeof value !== 'object' || value === null) return null;
  for (const inner of Object.values(value)) {
    const fault = findNumberFault(inner);
    if (fault !== null) return fault;
  }
  return null;
}

function readAddresses(fields: JsonFields, context: PersonContext, problems: Problem[]): PersonAddress[] {
  const seen = new Set<string>();
  return fields.list('addresses', 50).flatMap((entry, index) => {
    if (!isJsonObject(entry)) {
      fields.report(`addresses[${index}]`, 'must be an object with channel and channelId');
      return [];
    }
    const address = readAddress(new JsonFields(entry, `addresses[${index}].`, problems), context);
    if (address === null) return [];
    if (seen.has(address.connectionId)) fields.report(`addresses[${index}].channel`, 'has an address already');
    seen.add(address.connectionId);
    return [address];
  });
}

function readAddress(fields: JsonFields, context: PersonContext): PersonAddress | null {
  fields.refuseOthers(ADDRESS_KEYS);
  const spelling = fields.text('channel', MAX_TEXT);
  const name = fields.exactText('name', 100);
  const channelId = fields.exactText('channelId', MAX_ADDRESS_TEXT);
  const reference = fields.textMap('reference', MAX_ADDRESS_TEXT);
  const channel = spelling === null ? null : context.findChannel(spelling);
  if (fields.isAbsent('channel')) fields.report('channel', 'is missing');
  if (spelling !== null && channel === null) fields.report('channel', `${quoteValue(spelling)} is not a channel`);
  if (fields.isAbsent('channelId')) fields.report('channelId', 'is missing');
  if (channel === null || channelId === null) return null;
  if (name !== null && !channel.named) fields.report('name', `is not for ${channel.id}: a bot has one of it`);
  return {
    connectionId: knownConnectionId(context.botId, channel.id, name),
    channel: channel.id,
    connectionName: name,
    channelId,
    reference,
    source: 'import',
    at: context.now,
  };
}

/** Hashing is a tenth of an import's work, and a directory has few connections. Bounded, since names are the caller's. */
const knownIds = new Map<string, string>();
const KNOWN_LIMIT = 1_000;

function knownConnectionId(botId: string, channel: string, name: string | null): string {
  const key = `${botId}/${channel}/${name ?? ''}`;
  const id = knownIds.get(key) ?? connectionId(botId, channel, name);
  if (knownIds.size < KNOWN_LIMIT) knownIds.set(key, id);
  return id;
}
