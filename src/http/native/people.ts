import { tmpdir } from 'node:os';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { exportPeople } from '../../directory/export-people.ts';
import type { FindChannel } from '../../directory/parse-person.ts';
import { isId } from '../../model/ids.ts';
import { SCOPE_DIRECTORY } from '../../model/tenancy.ts';
import { callerOf } from '../auth/gate.ts';
import { auditOf } from '../contract/audit-of.ts';
import { BOT_ID, closed, DEFAULT_LIMIT, NOTHING, OF_BOT, PAGE, PERSON_ID } from '../contract/fields.ts';
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

const LIST: Operation = {
  id: 'listPeople',
  tag: 'people',
  summary: 'Everybody in the directory',
  description:
    '`Accept: application/x-ndjson` or `text/csv` streams them all, as an import takes them; otherwise a page.',
  scope: SCOPE_DIRECTORY,
  params: OF_BOT,
  query: PAGE,
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
    request: FastifyRequest<{ Querystring: Static<typeof PAGE> }>,
    reply: FastifyReply,
  ): Promise<object> {
    const botId = callerOf(request).bot.id;
    const stream = askedStream(request);
    if (stream !== null) {
      if (request.query.limit !== undefined || request.query.cursor !== undefined) {
        throw new Fault('body_invalid', 'a stream holds everybody: leave out limit and cursor');
      }
      const rows = exportPeople({ ...parts, botId, format: stream.format });
      return sendStream(reply, stream, { name: `people-${botId}`, rows });
    }
    const { limit = DEFAULT_LIMIT, cursor = '' } = request.query;
    if (cursor !== '' && !isId('u', cursor)) {
      throw new Fault('body_invalid', 'cursor is the nextCursor of another page');
    }
    const people = await parts.store.listPeople({ botId, afterId: cursor, limit: limit + 1 });
    const page = people.slice(0, limit);
    const nextCursor = people.length > limit ? (page.at(-1)?.id ?? null) : null;
    return { people: page.map(toDocument), nextCursor };
  };
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
