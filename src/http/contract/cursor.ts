import { hash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { findJsonFault } from '../../model/json-guard.ts';
import { Fault } from '../faults.ts';

/*
 * Where a page of a list ended, for whoever asks for the next. A mark goes before it that is made of the place and of the
 * list: operation, what the path names, filters. So one that was cut, mistyped, or is another list's is refused, where as a
 * mere place it would skip rows and nobody would notice. It is no signature: whoever makes one up gets to rows that they
 * may read anyway. Every node makes the same, and needs no key for it.
 */

const MARK_CHARS = 16;

/** `place` as `readCursor` will answer it to the same question. */
export function writeCursor(request: FastifyRequest, place: string): string {
  const text = Buffer.from(place).toString('base64url');
  return markOf(request, text) + text;
}

/** The place; null: the list begins. */
export function readCursor(request: FastifyRequest, shape = /^/): string | null {
  const { cursor = '' } = request.query as { readonly cursor?: string };
  if (cursor === '') return null;
  const text = cursor.slice(MARK_CHARS);
  const place = Buffer.from(text, 'base64url').toString();
  const isOurs = cursor === markOf(request, text) + text && shape.test(place) && findJsonFault(place) === null;
  if (isOurs) return place;
  throw new Fault('body_invalid', WRONG);
}

/** `found`: one more than a page holds, where there are so many. Answers the page, and the cursor after the last of it. */
export function cutPage<Found>(
  request: FastifyRequest,
  { found, limit }: { readonly found: readonly Found[]; readonly limit: number },
  placeOf: (last: Found) => string,
): { readonly page: readonly Found[]; readonly nextCursor: string | null } {
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const hasMore = found.length > limit && last !== undefined;
  return { page, nextCursor: hasMore ? writeCursor(request, placeOf(last)) : null };
}

const WRONG =
  'the query parameter cursor must be the nextCursor of another page of the same list, asked with the same filters';

/** How many a page holds may change from one to the next. */
function markOf({ routeOptions, params, query }: FastifyRequest, text: string): string {
  const { cursor, limit, ...filters } = query as Readonly<Record<string, unknown>>;
  const asked = Object.entries(filters).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const list = JSON.stringify([routeOptions.schema?.operationId, params, asked, text]);
  return hash('sha256', list, 'base64url').slice(0, MARK_CHARS);
}
