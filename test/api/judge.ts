import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';
import type { DocumentedOperation } from '../support/api-document.ts';
import type { Reply } from '../support/http-rig.ts';

type Judge = (operation: DocumentedOperation, reply: Reply) => string | null;

/** Says what a reply has that the document of the API does not tell: a status, a media type, a field. Null: nothing. */
export function createJudge(document: JsonObject): Judge {
  const ajv = new Ajv2020({ strict: false, allErrors: false });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'document', ...closed(document) });
  const compiled = new Map<JsonObject, ReturnType<typeof ajv.compile>>();

  return function judge({ id, replies, codes }, { status, headers, text, json }) {
    const contents = replies[status];
    if (contents === undefined) return `${id} answers ${status}, which is not documented`;
    const type = (headers.get('content-type') ?? '').split(';')[0] ?? '';
    if (Object.keys(contents).length === 0) return text === '' ? null : `${id} ${status} has a body`;
    const schema = contents[type];
    if (schema === undefined) return `${id} ${status} answers ${type}, which is not documented`;
    if (type === 'application/problem+json' && isJsonObject(json) && !codes[status]?.includes(String(json['code'])))
      return `${id} ${status} answers ${json['code']}, which is not documented`;
    const check = compiled.get(schema) ?? ajv.compile(pointInto(closed(schema)));
    compiled.set(schema, check);
    const value = /json$/.test(type) && !type.includes('ndjson') ? json : text;
    return check(value) ? null : `${id} ${status}: ${ajv.errorsText(check.errors)} in ${text.slice(0, 300)}`;
  };
}

/** What a schema forgot would be let through by an open object, so objects hold what is named and nothing else. */
function closed<Value extends Json>(schema: Value): Value {
  if (Array.isArray(schema)) return schema.map(closed) as Value;
  if (!isJsonObject(schema)) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, closed(value)]);
  const isOpen = isJsonObject(schema['properties']) && !('additionalProperties' in schema);
  return Object.fromEntries(isOpen ? [...entries, ['additionalProperties', false]] : entries);
}

function pointInto<Value extends Json>(schema: Value): Value {
  if (Array.isArray(schema)) return schema.map(pointInto) as Value;
  if (!isJsonObject(schema)) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [
    key,
    key === '$ref' && typeof value === 'string' ? `document${value}` : pointInto(value),
  ]);
  return Object.fromEntries(entries);
}
