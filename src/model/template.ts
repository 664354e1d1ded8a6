import type { Message } from './message.ts';

export const PARAMETER_TYPES = ['string', 'integer', 'number', 'boolean', 'date', 'url'] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];

/** What a template says of one of its parameters. Values are texts, whatever their type. */
export interface TemplateParameter {
  readonly type: ParameterType;
  /** Absent: yes, unless it has a default. */
  readonly required?: boolean;
  /** Stands where none is given. */
  readonly default?: string;
  readonly maxLength?: number;
  /** The only values it takes. */
  readonly enum?: readonly string[];
  readonly description?: string;
}

/** What is said in one language. */
export interface TemplateVariant {
  readonly message: Message;
  /** Instead of it on these channels, by their ids. */
  readonly channels: Readonly<Record<string, Message>>;
}

export interface Template {
  readonly parameters: Readonly<Record<string, TemplateParameter>>;
  /** By language tag (BCP 47), one at the least. */
  readonly variants: Readonly<Record<string, TemplateVariant>>;
  /** The tag of the variant for whoever speaks none of the others. */
  readonly default: string;
}

/** Which template a notification was made of; a version never changes. */
export interface TemplateKey {
  readonly name: string;
  readonly version: number;
}
