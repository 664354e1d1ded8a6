import type { JsonObject } from '../model/json.ts';
import type { Person, PersonAddress } from '../model/person.ts';

/** A person as they are written to NDJSON and read from it again; what is absent or empty is left out. */
export function toJson(person: Person): JsonObject {
  const { id, email, upn, phone, identities, name, locale, timeZone, tags, attributes, addresses } = person;
  return {
    id,
    ...(email === null ? {} : { email }),
    ...(upn === null ? {} : { upn }),
    ...(phone === null ? {} : { phone }),
    ...(identities.length === 0 ? {} : { identities: [...identities] }),
    ...(name === null ? {} : { name }),
    ...(locale === null ? {} : { locale }),
    ...(timeZone === null ? {} : { timeZone }),
    ...(tags.length === 0 ? {} : { tags: [...tags] }),
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
    ...(addresses.length === 0 ? {} : { addresses: addresses.map(addressToJson) }),
  };
}

export function addressToJson({ channel, connectionName, channelId, reference }: PersonAddress): JsonObject {
  return {
    channel,
    ...(connectionName === null ? {} : { name: connectionName }),
    channelId,
    ...(reference === null ? {} : { reference: { ...reference } }),
  };
}
