import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import {
  type ImportReport,
  type ImportRequest,
  importPeople,
  MAX_REPORTED_ERRORS,
  ON_ERROR,
} from '../../directory/import-people.ts';
import { UnreadableHeader } from '../../directory/read-people.ts';
import { SCOPE_DIRECTORY } from '../../model/tenancy.ts';
import { callerOf } from '../auth/gate.ts';
import { auditOf } from '../contract/audit-of.ts';
import { COUNT, closed, nullable, OF_BOT, oneOf } from '../contract/fields.ts';
import { OF_BODIES, type Operation, PROBLEM } from '../contract/operation.ts';
import { Fault } from '../faults.ts';
import { FewAtOnce } from '../few-at-once.ts';
import { mediaTypeOf, requirePlainUtf8 } from '../media-type.ts';
import { problemOf } from '../problems.ts';
import { FORMATS_BY_TYPE } from './export-stream.ts';
import type { PeopleParts } from './people.ts';
import { spool, useUpload } from './upload.ts';

/** Imports of one bot at once, so that one caller cannot fill the disk with uploads. */
const MAX_IMPORTS_PER_BOT = 2;

/** Decided from the headers, before the body is read. */
export async function requirePeopleBody(request: FastifyRequest): Promise<void> {
  const mediaType = mediaTypeOf(request);
  if (!FORMATS_BY_TYPE.has(mediaType)) {
    const known = [...FORMATS_BY_TYPE.keys()].join(' or ');
    throw new Fault('media_type', `${mediaType.slice(0, 100)}: send people as ${known}`);
  }
  requirePlainUtf8(request);
}

const REPORT = {
  read: Type.Integer({ minimum: 0, description: 'Lines that should hold a person.' }),
  imported: COUNT,
  bad: Type.Integer({ minimum: 0, description: 'Lines, exactly; the list of errors is cut.' }),
  errors: Type.Array(
    Type.Object({ line: Type.Integer({ minimum: 1 }), field: nullable(Type.String()), message: Type.String() }),
    { maxItems: MAX_REPORTED_ERRORS },
  ),
};

const QUERY = closed({
  onError: Type.Optional(
    oneOf(ON_ERROR, { description: 'skip (the default): the good lines are imported; abort: none, if one is bad.' }),
  ),
});

export const IMPORT: Operation = {
  id: 'importPeople',
  tag: 'people',
  summary: 'Add people to the directory, or change them',
  description: 'A line of NDJSON or a row of CSV for each. Doing it again changes nothing.',
  scope: SCOPE_DIRECTORY,
  params: OF_BOT,
  query: QUERY,
  body: {
    types: [...FORMATS_BY_TYPE.keys()],
    schema: Type.String({ description: 'Of any length.', examples: ['{"email":"john@abc.com","name":"John"}\n'] }),
    isStream: true,
  },
  replies: {
    200: {
      description: 'What was imported.',
      content: { 'application/json': Type.Object(REPORT, { $id: 'ImportReport' }) },
    },
    422: {
      description: 'people_invalid: nothing was imported, and why.',
      content: {
        'application/problem+json': Type.Object({ ...PROBLEM.properties, ...REPORT }, { $id: 'ImportProblem' }),
      },
    },
  },
  faults: [...OF_BODIES, 'imports_busy', 'store_full'],
};

/**
 * Streams people into the directory. `?onError=skip` (default) imports the good lines of an upload as they arrive;
 * `?onError=abort` keeps it on disk first and imports nothing when a line is bad.
 */
export function createPeopleImport(parts: PeopleParts) {
  const few = new FewAtOnce({
    ofBot: MAX_IMPORTS_PER_BOT,
    ofAll: Number.POSITIVE_INFINITY,
    fault: 'imports_busy',
    detail: `${MAX_IMPORTS_PER_BOT} imports of this bot are running; wait until one has ended`,
    retryAfterSeconds: 10,
  });

  return async function importUpload(
    request: FastifyRequest<{ Querystring: Static<typeof QUERY> }>,
    reply: FastifyReply,
  ): Promise<object> {
    const botId = callerOf(request).bot.id;
    const { onError = 'skip' } = request.query;
    try {
      const report = await few.run(botId, () => receivePeople(request, { ...parts, botId, onError }));
      return onError === 'abort' && report.bad > 0
        ? refuse(reply, 'lines are bad, so none was imported', report)
        : report;
    } catch (error) {
      if (!(error instanceof UnreadableHeader)) throw error;
      const errors = error.problems.map((problem) => ({ line: error.line, ...problem }));
      return refuse(reply, 'the header is bad, so no line was read', { read: 0, imported: 0, bad: 0, errors });
    }
  };
}

function receivePeople(
  request: FastifyRequest,
  parts: PeopleParts & Pick<ImportRequest, 'botId' | 'onError'>,
): Promise<ImportReport> {
  const audit = auditOf(request, parts.clock);
  const format = FORMATS_BY_TYPE.get(mediaTypeOf(request)) ?? 'ndjson';
  return useUpload(request, parts.maxUploadBytes, (chunks) => {
    if (parts.onError === 'skip') return importPeople({ ...parts, audit, format, open: () => chunks });
    return spool(chunks, parts.spoolFolder, (open) => {
      // All has arrived, so nothing moves on the socket until the answer, and the server would take it for idle.
      request.socket.setTimeout(0);
      return importPeople({ ...parts, audit, format, open });
    });
  });
}

function refuse(reply: FastifyReply, detail: string, report: ImportReport): object {
  reply.code(422).type('application/problem+json');
  return { ...problemOf(new Fault('people_invalid', detail)), ...report };
}
