import type { Json } from '../../model/json.ts';

const MAX_FORMATTERS = 64;
const MAX_QUESTION_CHARS = 4_096;

type Answer = { readonly value: Json } | { readonly error: string };
type Ask = (values: readonly Json[]) => Json;

const formatters = new Map<string, Ask>();

/**
 * What this process's Intl says to a question `[kind, locales, options, method, values]` that came out of the sandbox
 * as JSON text. It is a function of the text alone, so it may be asked twice. Any text is answered; faults are too.
 */
export function answerIntl(key: string): Answer {
  if (key.length > MAX_QUESTION_CHARS) return { error: 'koreUtil.intl was asked something too long' };
  try {
    const question: Json = JSON.parse(key);
    if (!Array.isArray(question)) return { error: 'koreUtil.intl was asked nothing' };
    const [kind, locales, options, , values] = question;
    if (typeof kind !== 'string' || !Array.isArray(values)) return { error: 'koreUtil.intl was asked nothing' };
    return { value: formatterFor(kind, locales, options)(values) };
  } catch (error) {
    return { error: error instanceof RangeError || error instanceof TypeError ? error.message : 'Intl failed' };
  }
}

function formatterFor(kind: string, locales: Json | undefined, options: Json | undefined): Ask {
  const key = JSON.stringify([kind, locales, options]);
  const known = formatters.get(key);
  if (known !== undefined) return known;
  const made = makeFormatter(kind, readLocales(locales), readOptions(options));
  const [oldest] = formatters.keys();
  if (formatters.size >= MAX_FORMATTERS && oldest !== undefined) formatters.delete(oldest);
  formatters.set(key, made);
  return made;
}

const readLocales = (value: Json | undefined): string[] =>
  (Array.isArray(value) ? value : [value]).filter((entry) => typeof entry === 'string');

const readOptions = (value: Json | undefined): Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};

function makeFormatter(kind: string, locales: string[], options: Record<string, Json>): Ask {
  switch (kind) {
    case 'NumberFormat': {
      const format = new Intl.NumberFormat(locales, options);
      return ([value]) => format.format(Number(value));
    }
    case 'DateTimeFormat': {
      // Never this machine's own zone: every node must write the same.
      const format = new Intl.DateTimeFormat(locales, { timeZone: 'UTC', ...options });
      return ([value]) => format.format(Number(value));
    }
    case 'Collator': {
      const collator = new Intl.Collator(locales, options);
      return ([one, other]) => collator.compare(String(one), String(other));
    }
    case 'PluralRules': {
      const rules = new Intl.PluralRules(locales, options);
      return ([value]) => rules.select(Number(value));
    }
    case 'RelativeTimeFormat': {
      const format = new Intl.RelativeTimeFormat(locales, options);
      return ([value, unit]) => format.format(Number(value), readUnit(unit));
    }
    case 'ListFormat': {
      const format = new Intl.ListFormat(locales, options);
      return ([list]) => format.format(readLocales(list));
    }
    default:
      throw new RangeError(`koreUtil.intl has no ${kind.slice(0, 32)}`);
  }
}

const UNITS = ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'] as const;

function readUnit(value: Json | undefined): Intl.RelativeTimeFormatUnit {
  const unit = UNITS.find((known) => known === value || `${known}s` === value);
  if (unit === undefined) throw new RangeError(`${String(value).slice(0, 32)} is no unit of time`);
  return unit;
}
