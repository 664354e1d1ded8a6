import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { type Problem, quoteValue } from './problem.ts';

/**
 * Reads the keys of one JSON object with their types checked. A fault is noted and reads as absent, so that one pass
 * finds everything that is wrong with a line. `null`, an empty string and a missing key all mean absent.
 */
export class JsonFields {
  readonly #object: JsonObject;
  readonly #prefix: string;
  readonly #problems: Problem[];

  constructor(object: JsonObject, prefix: string, problems: Problem[]) {
    this.#object = object;
    this.#prefix = prefix;
    this.#problems = problems;
  }

  /** Typing errors in keys must not lose data silently. */
  refuseOthers(known: ReadonlySet<string>): void {
    for (const key of Object.keys(this.#object)) {
      if (known.has(key)) continue;
      this.report(quoteKey(key), `is not a known key; there are ${[...known].join(', ')}`);
    }
  }

  isAbsent(key: string): boolean {
    const value = this.#get(key);
    return value === null || value === '' || (Array.isArray(value) && value.length === 0);
  }

  /** Text with the space around it taken away, as it comes with cells that people typed. */
  text(key: string, maxLength: number): string | null {
    const value = this.#get(key);
    return value === null ? null : this.#checkText(key, value, maxLength)?.trim() || null;
  }

  /** Text exactly as it was given. */
  exactText(key: string, maxLength: number): string | null {
    const value = this.#get(key);
    return value === null ? null : this.#checkText(key, value, maxLength) || null;
  }

  /** Texts without the space around them; empty and repeated ones are left out. */
  texts(key: string, limits: { readonly maxItems: number; readonly maxLength: number }): string[] {
    const items = this.list(key, limits.maxItems);
    const texts = items.map((item, index) => this.#checkText(`${key}[${index}]`, item, limits.maxLength)?.trim() ?? '');
    return [...new Set(texts.filter((text) => text !== ''))];
  }

  list(key: string, maxItems: number): readonly Json[] {
    const value = this.#get(key);
    if (value === null) return [];
    if (!Array.isArray(value)) return this.#refuse(key, `must be a list, not ${kindOf(value)}`, []);
    if (value.length > maxItems) return this.#refuse(key, `has ${value.length} entries; at most ${maxItems} fit`, []);
    return value;
  }

  object(key: string): JsonObject | null {
    const value = this.#get(key);
    if (value === null || isJsonObject(value)) return value;
    return this.#refuse(key, `must be an object, not ${kindOf(value)}`, null);
  }

  /** An object whose values are all texts; null when it is absent or empty. */
  textMap(key: string, maxLength: number): Record<string, string> | null {
    const texts: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.object(key) ?? {})) {
      const fault = name === '__proto__' ? 'is not allowed as a key' : findTextFault(name, maxLength);
      if (typeof value === 'string' && fault === null && findTextFault(value, maxLength) === null) texts[name] = value;
      else this.#refuseEntry(`${key}.${quoteKey(name)}`, fault, value, maxLength);
    }
    return Object.keys(texts).length === 0 ? null : texts;
  }

  report(key: string, message: string): void {
    this.#problems.push({ field: `${this.#prefix}${key}`, message });
  }

  #get(key: string): Json {
    return Object.hasOwn(this.#object, key) ? (this.#object[key] ?? null) : null;
  }

  #refuseEntry(place: string, keyFault: string | null, value: Json, maxLength: number): void {
    if (keyFault === null) this.#checkText(place, value, maxLength);
    else this.report(place, keyFault);
  }

  #checkText(place: string, value: Json, maxLength: number): string | null {
    if (typeof value !== 'string') return this.#refuse(place, `must be a text, not ${kindOf(value)}`, null);
    const fault = findTextFault(value, maxLength);
    return fault === null ? value : this.#refuse(place, fault, null);
  }

  #refuse<T>(key: string, message: string, instead: T): T {
    this.report(key, message);
    return instead;
  }
}

/** Databases and providers refuse NUL and halves of surrogate pairs, so they must not get in. */
function findTextFault(text: string, maxLength: number): string | null {
  if (text.length > maxLength) return `is ${text.length} characters long; at most ${maxLength} fit`;
  if (text.includes('\0')) return 'holds a NUL character';
  if (!text.isWellFormed()) return 'holds half of a surrogate pair, which is not valid Unicode';
  return null;
}

function kindOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${value}`.slice(0, 40);
}

function quoteKey(key: string): string {
  return /^[\w$-]{1,64}$/.test(key) ? key : quoteValue(key);
}
