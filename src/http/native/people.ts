import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { exportPeople } from '../../directory/export-people.ts';
import type { FindChannel } from '../../directory/parse-person.ts';
import { toJson } from '../../directory/person-json.ts';
import type { Format } from '../../directory/read-people.ts';
import { isId } from '../../model/ids.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Person } from '../../model/person.ts';
import { SCOPE_DIRECTORY } from '../../model/tenancy.ts';
import { callerOf } from '../auth/gate.ts';
import { Fault } from '../faults.ts';
import type { NativeContext } from './context.ts';
import { createPeopleImport, FORMATS_BY_TYPE, requirePeopleBody } from './import-people.ts';
import { readLimit, readQuery } from './query.ts';

export interface PeopleParts extends Pick<NativeContext, 'store' | 'clock'> {
  readonly findChannel: FindChannel;
  readonly maxUploadBytes: number;
  /** Where uploads are kept that are imported as a whole or not at all. */
  readonly spoolFolder: string;
}

export interface PeopleRoutesOptions extends Pick<NativeContext, 'store' | 'clock' | 'gate'> {
  readonly findChannel: FindChannel;
  readonly maxUploadBytes?: number;
  readonly spoolFolder?: string;
}

const GIBIBYTE = 1024 ** 3;

/** The directory of a bot. A Fastify plugin: register it with the native prefix and its options. */
export async function peopleRoutes(app: FastifyInstance, options: PeopleRoutesOptions): Promise<void> {
  const { store, clock, findChannel, maxUploadBytes = GIBIBYTE, spoolFolder = tmpdir() } = options;
  const parts: PeopleParts = { store, clock, findChannel, maxUploadBytes, spoolFolder };
  const admit = options.gate.requireScope(SCOPE_DIRECTORY);

  // Bodies are streams here; whatever is not read by line is refused by `requirePeopleBody`.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));

  const url = '/bots/:botId/people';
  app.put(url, { onRequest: [admit, requirePeopleBody] }, createPeopleImport(parts));
  app.get(url, { onRequest: admit, exposeHeadRoute: false }, createPeopleList(parts));
  app.get(`${url}/:personId`, { onRequest: admit, exposeHeadRoute: false }, createPersonShow(parts));
  app.delete(`${url}/:personId`, { onRequest: admit }, createPersonDelete(parts));
}

/** `Accept: application/x-ndjson` or `text/csv` streams everybody; otherwise a page of `?limit` after `?cursor`. */
function createPeopleList(parts: PeopleParts) {
  return async function listPeople(request: FastifyRequest, reply: FastifyReply): Promise<object> {
    const botId = callerOf(request).bot.id;
    for (const [type, format] of FORMATS_BY_TYPE) {
      if (accepts(request, type)) return streamPeople(request, reply, { ...parts, botId, type, format });
    }
    const { limit, cursor } = readPage(request);
    const people = await parts.store.listPeople({ botId, afterId: cursor, limit: limit + 1 });
    const page = people.slice(0, limit);
    const nextCursor = people.length > limit ? (page.at(-1)?.id ?? null) : null;
    return { people: page.map(toDocument), nextCursor };
  };
}

function accepts(request: FastifyRequest, type: string): boolean {
  return (request.headers.accept ?? '').split(',').some((range) => range.split(';')[0]?.trim().toLowerCase() === type);
}

function streamPeople(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: PeopleParts & { readonly botId: string; readonly type: string; readonly format: Format },
): FastifyReply {
  readQuery(request, []);
  reply.headers({
    'content-type': `${parts.type}; charset=utf-8`,
    'content-disposition': `attachment; filename="people-${parts.botId}.${parts.format}"`,
    'x-content-type-options': 'nosniff',
  });
  return reply.send(Readable.from(exportPeople(parts), { objectMode: false, highWaterMark: 64 * 1024 }));
}

function readPage(request: FastifyRequest): { readonly limit: number; readonly cursor: string } {
  const { limit, cursor = '' } = readQuery(request, ['limit', 'cursor']);
  if (cursor !== '' && !isId('u', cursor)) throw new Fault('body_invalid', 'cursor is the nextCursor of another page');
  return { limit: readLimit(limit), cursor };
}

function createPersonShow({ store }: PeopleParts) {
  return async function showPerson(request: FastifyRequest): Promise<object> {
    const person = await store.findPerson(readKey(request));
    if (person === null) throw new Fault('person_unknown');
    return toDocument(person);
  };
}

function createPersonDelete({ store }: PeopleParts) {
  return async function deletePerson(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    if (!(await store.deletePerson(readKey(request)))) throw new Fault('person_unknown');
    return reply.code(204).send();
  };
}

function readKey(request: FastifyRequest): { readonly botId: string; readonly personId: string } {
  const { params } = request;
  const given = typeof params === 'object' && params !== null && 'personId' in params ? params.personId : null;
  if (typeof given !== 'string' || !isId('u', given)) throw new Fault('person_unknown', "a person's id is u-…");
  return { botId: callerOf(request).bot.id, personId: given };
}

/** What an import takes, and where each address is from. */
function toDocument(person: Person): JsonObject {
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
  return { ...toJson(person), addresses };
}
