import type { JsonObject } from '../model/json.ts';

/**
 * A call that failed. `status` is the HTTP status, null when no answer came; `code` is the server's own (a number on the
 * Kore routes, a word on the native ones), null when it gave none; `text` is what the server said,
 * `body` all of it when it was a JSON object.
 */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly status: number | null;
  readonly code: string | number | null;
  readonly text: string;
  readonly body: JsonObject | null;

  constructor(what: ClientErrorFacts) {
    super(what.status === null ? what.text : `${what.text} (HTTP ${what.status})`, { cause: what.cause });
    this.status = what.status;
    this.code = what.code;
    this.text = what.text;
    this.body = what.body ?? null;
  }
}

export interface ClientErrorFacts {
  readonly status: number | null;
  readonly code: string | number | null;
  readonly text: string;
  readonly body?: JsonObject | null;
  readonly cause?: unknown;
}
