import type { Parameters } from '../model/message.ts';
import type { ParameterType, TemplateParameter } from '../model/template.ts';

export type FittedParameters =
  | { readonly ok: true; readonly values: Parameters | null }
  /** `what` reads on from the name: `is missing; …`. */
  | { readonly ok: false; readonly name: string; readonly what: string };

/** What a template's tokens stand for, by what it says of its parameters. Nothing is passed over: a misspelt name is told. */
export function fitParameters(
  declared: Readonly<Record<string, TemplateParameter>>,
  given: Parameters,
): FittedParameters {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(declared, name));
  if (unknown !== undefined) {
    const known = Object.keys(declared).join(', ');
    return {
      ok: false,
      name: unknown,
      what: known === '' ? 'is unknown: the template has none' : `is unknown; the template has ${known}`,
    };
  }
  const values: Record<string, string> = {};
  for (const [name, parameter] of Object.entries(declared)) {
    const value = Object.hasOwn(given, name) ? given[name] : parameter.default;
    if (value === undefined && parameter.required !== false) {
      return { ok: false, name, what: `is missing; the template requires it (${parameter.type})` };
    }
    const fault = value === undefined ? null : findValueFault(parameter, value);
    if (fault !== null) return { ok: false, name, what: fault };
    values[name] = value ?? '';
  }
  return { ok: true, values: Object.keys(values).length === 0 ? null : values };
}

/** Why a parameter cannot have this value, as it reads on from its name; null: it can. */
export function findValueFault({ type, maxLength, enum: allowed }: TemplateParameter, value: string): string | null {
  if (maxLength !== undefined && value.length > maxLength) {
    return `has ${value.length} characters; at most ${maxLength} are allowed`;
  }
  if (allowed !== undefined && !allowed.includes(value)) {
    return `must be one of ${allowed.map((each) => JSON.stringify(each)).join(', ')}`;
  }
  return IS_OF_TYPE[type](value) ? null : `must be ${SHOULD_BE[type]}`;
}

const IS_OF_TYPE: Readonly<Record<ParameterType, (value: string) => boolean>> = {
  string: () => true,
  integer: (value) => /^-?[0-9]+$/.test(value),
  number: (value) => /^-?[0-9]+(\.[0-9]+)?$/.test(value),
  boolean: (value) => value === 'true' || value === 'false',
  date: isDay,
  url: (value) => /^https?:\/\/\S+$/.test(value) && URL.canParse(value),
};

const SHOULD_BE: Readonly<Record<ParameterType, string>> = {
  string: 'a text',
  integer: 'a whole number, such as "12"',
  number: 'a number, such as "12.5"',
  boolean: '"true" or "false"',
  date: 'a day, such as "2026-03-01"',
  url: 'an address that begins with https:// or http://',
};

/** Of the calendar: there is no 30th of February. */
function isDay(value: string): boolean {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value)) return false;
  const at = Date.parse(`${value}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(value);
}
