import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { isJsonObject } from '../model/json.ts';

type SchemaError = ReturnType<typeof Value.Errors>[number];

export interface ShapeFault {
  /** The key relative to what was checked: `limits.perSecond`, `bots[0]`. */
  readonly key: string;
  readonly sentence: string;
}

/** What is wrong with a value's shape, at most one sentence for each key. Values are never repeated: they may be secret. */
export function explainShape(schema: TSchema, value: unknown): ShapeFault[] {
  const faults = new Map<string, ShapeFault>();
  for (const error of dropBranchErrors(Value.Errors(schema, value))) {
    for (const fault of explainError(schema, error)) {
      if (!faults.has(fault.key)) faults.set(fault.key, fault);
    }
  }
  return [...faults.values()];
}

/**
 * Of a value that fits no branch of a union, only the union's own error says something; of one that breaks a rule for
 * certain cases (`else`), only what the rule found.
 */
function dropBranchErrors(errors: readonly SchemaError[]): SchemaError[] {
  const unions = errors.filter((error) => error.keyword === 'anyOf').map((error) => `${error.schemaPath}/anyOf/`);
  const isExplained = ({ keyword, schemaPath }: SchemaError) =>
    keyword === 'if' && errors.some((error) => error.schemaPath.startsWith(`${schemaPath}/else`));
  return errors.filter((error) => !unions.some((path) => error.schemaPath.startsWith(path)) && !isExplained(error));
}

function explainError(schema: TSchema, error: SchemaError): ShapeFault[] {
  const key = keyOfPointer(error.instancePath);
  if (error.keyword === 'required') {
    return error.params.requiredProperties.map((name) => ({ key: joinKey(key, name), sentence: 'is missing.' }));
  }
  if (error.keyword === 'additionalProperties') {
    return error.params.additionalProperties.map((name) => ({
      key: joinKey(key, name),
      sentence: 'is not a key here.',
    }));
  }
  return [{ key, sentence: explainValue(error, schemaAt(schema, error.schemaPath)) }];
}

function explainValue(error: SchemaError, schema: Readonly<Record<string, unknown>>): string {
  switch (error.keyword) {
    case 'boolean':
      return 'is not a key here.';
    case 'type':
      return explainType(error.params.type);
    case 'minLength':
      return error.params.limit === 1 ? 'is empty.' : `is too short: at least ${error.params.limit} characters.`;
    case 'maxLength':
      return `is too long: at most ${error.params.limit} characters.`;
    case 'minimum':
    case 'maximum':
      return `must be ${error.params.comparison === '<=' ? 'at most' : 'at least'} ${error.params.limit}.`;
    case 'minItems':
      return `needs at least ${error.params.limit} ${error.params.limit === 1 ? 'entry' : 'entries'}.`;
    case 'uniqueItems':
      return 'names the same thing twice.';
    case 'const':
      return `must be ${String(error.params.allowedValue)}.`;
    case 'enum':
      return explainChoices(error.params.allowedValues);
    case 'anyOf':
      return explainUnion(schema);
    default:
      return typeof schema['description'] === 'string'
        ? `does not look right; expected: ${schema['description']}.`
        : `${error.message}.`;
  }
}

function explainType(type: string | readonly string[]): string {
  const names: Readonly<Record<string, string>> = {
    string: 'text; put quotes around a value that reads as a number or as true or false',
    object: 'a mapping of keys',
    array: 'a list',
    boolean: 'true or false',
    integer: 'a whole number',
    number: 'a number',
  };
  return `must be ${[type]
    .flat()
    .map((name) => names[name] ?? name)
    .join(', or ')}.`;
}

function explainUnion(schema: Readonly<Record<string, unknown>>): string {
  const branches = Array.isArray(schema['anyOf']) ? schema['anyOf'] : [];
  const choices = branches.map((branch: unknown) => (isJsonObject(branch) ? branch['const'] : undefined));
  return choices.length > 0 && choices.every((choice) => choice !== undefined)
    ? explainChoices(choices)
    : 'has none of the forms that are allowed here.';
}

function explainChoices(choices: readonly unknown[]): string {
  return `must be one of ${choices.map(String).join(', ')}.`;
}

/** `/limits/perSecond` → `limits.perSecond`; a list's index takes brackets. */
function keyOfPointer(pointer: string): string {
  return decodePointer(pointer).reduce(joinKey, '');
}

export function joinKey(path: string, name: string): string {
  if (/^[0-9]+$/.test(name)) return `${path}[${name}]`;
  return path === '' ? name : `${path}.${name}`;
}

function schemaAt(schema: TSchema, path: string): Readonly<Record<string, unknown>> {
  let at: unknown = schema;
  for (const step of decodePointer(path.slice(1))) {
    at = typeof at === 'object' && at !== null ? Reflect.get(at, step) : null;
  }
  return isJsonObject(at) ? at : {};
}

function decodePointer(pointer: string): string[] {
  const steps = pointer.split('/').slice(1);
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
