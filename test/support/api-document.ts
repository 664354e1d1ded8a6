import { isJsonObject, type JsonObject } from '../../src/model/json.ts';
import { ROLES, type Role } from '../../src/model/operator.ts';
import { codesIn } from './declared-codes.ts';
import { call, type Rig } from './http-rig.ts';

/** An operation as the document of the API describes it. */
export interface DocumentedOperation {
  readonly id: string;
  readonly method: string;
  /** With `{name}` where a parameter stands. */
  readonly path: string;
  readonly tag: string;
  /** What the app needs; null: nobody is asked who they are. */
  readonly scope: string | null;
  /** The least role of an operator; null: no operator may call it, or anybody may. */
  readonly role: Role | null;
  /** Whoever calls it leaves an entry in the audit. */
  readonly isAudited: boolean;
  readonly parameters: readonly DocumentedParameter[];
  /** By media type. */
  readonly bodies: Readonly<Record<string, JsonObject>>;
  /** By status, then by media type; no media type: no body. */
  readonly replies: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
  /** The type of the header that says where a 303 leads; null: it answers none. */
  readonly leadsTo: string | null;
  /** Of the problems it may answer, by status. */
  readonly codes: Readonly<Record<string, readonly string[]>>;
}

export interface DocumentedParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: JsonObject;
}

export async function fetchDocument(rig: Rig): Promise<JsonObject> {
  const reply = await call(rig, '/openapi.json');
  if (reply.status !== 200 || !isJsonObject(reply.json)) throw new Error(`no document: ${reply.status} ${reply.text}`);
  return reply.json;
}

export function listOperations(document: JsonObject): DocumentedOperation[] {
  return Object.entries(at(document, 'paths')).flatMap(([path, methods]) =>
    Object.entries(object(methods)).map(([method, operation]) => readOperation(path, method, object(operation))),
  );
}

function readOperation(path: string, method: string, operation: JsonObject): DocumentedOperation {
  const { operationId, tags, parameters = [] } = operation;
  const responses = Object.entries(at(operation, 'responses'));
  const { 'x-scope': scope, 'x-role': role } = operation;
  return {
    id: String(operationId),
    method: method.toUpperCase(),
    path,
    tag: Array.isArray(tags) ? String(tags[0]) : '',
    scope: typeof scope === 'string' ? scope : null,
    role: ROLES.find((each) => each === role) ?? null,
    isAudited: method !== 'get' && operation['x-changes'] !== false,
    parameters: Array.isArray(parameters) ? parameters.map((parameter) => readParameter(object(parameter))) : [],
    bodies: schemasOf(isJsonObject(operation['requestBody']) ? operation['requestBody'] : {}),
    replies: Object.fromEntries(responses.map(([status, reply]) => [status, schemasOf(object(reply))])),
    leadsTo: typeOfLocation(operation),
    codes: Object.fromEntries(responses.map(([status, reply]) => [status, codesIn(object(reply)['description'])])),
  };
}

function typeOfLocation({ responses }: JsonObject): string | null {
  const reply = object(responses)['303'];
  if (reply === undefined) return null;
  const { schema } = at(at(object(reply), 'headers'), 'Location');
  return String(object(schema)['type']);
}

const readParameter = (parameter: JsonObject): DocumentedParameter => ({
  name: String(parameter['name']),
  in: parameter['in'] === 'path' ? 'path' : parameter['in'] === 'query' ? 'query' : 'header',
  required: parameter['required'] === true,
  schema: withExample(parameter),
});

function schemasOf({ content = {} }: JsonObject): Record<string, JsonObject> {
  const described = Object.entries(object(content)).map(([type, media]) => {
    return [type, withExample(object(media))];
  });
  return Object.fromEntries(described);
}

/** An example stands beside the schema; to make up values it is wanted in it. */
const withExample = ({ schema, example }: JsonObject): JsonObject => ({
  ...object(schema),
  ...(example !== undefined && { examples: [example] }),
});

function at(value: JsonObject, key: string): JsonObject {
  return object(value[key]);
}

function object(value: unknown): JsonObject {
  if (!isJsonObject(value)) throw new TypeError(`not an object: ${JSON.stringify(value)}`);
  return value;
}
