import { type Static, Type } from 'typebox';
import type { AudienceSource, Exclusion } from '../../../model/audience.ts';
import type { AttributeRule, PeopleFilter } from '../../../model/people-filter.ts';
import { MAX_IDENTITIES } from '../../accept/asked.ts';
import type { ChannelFacts } from '../../accept/channel-catalog.ts';
import { escapeKey } from '../../contract/explain.ts';
import { closed } from '../../contract/fields.ts';
import { wrong } from '../wrong.ts';

const tags = (description: string) =>
  Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { minItems: 1, maxItems: 20, description }));

const SCALAR = Type.Union([Type.String({ maxLength: 1_000 }), Type.Number(), Type.Boolean()], {
  description: 'a text, a number, true or false',
});

const RULE = closed({
  equals: Type.Optional(SCALAR),
  in: Type.Optional(Type.Array(SCALAR, { minItems: 1, maxItems: 100 })),
});

export const FILTER = Type.Object(
  {
    everybody: Type.Optional(
      Type.Literal(true, { description: 'Everybody the directory has; so that it is never asked for by mistake.' }),
    ),
    tags: Type.Optional(
      closed({
        any: tags('Whoever has one of them at least.'),
        all: tags('And all of these.'),
        none: tags('And none of these.'),
      }),
    ),
    attributes: Type.Optional(
      Type.Unsafe<Record<string, Static<typeof RULE>>>({
        type: 'object',
        description:
          'By name: what it equals, or what it is one of. Texts, numbers, true and false are compared as they are.',
        additionalProperties: RULE,
        minProperties: 1,
        maxProperties: 20,
      }),
    ),
    locale: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 35 }), {
        minItems: 1,
        maxItems: 50,
        description: 'Language tags; `de` is also who speaks `de-AT`.',
      }),
    ),
  },
  {
    additionalProperties: false,
    description: 'Whoever of the directory fits all that is said.',
    examples: [{ tags: { any: ['employees'], none: ['contractors'] }, attributes: { country: { in: ['DE', 'AT'] } } }],
  },
);

/** In place of a list of recipients. */
export const BY_FILTER = closed({ filter: FILTER });

export const EXCLUDE = closed({
  identities: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 2048 }), {
      minItems: 1,
      maxItems: MAX_IDENTITIES,
      description: 'These people, by whichever of their names they are sent it.',
    }),
  ),
  tags: tags('Whoever has one of them.'),
  notifications: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      minItems: 1,
      maxItems: 10,
      description: 'All recipients of these notifications of the bot, whatever became of them.',
    }),
  ),
});

/** What a filter that fits its schema asks for; refuses what no schema can say. */
export function readFilter(
  { everybody, ...filter }: Static<typeof FILTER>,
  { identityKey }: Pick<ChannelFacts, 'identityKey'>,
): AudienceSource {
  const place = '/recipients/filter';
  const rules = Object.entries(filter.attributes ?? {}).map(([name, rule]) => {
    return [name, readRule(rule, `${place}/attributes/${escapeKey(name)}`)] as const;
  });
  const { tags, locale } = filter;
  const isNarrow = Object.keys(tags ?? {}).length + rules.length > 0 || locale !== undefined;
  if (!isNarrow && everybody === undefined) {
    throw wrong(place, 'says nothing; for everybody the directory has say so: {"everybody": true}');
  }
  if (isNarrow && everybody !== undefined) throw wrong(`${place}/everybody`, 'leaves no room for more: leave it out');
  return {
    kind: 'filter',
    filter: {
      ...(tags && { tags: tags as NonNullable<PeopleFilter['tags']> }),
      ...(rules.length > 0 && { attributes: Object.fromEntries(rules) }),
      ...(locale && { locale }),
    },
    prefers: identityKey === 'phoneNumber' ? 'phone' : 'email',
  };
}

/** As it was asked for. */
export function showFilter(filter: PeopleFilter): Static<typeof FILTER> {
  if (Object.keys(filter).length === 0) return { everybody: true };
  return structuredClone(filter) as Static<typeof FILTER>;
}

function readRule({ equals, in: some }: Static<typeof RULE>, place: string): AttributeRule {
  if (equals !== undefined && some === undefined) return { equals };
  if (some !== undefined && equals === undefined) return { in: some };
  throw wrong(place, 'needs either equals or in');
}

export function readExclusion(exclude: Static<typeof EXCLUDE>): Exclusion {
  if (Object.keys(exclude).length === 0)
    throw wrong('/exclude', 'names nobody: give identities, tags or notifications');
  return exclude as Exclusion;
}
