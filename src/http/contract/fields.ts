import { type TSchema, Type } from 'typebox';

/** Fields that many operations have. What is said of them is said once. */

export const BOT_ID = Type.String({
  description: 'The bot: st-…',
  examples: ['st-736ff917-d836-55b4-9a6b-3dad20c09af3'],
});
export const NOTIFICATION_ID = Type.String({
  description: 'The notification: ds-…',
  examples: ['ds-1b7dd2ab-0d2c-5c4c-9d4a-2d5a6c0d9f10'],
});
export const CONNECTION_ID = Type.String({
  description: 'The connection: dc-…',
  examples: ['dc-5f0c2b7e-4d3a-5a69-8a59-0b6d4a8f2f11'],
});
export const PERSON_ID = Type.String({
  description: 'The person: u-…',
  examples: ['u-8ad3e2f0-6a0b-5a3e-a6f8-3f1c2b4d5e6f'],
});

export const OF_BOT = closed({ botId: BOT_ID });

export const LIMIT = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 500, default: 100, description: 'How many a page holds.' }),
);
export const CURSOR = Type.Optional(
  Type.String({
    description: 'The nextCursor of the page before, asked with the same filters; absent: the first page.',
  }),
);
export const PAGE = closed({ limit: LIMIT, cursor: CURSOR });
export const NOTHING = closed({});
export const DEFAULT_LIMIT = 100;

export const NEXT_CURSOR = nullable(Type.String(), 'What to ask the next page with; null: this is the last.');

export const TIME = Type.String({ format: 'date-time' });
export const COUNT = Type.Integer({ minimum: 0 });

/** An object that holds nothing else: a misspelt key must not be passed over. */
export function closed<Properties extends Record<string, TSchema>>(properties: Properties) {
  return Type.Object(properties, { additionalProperties: false });
}

export function nullable<Schema extends TSchema>(schema: Schema, description?: string) {
  return Type.Union([schema, Type.Null()], description === undefined ? {} : { description });
}

/** One of these words. */
export function oneOf<const Word extends string>(
  words: readonly Word[],
  options: { readonly description?: string } = {},
) {
  return Type.Unsafe<Word>({ type: 'string', enum: [...words], ...options });
}
