import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Format } from '../../directory/read-people.ts';

/** The media types in which lists are written, and people read. */
export const FORMATS_BY_TYPE: ReadonlyMap<string, Format> = new Map([
  ['application/x-ndjson', 'ndjson'],
  ['text/csv', 'csv'],
]);

/** The headers of an operation that answers a page or a stream. */
export const ACCEPT = Type.Object({
  accept: Type.Optional(Type.String({ description: 'application/json, application/x-ndjson or text/csv.' })),
});

export interface AskedStream {
  readonly type: string;
  readonly format: Format;
}

/** What `Accept` names of them; null: a page is wanted. */
export function askedStream({ headers }: Pick<FastifyRequest, 'headers'>): AskedStream | null {
  const accepted = (headers.accept ?? '').split(',').map((range) => range.split(';')[0]?.trim().toLowerCase());
  const found = [...FORMATS_BY_TYPE].find(([type]) => accepted.includes(type));
  return found === undefined ? null : { type: found[0], format: found[1] };
}

/** Answers with a file of this name, as fast as it is read: who goes away ends `rows`, and who falls silent is cut. */
export function sendStream(
  reply: FastifyReply,
  { type, format }: AskedStream,
  file: { readonly name: string; readonly rows: AsyncGenerator<string> },
): FastifyReply {
  reply.headers({
    'content-type': `${type}; charset=utf-8`,
    'content-disposition': `attachment; filename="${file.name}.${format}"`,
    'x-content-type-options': 'nosniff',
  });
  return reply.send(Readable.from(file.rows, { objectMode: false, highWaterMark: 64 * 1024 }));
}
