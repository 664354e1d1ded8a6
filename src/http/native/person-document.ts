import { type Static, Type } from 'typebox';
import { toJson } from '../../directory/person-json.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Person } from '../../model/person.ts';
import { NEXT_CURSOR, nullable, oneOf, TIME } from '../contract/fields.ts';

const ADDRESS = Type.Object({
  channel: Type.String(),
  name: nullable(Type.String(), "The connection's name; null where a bot has one of the channel."),
  channelId: Type.String(),
  reference: nullable(Type.Unsafe<JsonObject>({ type: 'object', additionalProperties: true })),
  connectionId: Type.String(),
  source: oneOf(['import', 'lookup', 'send', 'inbound'], { description: 'Where we have it from.' }),
  learnedAt: TIME,
  lastWorkedAt: nullable(TIME, 'When a provider last took a message for it, to the day; null: never yet.'),
});

export const PERSON = Type.Object(
  {
    id: Type.String({ description: 'u-…' }),
    email: Type.Optional(Type.String()),
    upn: Type.Optional(Type.String()),
    phone: Type.Optional(Type.String()),
    identities: Type.Optional(
      Type.Array(Type.String(), { description: 'Other names by which they can be addressed.' }),
    ),
    name: Type.Optional(Type.String()),
    locale: Type.Optional(Type.String({ description: 'BCP 47.' })),
    timeZone: Type.Optional(Type.String({ description: 'IANA.' })),
    tags: Type.Optional(Type.Array(Type.String())),
    attributes: Type.Optional(Type.Unsafe<JsonObject>({ type: 'object', additionalProperties: true })),
    addresses: Type.Array(ADDRESS),
  },
  { $id: 'Person', description: 'A person of the directory, and where they are reached.' },
);

export const PERSON_PAGE = Type.Object({ people: Type.Array(Type.Ref('Person#')), nextCursor: NEXT_CURSOR });

export const PEOPLE_STREAM = Type.String({ description: 'A line for each person.' });

/** What an import takes, and where each address is from. */
export function toDocument(person: Person): Static<typeof PERSON> {
  const addresses = person.addresses.map(
    ({ connectionId, channel, connectionName, channelId, reference, source, at, workedAt }) => ({
      channel,
      name: connectionName,
      channelId,
      reference: reference === null ? null : { ...reference },
      connectionId,
      source,
      learnedAt: new Date(at).toISOString(),
      lastWorkedAt: workedAt === undefined ? null : new Date(workedAt).toISOString(),
    }),
  );
  return { ...toJson(person), id: person.id, addresses };
}
