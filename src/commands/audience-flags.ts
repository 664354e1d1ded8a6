import type { Command } from 'commander';
import type { FilterBody, SendBody } from '../client/send-documents.ts';
import type { Scalar } from '../model/people-filter.ts';
import { CommandFailure, EXIT } from './exit.ts';

/** Who of the directory it is for, and who is left out. */
export interface AudienceFlags {
  readonly everybody?: boolean;
  readonly filterTag?: readonly string[];
  readonly filterAllTags?: readonly string[];
  readonly filterNoTag?: readonly string[];
  readonly filterAttribute?: readonly string[];
  readonly filterLocale?: readonly string[];
  readonly exclude?: string;
  readonly excludeTag?: readonly string[];
  readonly excludeRecipientsOf?: readonly string[];
}

export function addAudience(command: Command): Command {
  return command
    .option('--filter-tag <tags...>', 'to whoever of the directory has one of these tags')
    .option('--filter-all-tags <tags...>', 'and has all of these')
    .option('--filter-no-tag <tags...>', 'and none of these')
    .option('--filter-attribute <name=value...>', 'and this attribute; of the same name, one of the values')
    .option('--filter-locale <tags...>', 'and speaks one of these: de is also de-AT')
    .option('--everybody', 'to everybody the directory has')
    .option('--exclude <list>', 'leave these people out, separated by commas, however they are named')
    .option('--exclude-tag <tags...>', 'leave out whoever has one of these tags')
    .option('--exclude-recipients-of <ids...>', 'leave out all recipients of these notifications, ds-…');
}

type Exclude = NonNullable<SendBody['exclude']>;

/** Null: it is for nobody by a filter. */
export function readFilterFlags(flags: AudienceFlags): FilterBody | null {
  const { everybody, filterTag, filterAllTags, filterNoTag, filterAttribute, filterLocale } = flags;
  const tags = {
    ...(filterTag && { any: filterTag }),
    ...(filterAllTags && { all: filterAllTags }),
    ...(filterNoTag && { none: filterNoTag }),
  };
  const filter = {
    ...(everybody && { everybody }),
    ...(Object.keys(tags).length > 0 && { tags }),
    ...(filterAttribute && { attributes: readAttributes(filterAttribute) }),
    ...(filterLocale && { locale: filterLocale }),
  };
  return Object.keys(filter).length === 0 ? null : filter;
}

/** A body's part; empty: nobody is left out. */
export function readExcludeFlags(flags: AudienceFlags): { readonly exclude?: Exclude } {
  const { exclude: list, excludeTag, excludeRecipientsOf } = flags;
  const identities = list?.split(',').map((name) => name.trim());
  const exclude = {
    ...(identities && { identities: identities.filter((name) => name !== '') }),
    ...(excludeTag && { tags: excludeTag }),
    ...(excludeRecipientsOf && { notifications: excludeRecipientsOf }),
  };
  return Object.keys(exclude).length === 0 ? {} : { exclude };
}

function readAttributes(given: readonly string[]): NonNullable<FilterBody['attributes']> {
  const pairs = given.map((text) => {
    const at = text.indexOf('=');
    if (at > 0) return { name: text.slice(0, at), value: readScalar(text.slice(at + 1)) };
    throw new CommandFailure(`--filter-attribute ${text}: write it as name=value.`, EXIT.usage);
  });
  const groups = Map.groupBy(pairs, ({ name }) => name);
  return Object.fromEntries(
    Array.from(groups, ([name, some]) => [name, { in: some.map(({ value }) => value) }] as const),
  );
}

/** As JSON would have it: `7` is a number and `"7"` a text; whatever is no JSON is a text. */
function readScalar(text: string): Scalar {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : text;
  } catch {
    return text;
  }
}
