import type { JsonObject } from './json.ts';
import type { Person } from './person.ts';

/** People of the directory, by what it has of them: whoever fits all that is said. Absent: whatever it is. */
export interface PeopleFilter {
  readonly tags?: {
    /** One of them at least. */
    readonly any?: readonly string[];
    readonly all?: readonly string[];
    readonly none?: readonly string[];
  };
  /** By name; only what is a text, a number or true or false is ever equal. */
  readonly attributes?: Readonly<Record<string, AttributeRule>>;
  /** Language tags; `de` is also who speaks `de-AT`. */
  readonly locale?: readonly string[];
}

export type AttributeRule = { readonly equals: Scalar } | { readonly in: readonly Scalar[] };
export type Scalar = string | number | boolean;

type Described = Pick<Person, 'tags' | 'attributes' | 'locale'>;

export function fitsFilter(person: Described, { tags, attributes = {}, locale }: PeopleFilter): boolean {
  return (
    fitsTags(new Set(person.tags), tags) &&
    Object.entries(attributes).every(([name, rule]) => fitsRule(person.attributes, name, rule)) &&
    (locale === undefined || locale.some((tag) => speaks(person.locale, tag)))
  );
}

function fitsTags(tags: ReadonlySet<string>, { any, all = [], none = [] }: PeopleFilter['tags'] = {}): boolean {
  const has = (tag: string) => tags.has(tag);
  return (any === undefined || any.some(has)) && all.every(has) && !none.some(has);
}

function fitsRule(attributes: JsonObject, name: string, rule: AttributeRule): boolean {
  // What every object has by birth is nobody's attribute.
  if (!Object.hasOwn(attributes, name)) return false;
  const value = attributes[name];
  return 'equals' in rule ? value === rule.equals : rule.in.some((scalar) => value === scalar);
}

function speaks(locale: string | null, tag: string): boolean {
  const [spoken, wanted] = [locale?.toLowerCase() ?? '', tag.toLowerCase()];
  return spoken === wanted || spoken.startsWith(`${wanted}-`);
}
