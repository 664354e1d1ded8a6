import type { Ask } from './client.ts';
import type { SendBody } from './send-documents.ts';
import type { Template, TemplateDefinition, TemplatePage, TemplatePreview } from './template-documents.ts';

export interface TemplateRequest {
  readonly botId: string;
  readonly name: string;
  readonly signal?: AbortSignal;
}

export interface PutTemplate extends TemplateRequest {
  readonly definition: TemplateDefinition;
  /** Only if this is the newest version; 0: only if there is none. Absent: whatever there is. */
  readonly expected?: number;
}

export interface TemplateListRequest {
  readonly botId: string;
  /** 1 to 500. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
  readonly signal?: AbortSignal;
}

export interface PreviewRequest extends TemplateRequest {
  readonly version?: number;
  readonly channel: string;
  readonly connection?: string;
  readonly recipients: SendBody['recipients'];
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface TemplateCalls {
  /** Makes a new version, unless the newest says the same. */
  put(request: PutTemplate): Promise<Template>;
  /** Absent version: the newest. */
  get(request: TemplateRequest & { readonly version?: number }): Promise<Template>;
  /** Those in use, by name. */
  list(request: TemplateListRequest): Promise<TemplatePage>;
  /** Newest first. */
  versions(request: TemplateListRequest & { readonly name: string }): Promise<TemplatePage>;
  /** What each of these would be sent over a channel; at most a hundred. Sends nothing. */
  preview(request: PreviewRequest): Promise<readonly TemplatePreview[]>;
  /** It can be sent no more. What was accepted is sent. */
  archive(request: TemplateRequest): Promise<void>;
}

export function createTemplateCalls(base: string, ask: Ask): TemplateCalls {
  const all = (botId: string) => `${base}/api/v1/bots/${encodeURIComponent(botId)}/templates`;
  const one = ({ botId, name }: Pick<TemplateRequest, 'botId' | 'name'>) => `${all(botId)}/${encodeURIComponent(name)}`;
  const page = (url: string, { limit, cursor, signal }: TemplateListRequest) => {
    const given = Object.entries({ limit, cursor }).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    );
    return ask<TemplatePage>('GET', `${url}?${new URLSearchParams(given)}`, signal);
  };
  return {
    put: ({ definition, expected, signal, ...key }) =>
      ask('PUT', one(key), signal, { body: definition, headers: conditionOf(expected) }),
    get: ({ version, signal, ...key }) =>
      ask('GET', version === undefined ? one(key) : `${one(key)}?version=${version}`, signal),
    list: (request) => page(all(request.botId), request),
    versions: (request) => page(`${one(request)}/versions`, request),
    preview: async ({ botId, name, signal, ...body }) => {
      const answer = await ask<{ previews: TemplatePreview[] }>('POST', `${one({ botId, name })}/preview`, signal, {
        body,
      });
      return answer.previews;
    },
    archive: ({ signal, ...key }) => ask('DELETE', one(key), signal),
  };
}

function conditionOf(expected: number | undefined): Readonly<Record<string, string>> {
  if (expected === undefined) return {};
  return expected === 0 ? { 'if-none-match': '*' } : { 'if-match': `"${expected}"` };
}
