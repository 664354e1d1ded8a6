import type { Audited } from './audit.ts';

/** What is said, by name and version. */
export interface Templates {
  /** Makes a new version of what is said, unless the newest says the same already; brings back one that was archived. */
  putTemplate(request: Audited & PutTemplate): Promise<PutTemplateResult>;
  /** `version` null: the newest. Archived ones are found too. */
  findTemplate(request: {
    readonly botId: string;
    readonly name: string;
    readonly version: number | null;
  }): Promise<FoundTemplate | null>;
  /** The newest version of each that is not archived, by name. */
  listTemplates(request: TemplatePage): Promise<TemplateSummary[]>;
  /** Newest first, beginning below `before`. */
  listTemplateVersions(request: {
    readonly botId: string;
    readonly name: string;
    readonly before: number;
    readonly limit: number;
  }): Promise<TemplateSummary[]>;
  /** False: there was none, or it was archived before. */
  archiveTemplate(
    request: Audited & { readonly botId: string; readonly name: string; readonly at: number },
  ): Promise<boolean>;
}

export interface PutTemplate {
  readonly botId: string;
  readonly name: string;
  /** JSON; what is the same text says the same. */
  readonly definition: string;
  readonly createdBy: string;
  readonly at: number;
  /** Which version has to be the newest; 0: there must be none that is not archived; null: whatever there is. */
  readonly expected: number | null;
}

export interface PutTemplateResult {
  /** `revived`: the same as before it was archived. `conflict`: another version was expected, and nothing was changed. */
  readonly kind: 'new' | 'same' | 'revived' | 'conflict';
  /** The newest, 0: none. */
  readonly version: number;
}

export interface TemplatePage {
  readonly botId: string;
  readonly afterName: string;
  readonly limit: number;
}

export interface TemplateSummary {
  readonly name: string;
  readonly version: number;
  readonly createdBy: string;
  readonly createdAt: number;
}

export interface FoundTemplate extends TemplateSummary {
  readonly latest: number;
  readonly archivedAt: number | null;
  readonly definition: string;
}
