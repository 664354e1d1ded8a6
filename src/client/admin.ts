import type { AuditHead, AuditRecord } from '../model/audit.ts';
import type { Call } from './exchange.ts';

/** A change and who asked for it; `hash` is SHA-256 over [previous, botId, seq, at, …] as JSON. Times are ISO 8601. */
export interface AuditEntry extends Omit<AuditRecord, 'at'> {
  readonly kind: 'change';
  readonly at: string;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** Where the chain ends. */
  readonly head: AuditHead;
  readonly nextCursor: string | null;
}

/** `botId` null: what is of no one bot. */
export interface AuditRequest {
  readonly botId: string | null;
  readonly signal?: AbortSignal;
}

/** For apps of kind `admin`. All calls reject with `ClientError`. */
export interface Admin {
  /** Newest first. */
  audit(request: AuditRequest & { readonly limit?: number; readonly cursor?: string }): Promise<AuditPage>;
  /** NDJSON as it arrives: the chain from its first entry on, its head, then every send. */
  exportAudit(request: AuditRequest): Promise<ReadableStream<Uint8Array>>;
}

/** What the calls of `Admin` are made of. */
export interface AdminCalls {
  /** `…/api/v1/admin` */
  readonly url: string;
  ask<T>(method: Call['method'], url: string, signal: AbortSignal | undefined): Promise<T>;
  stream(
    url: string,
    mediaType: 'application/x-ndjson',
    signal: AbortSignal | undefined,
  ): Promise<ReadableStream<Uint8Array>>;
}

export function createAdmin({ url, ask, stream }: AdminCalls): Admin {
  const auditUrl = ({ botId }: AuditRequest, page: Readonly<Record<string, string | number>> = {}) => {
    const query = { ...(botId !== null && { botId }), ...page };
    return `${url}/audit?${new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]))}`;
  };
  return {
    audit: ({ signal, botId, ...page }) => ask('GET', auditUrl({ botId }, page), signal),
    exportAudit: (request) => stream(auditUrl(request), 'application/x-ndjson', request.signal),
  };
}
