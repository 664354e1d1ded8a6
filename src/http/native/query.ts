import type { FastifyRequest } from 'fastify';
import { findJsonFault } from '../../model/json-guard.ts';
import { Fault } from '../faults.ts';

/** The query of a request, of which only these keys may be there: a misspelt one must not be passed over. */
export function readQuery<Key extends string>(
  request: FastifyRequest,
  keys: readonly Key[],
): Partial<Record<Key, string>> {
  const query = new URL(request.url, 'http://local').searchParams;
  const known: Partial<Record<Key, string>> = {};
  for (const [name, value] of query) {
    const key = keys.find((candidate) => candidate === name);
    if (key === undefined) throw new Fault('body_invalid', `there is no query parameter ${show(name)}; ${list(keys)}`);
    if (known[key] !== undefined) throw new Fault('body_invalid', `the query parameter ${key} is given twice`);
    const fault = findJsonFault(value, key);
    if (fault !== null) throw new Fault('body_invalid', fault);
    known[key] = value;
  }
  return known;
}

const MAX_PAGE = 500;

/** `?limit=`: how long a page is. */
export function readLimit(given = '100'): number {
  const isLimit = /^[1-9][0-9]{0,2}$/.test(given) && Number(given) <= MAX_PAGE;
  if (!isLimit) throw new Fault('body_invalid', `limit is a number from 1 to ${MAX_PAGE}`);
  return Number(given);
}

const list = (keys: readonly string[]): string =>
  keys.length === 0 ? 'this route takes none' : `this route takes ${keys.join(', ')}`;

const show = (name: string): string => JSON.stringify(name.toWellFormed().slice(0, 40));
