import type { TemplateParameter } from '../model/template.ts';
import type { NativeMessage, Rehearsed, TextMessage } from './send-documents.ts';

/** What a template says. */
export interface TemplateDefinition {
  readonly description?: string;
  /** What the `{name}` tokens stand for; each has to be declared. */
  readonly parameters?: Readonly<Record<string, TemplateParameter>>;
  /** By language tag. */
  readonly variants: Readonly<Record<string, TemplateVariant>>;
  /** The tag of the variant for whoever speaks none of the others. */
  readonly default: string;
}

export interface TemplateVariant {
  readonly message: TextMessage | NativeMessage;
  /** Instead of it on these channels. */
  readonly channels?: Readonly<Record<string, TextMessage | NativeMessage>>;
}

export interface TemplateSummary {
  readonly name: string;
  readonly version: number;
  readonly createdAt: string;
  /** `u-…` */
  readonly createdBy: string;
}

/** A version of a template, which never changes. */
export interface Template extends TemplateSummary, TemplateDefinition {
  readonly latest: number;
  /** Null: it can be sent. */
  readonly archivedAt: string | null;
}

export interface TemplatePage {
  readonly templates: readonly TemplateSummary[];
  /** Null: this is the last. */
  readonly nextCursor: string | null;
}

export interface TemplatePreview extends Rehearsed {
  /** Why they would not get it; null: nothing is known against it. */
  readonly fault: { readonly reason: string; readonly detail: string | null } | null;
}
