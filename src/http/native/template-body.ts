import { type Static, Type } from 'typebox';
import { PARAMETER_TYPES } from '../../model/template.ts';
import { MAX_PARAMETER_CHARS, MAX_PARAMETERS } from '../accept/asked.ts';
import { BOT_ID, closed, NEXT_CURSOR, nullable, oneOf, TIME } from '../contract/fields.ts';
import { NATIVE, TEXT } from './send-body.ts';

const MAX_VARIANTS = 100;
/** Of a whole definition, as JSON. It travels with each notification that is made of it. */
export const MAX_TEMPLATE_BYTES = 256 * 1024;

export const TEMPLATE_NAME = Type.String({
  pattern: '^[a-z0-9][a-z0-9._-]{0,63}$',
  description: 'Small letters, digits, dots, dashes and underscores; at most 64.',
  examples: ['welcome'],
});
export const TEMPLATE_VERSION = Type.Integer({
  minimum: 1,
  maximum: 999_999_999,
  description: 'Which version; absent: the newest.',
});
export const OF_TEMPLATE = closed({ botId: BOT_ID, template: TEMPLATE_NAME });

const VALUE = Type.String({ maxLength: MAX_PARAMETER_CHARS });

const PARAMETER = closed({
  type: oneOf(PARAMETER_TYPES, {
    description: 'Values are texts all the same: "12", "true", "2026-03-01", "https://…".',
  }),
  required: Type.Optional(Type.Boolean({ description: 'Absent: yes, unless it has a default.' })),
  default: Type.Optional(VALUE),
  maxLength: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PARAMETER_CHARS })),
  enum: Type.Optional(Type.Array(VALUE, { minItems: 1, maxItems: 50, description: 'The only values it takes.' })),
  description: Type.Optional(Type.String({ maxLength: 500 })),
});

const SAYS = Type.Union([TEXT, NATIVE]);

const VARIANT = closed({
  message: SAYS,
  channels: Type.Optional(
    Type.Unsafe<Readonly<Record<string, Static<typeof SAYS>>>>({
      type: 'object',
      description: 'Instead of it on these channels: msteams, slack, email, …',
      additionalProperties: SAYS,
      maxProperties: 20,
    }),
  ),
});

const DEFINITION = {
  description: Type.Optional(Type.String({ maxLength: 500, description: 'For those who look for it.' })),
  parameters: Type.Optional(
    Type.Unsafe<Readonly<Record<string, Static<typeof PARAMETER>>>>({
      type: 'object',
      description: 'What the {name} tokens of all variants stand for; each token has to be declared.',
      additionalProperties: PARAMETER,
      maxProperties: MAX_PARAMETERS,
    }),
  ),
  variants: Type.Unsafe<Readonly<Record<string, Static<typeof VARIANT>>>>({
    type: 'object',
    description: 'What is said, by language tag (BCP 47): en, hi, pt-BR.',
    additionalProperties: VARIANT,
    minProperties: 1,
    maxProperties: MAX_VARIANTS,
  }),
  default: Type.String({
    maxLength: 64,
    description: 'The tag of the variant for whoever speaks none of the others.',
    examples: ['en'],
  }),
};

export const TEMPLATE_BODY = Type.Object(DEFINITION, {
  additionalProperties: false,
  examples: [
    {
      parameters: { name: { type: 'string', maxLength: 80 }, place: { type: 'string', default: '1.04' } },
      variants: {
        en: {
          message: { type: 'text', val: 'Welcome, {name}! You sit in {place}.' },
          channels: { email: { type: 'native', payload: { subject: 'Welcome', text: 'Welcome, {name}!' } } },
        },
        hi: { message: { type: 'text', val: 'स्वागत है, {name}! आप {place} में बैठते हैं।' } },
      },
      default: 'en',
    },
  ],
});

export type TemplateBody = Static<typeof TEMPLATE_BODY>;

const SUMMARY = {
  name: Type.String(),
  version: Type.Integer({ minimum: 1, description: 'The first is 1. A version never changes.' }),
  createdAt: TIME,
  createdBy: Type.String({ description: 'u-…' }),
};

export const TEMPLATE_SUMMARY = Type.Object(SUMMARY, {
  $id: 'TemplateSummary',
  description: 'A version of a template, without what it says.',
});

export const TEMPLATE = Type.Object(
  {
    ...SUMMARY,
    latest: Type.Integer({ minimum: 1, description: 'The newest version.' }),
    archivedAt: nullable(TIME, 'Null: it can be sent.'),
    ...DEFINITION,
  },
  { $id: 'Template', description: 'A version of a template.' },
);

export const TEMPLATE_PAGE = Type.Object({
  templates: Type.Array(Type.Ref('TemplateSummary#')),
  nextCursor: NEXT_CURSOR,
});
