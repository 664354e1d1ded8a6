import type { Notification } from './notification-documents.ts';
import type { FilterBody } from './send-documents.ts';

type Exclude = NonNullable<NonNullable<Notification['audience']>['exclude']>;

/** In words, who was looked for: `tagged employees or interns; not tagged contractors; country is DE or AT; speaks de`. */
export function describeFilter({ tags = {}, attributes = {}, locale }: FilterBody): string {
  const { any, all, none } = tags;
  const rules = Object.entries(attributes).map(([name, rule]) =>
    'equals' in rule ? `${name} is ${rule.equals}` : `${name} is ${rule.in.join(' or ')}`,
  );
  const parts = [
    ...(any ? [`tagged ${any.join(' or ')}`] : []),
    ...(all ? [`tagged ${all.join(' and ')}`] : []),
    ...(none ? [`not tagged ${none.join(' or ')}`] : []),
    ...rules,
    ...(locale ? [`speaks ${locale.join(' or ')}`] : []),
  ];
  return parts.length === 0 ? 'everybody' : parts.join('; ');
}

/** In words, who was left out: `3 by name; tagged on-leave; recipients of ds-…`. */
export function describeExclude({ identities, tags, notifications }: Exclude): string {
  return [
    ...(identities > 0 ? [`${identities} by name`] : []),
    ...(tags.length > 0 ? [`tagged ${tags.join(' or ')}`] : []),
    ...(notifications.length > 0 ? [`recipients of ${notifications.join(', ')}`] : []),
  ].join('; ');
}
