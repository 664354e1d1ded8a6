import type { FastifyRouteSchemaDef } from 'fastify/types/schema.js';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { isJsonObject, type Json } from '../../model/json.ts';
import { findJsonFault } from '../../model/json-guard.ts';
import { Fault } from '../faults.ts';
import { findMisfit, type Misfit } from './explain.ts';

type Part = FastifyRouteSchemaDef<TSchema>;

/**
 * Judges one part of a request by the schema that the API document shows for it. Compiled by the first request: a server
 * nobody calls holds none of it.
 */
export function compileValidator({ schema, httpPart }: Part) {
  let judge: { Check(value: unknown): boolean } | null = null;
  return function validate(given: unknown): { readonly value: unknown } | { readonly error: Fault } {
    judge ??= Compile(schema);
    const value = httpPart === 'querystring' ? readQuery(schema, given) : given;
    const fault = httpPart === 'querystring' ? findJsonFault(value as Json) : null;
    if (fault !== null) return { error: new Fault('body_invalid', fault) };
    if (judge.Check(value)) return { value };
    if (httpPart === 'querystring') return { error: refuseQuery(value, findMisfit({ ...schema }, value)) };
    return { error: refuse(httpPart ?? 'body', findMisfit({ ...schema }, value)) };
  };
}

function refuse(part: string, misfit: Misfit | null): Fault {
  const { pointer, sentence } = misfit ?? UNEXPLAINED;
  if (part !== 'body') return new Fault('body_invalid', `${pointer.slice(1)} ${sentence}`);
  return new Fault('body_invalid', `${pointer || 'the body'}: ${sentence}`, {}, pointer);
}

function refuseQuery(query: unknown, misfit: Misfit | null): Fault {
  const { pointer, sentence } = misfit ?? UNEXPLAINED;
  const name = pointer.slice(1);
  const isTwice = isJsonObject(query) && Array.isArray(query[name]);
  return new Fault('body_invalid', `the query parameter ${name} ${isTwice ? 'is given twice' : sentence}`);
}

const UNEXPLAINED: Misfit = { pointer: '', sentence: 'does not fit the schema' };

/** Everything in a query is text, and what is there twice is a list: numbers are read where numbers are wanted. */
function readQuery(schema: TSchema, given: unknown): Record<string, unknown> {
  const properties: unknown = Reflect.get(schema, 'properties');
  const read = Object.entries(given ?? {}).map(([name, value]) => {
    const property = isJsonObject(properties) && Object.hasOwn(properties, name) ? properties[name] : null;
    const type = isJsonObject(property) ? property['type'] : null;
    return [name, typeof value === 'string' ? readValue(type, value) : value];
  });
  return Object.fromEntries(read);
}

function readValue(type: unknown, text: string): unknown {
  if (type === 'integer' && /^(0|[1-9][0-9]{0,8})$/.test(text)) return Number(text);
  if (type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  return text;
}
