import type { FilterBody, SendBody, SendRecipient } from '../../../client/send-documents.ts';
import type { Exclusion } from '../../../model/audience.ts';
import type { Scalar } from '../../../model/people-filter.ts';
import type { ExclusionDraft, FilterDraft } from './draft.ts';
import type { RecipientsFile } from './recipients-file.ts';

export type Named = string | SendRecipient;

/** What one call takes; more are uploaded in chunks. */
export const MAX_IN_CALL = 1_000;

/** Who gets a notification, as far as this page knows. */
export type Audience =
  | { readonly from: 'pasted'; readonly sample: readonly Named[]; readonly total: number }
  | {
      readonly from: 'file';
      readonly sample: readonly Named[];
      readonly total: number;
      /** Null: it has to be chosen (again). */
      readonly file: RecipientsFile | null;
    }
  | {
      readonly from: 'directory';
      readonly sample: readonly Named[];
      /** Null: there are more than were looked at. */
      readonly total: number | null;
      readonly filter: FilterBody;
    };

/** Nobody was said. A filter that fits nobody at present may fit somebody when it is sent. */
export const isNobody = (audience: Audience): boolean =>
  audience.from === 'directory' ? Object.keys(audience.filter).length === 0 : audience.total === 0;

/** As one call says it; null: it takes more than one, to upload them. */
export function inOneCall(audience: Audience): SendBody['recipients'] | null {
  if (audience.from === 'directory') return { filter: audience.filter };
  return audience.from === 'pasted' && audience.sample.length <= MAX_IN_CALL ? audience.sample : null;
}

/** Whoever is named in a text: one a line, or parted by commas or semicolons, as mail programs copy them too. */
export const readPasted = (text: string): string[] =>
  text
    .split(/[\n,;]+/)
    .map((part) => /<([^<>]+)>\s*$/.exec(part)?.[1] ?? part)
    .map((part) => part.trim())
    .filter((part) => part !== '');

export const identityOf = (named: Named): string =>
  typeof named === 'string' ? named : (named.identity ?? named.email ?? named.phoneNumber ?? named.spaceId ?? '');

/** What fits; what is left empty asks for nothing. */
export function readFilter({ everybody, any, all, none, locale, attributes }: FilterDraft): FilterBody {
  if (everybody) return { everybody: true };
  const tags = { ...list('any', any), ...list('all', all), ...list('none', none) };
  const rules = attributes.split('\n').flatMap((line) => {
    const [, name = '', values = ''] = /^([^=]+)=(.*)$/.exec(line) ?? [];
    const some = words(values).flatMap(scalarsOf);
    return some.length === 0 ? [] : [[name.trim(), { in: some }] as const];
  });
  return {
    ...(Object.keys(tags).length > 0 && { tags }),
    ...(rules.length > 0 && { attributes: Object.fromEntries(rules) }),
    ...list('locale', locale),
  };
}

/** Null: nobody is left out. */
export function readExclusion({ identities, tags, notifications }: ExclusionDraft): Exclusion | null {
  const exclude = {
    ...(identities.trim() !== '' && { identities: readPasted(identities) }),
    ...list('tags', tags),
    ...list('notifications', notifications),
  };
  return Object.keys(exclude).length === 0 ? null : exclude;
}

const list = <Key extends string>(key: Key, text: string): Partial<Record<Key, string[]>> => {
  const found = words(text);
  return found.length === 0 ? {} : ({ [key]: found } as Record<Key, string[]>);
};

const words = (text: string): string[] =>
  text
    .split(/[\n,;]+/)
    .map((word) => word.trim())
    .filter((word) => word !== '');

/** Nobody can see whether a directory has 6 or "6", so both are meant. */
function scalarsOf(word: string): Scalar[] {
  if (word === 'true' || word === 'false') return [word === 'true', word];
  const number = Number(word);
  return Number.isFinite(number) ? [number, word] : [word];
}
