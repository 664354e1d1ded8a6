import { tmpdir } from 'node:os';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { exportPeople } from '../../directory/export-people.ts';
import type { FindChannel } from '../../directory/parse-person.ts';
import { isId } from '../../model/ids.ts';
import { parseJsonObject } from '../../model/json.ts';
import { findJsonFault } from '../../model/json-guard.ts';
import { SCOPE_DIRECTORY } from '../../model/tenancy.ts';
import type { PeopleSearch } from '../../store/port/directory.ts';
import { callerOf } from '../auth/gate.ts';
import { auditOf } from '../contract/audit-of.ts';
import { cutPage, readCursor, writeCursor } from '../contract/cursor.ts';
import { BOT_ID, CURSOR, closed, DEFAULT_LIMIT, LIMIT, NOTHING, OF_BOT, PERSON_ID } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { Fault } from '../faults.ts';
import type { NativeContext } from './context.ts';
import { ACCEPT, askedStream, sendStream } from './export-stream.ts';
import { createPeopleImport, IMPORT, requirePeopleBody } from './import-people.ts';
import { PEOPLE_STREAM, PERSON, PERSON_PAGE, toDocument } from './person-document.ts';

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
  const { store, clock, gate, findChannel, maxUploadBytes = GIBIBYTE, spoolFolder = tmpdir() } = options;
  const parts: PeopleParts = { store, clock, findChannel, maxUploadBytes, spoolFolder };

  // Bodies are streams here; whatever is not read by line is refused by `requirePeopleBody`.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));

  const url = '/bots/:botId/people';
  const one = `${url}/:personId`;
  const onRequest = [requirePeopleBody];
  addOperation(app, gate, { method: 'PUT', url, operation: IMPORT, onRequest, handler: createPeopleImport(parts) });
  addOperation(app, gate, { method: 'GET', url, operation: LIST, handler: createPeopleList(parts) });
  addOperation(app, gate, { method: 'GET', url: one, operation: SHOW, handler: createPersonShow(parts) });
  addOperation(app, gate, { method: 'DELETE', url: one, operation: DELETE, handler: createPersonDelete(parts) });
}

const PEOPLE_PAGE = closed({
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'What a name, an e-mail or another identity begins with.',
    }),
  ),
  limit: LIMIT,
  cursor: CURSOR,
});

const LIST: Operation = {
  id: 'listPeople',
  tag: 'people',
  summary: 'Everybody in the directory',
  description:
    '`Accept: application/x-ndjson` or `text/csv` streams them all, as an import takes them; otherwise a page. With `q` those whose name begins with it, by name, and then those of whom an identity does; a page of them may be short and not the last.',
  scope: SCOPE_DIRECTORY,
  params: OF_BOT,
  query: PEOPLE_PAGE,
  headers: ACCEPT,
  replies: {
    200: {
      description: 'A page of people, or all of them.',
      content: { 'application/json': PERSON_PAGE, 'application/x-ndjson': PEOPLE_STREAM, 'text/csv': PEOPLE_STREAM },
    },
  },
  faults: ['body_invalid'],
};

function createPeopleList(parts: PeopleParts) {
  return async function listPeople(
    request: FastifyRequest<{ Querystring: Static<typeof PEOPLE_PAGE> }>,
    reply: FastifyReply,
  ): Promise<object> {
    const botId = callerOf(request).bot.id;
    const stream = askedStream(request);
    if (stream !== null) {
      if (Object.keys(request.query).length > 0) {
        throw new Fault('body_invalid', 'a stream holds everybody: leave out q, limit and cursor');
      }
      const rows = exportPeople({ ...parts, botId, format: stream.format });
      return sendStream(reply, stream, { name: `people-${botId}`, rows });
    }
    const { limit = DEFAULT_LIMIT, q = '' } = request.query;
    if (q !== '') {
      const { people, next } = await parts.store.searchPeople({ botId, prefix: q, after: readPlace(request), limit });
      const nextCursor = next === null ? null : writeCursor(request, JSON.stringify(next));
      return { people: people.map(toDocument), nextCursor };
    }
    const afterId = readCursor(request) ?? '';
    const found = await parts.store.listPeople({ botId, afterId, limit: limit + 1 });
    const { page, nextCursor } = cutPage(request, { found, limit }, ({ id }) => id);
    return { people: page.map(toDocument), nextCursor };
  };
}

type Place = NonNullable<PeopleSearch['after']>;

function readPlace(request: FastifyRequest): Place | null {
  const place = readCursor(request);
  if (place === null) return null;
  const { by, key, personId } = parseJsonObject(place) ?? {};
  const isPlace = (by === 'name' || by === 'identity') && typeof key === 'string' && typeof personId === 'string';
  if (!isPlace || findJsonFault([key, personId]) !== null)
    throw new Fault('body_invalid', 'the query parameter cursor was made up');
  return { by, key, personId };
}

const OF_PERSON = closed({ botId: BOT_ID, personId: PERSON_ID });

interface OfPerson {
  readonly Params: Static<typeof OF_PERSON>;
}

const SHOW: Operation = {
  id: 'getPerson',
  tag: 'people',
  summary: 'One person',
  description: 'As an import takes them, and where each address is from.',
  scope: SCOPE_DIRECTORY,
  params: OF_PERSON,
  query: NOTHING,
  replies: { 200: { description: 'The person.', content: { 'application/json': PERSON } } },
  faults: ['body_invalid', 'person_unknown'],
};

function createPersonShow({ store }: PeopleParts) {
  return async function showPerson(request: FastifyRequest<OfPerson>): Promise<object> {
    const person = await store.findPerson(readKey(request));
    if (person === null) throw new Fault('person_unknown');
    return toDocument(person);
  };
}

const DELETE: Operation = {
  id: 'deletePerson',
  tag: 'people',
  summary: 'Forget a person',
  description: 'With all addresses. What was sent to them before keeps its record.',
  scope: SCOPE_DIRECTORY,
  params: OF_PERSON,
  query: NOTHING,
  replies: { 204: { description: 'They are in the directory no more.' } },
  faults: [...OF_BODIES, 'person_unknown'],
};

function createPersonDelete({ store, clock }: PeopleParts) {
  return async function deletePerson(request: FastifyRequest<OfPerson>, reply: FastifyReply): Promise<FastifyReply> {
    const key = readKey(request);
    if (!(await store.deletePerson({ ...key, audit: auditOf(request, clock) }))) throw new Fault('person_unknown');
    return reply.code(204).send();
  };
}

function readKey(request: FastifyRequest<OfPerson>): { readonly botId: string; readonly personId: string } {
  const { personId } = request.params;
  if (!isId('u', personId)) throw new Fault('person_unknown', "a person's id is u-…");
  return { botId: callerOf(request).bot.id, personId };
}
