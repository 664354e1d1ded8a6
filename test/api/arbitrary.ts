import fc from 'fast-check';
import { isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';

/** How faithful a generated value is to its schema. */
export type Mood = 'valid' | 'nearly' | 'hostile';

/** Values of a schema; `nearly`: with one thing wrong somewhere; `hostile`: of no schema at all. */
export function valuesOf(schema: JsonObject, mood: Mood): fc.Arbitrary<Json> {
  if (mood === 'hostile') return HOSTILE;
  const valid = fitting(schema);
  return mood === 'valid'
    ? valid
    : fc.tuple(valid, fc.nat(), HOSTILE).map(([value, where, wrong]) => spoil(value, where, wrong));
}

/** Texts that have broken servers before. */
const NASTY = fc.constantFrom(
  '',
  ' ',
  '\0',
  '\ud800',
  '../../etc/passwd',
  "'; DROP TABLE notifications; --",
  '{"a":',
  '%00',
  '__proto__',
  'constructor',
  '<script>',
  '１２３',
  'e\u0301'.repeat(40),
  '9'.repeat(400),
  'x'.repeat(5_000),
);

const HOSTILE: fc.Arbitrary<Json> = fc.oneof(
  NASTY,
  fc.constantFrom<Json>(null, true, -1, 0, 1.5, 2 ** 53, 1e308),
  fc.jsonValue({ maxDepth: 3 }).map((value) => value as Json),
  fc.constantFrom(33, 1_000).map((depth) => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`) as Json),
);

function fitting(schema: JsonObject): fc.Arbitrary<Json> {
  const { anyOf, const: only, enum: choices, examples, type } = schema;
  if (only !== undefined) return fc.constant(only);
  if (Array.isArray(choices)) return fc.constantFrom(...choices);
  if (Array.isArray(anyOf)) return fc.oneof(...anyOf.map((branch) => fitting(objectOf(branch))));
  const made = ofType(String(type), schema);
  return Array.isArray(examples) && examples.length > 0
    ? fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...examples) }, made)
    : made;
}

function ofType(type: string, schema: JsonObject): fc.Arbitrary<Json> {
  const { minimum = 0, maximum = 1_000, minItems = 0, maxItems = 5 } = schema;
  switch (type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fc.integer({ min: Number(minimum), max: Number(maximum) });
    case 'null':
      return fc.constant(null);
    case 'array': {
      const maxLength = Math.min(Number(maxItems), 5);
      return fc.array(fitting(objectOf(schema['items'])), { minLength: Number(minItems), maxLength });
    }
    case 'object':
      return ofObject(schema);
    default:
      return ofText(schema);
  }
}

function ofText({ minLength = 0, maxLength = 40, pattern, format }: JsonObject): fc.Arbitrary<Json> {
  // What looks ahead cannot be made up; without it a few values fit a little less than they should.
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern.replaceAll(/\(\?[=!][^()]*\)/g, '')));
  if (format === 'date-time') {
    const days = fc.integer({ min: 1, max: 29 });
    return days.map((day) => new Date(START_OF_RIG + day * 86_400_000).toISOString());
  }
  return fc.string({ minLength: Number(minLength), maxLength: Math.min(Number(maxLength), 40), unit: 'binary' });
}

/** When the clock of the rig stands still. */
const START_OF_RIG = Date.parse('2026-03-01T10:00:00Z');

function ofObject({ properties = {}, required = [], additionalProperties, maxProperties = 5 }: JsonObject) {
  const fields = Object.entries(objectOf(properties)).map(([name, property]) => [name, fitting(objectOf(property))]);
  const needed = Array.isArray(required) ? required.map(String) : [];
  const known = fc.record(Object.fromEntries(fields), { requiredKeys: needed }) as fc.Arbitrary<JsonObject>;
  if (!isJsonObject(additionalProperties)) return known;
  const names = fc.string({ maxLength: 10 }).filter((name) => name !== '__proto__');
  const rest = fc.dictionary(names, fitting(additionalProperties), { maxKeys: Math.min(Number(maxProperties), 5) });
  return fc.tuple(rest, known).map(([more, some]): Json => ({ ...more, ...some }));
}

/** Puts something wrong at one of the places in a value, or takes what was there away. */
function spoil(value: Json, where: number, wrong: Json): Json {
  if (typeof value !== 'object' || value === null) return wrong;
  const keys = Object.keys(value);
  const key = keys[where % (keys.length + 1)];
  if (Array.isArray(value)) {
    if (key === undefined) return [...value, wrong];
    return value.with(Number(key), spoil(value[Number(key)] ?? null, Math.floor(where / 7), wrong));
  }
  if (key === undefined) return { ...value, [where % 2 === 0 ? 'unknown' : '']: wrong };
  const { [key]: old, ...rest } = value;
  return where % 5 === 0 ? rest : { ...rest, [key]: spoil(old ?? null, Math.floor(where / 7), wrong) };
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
