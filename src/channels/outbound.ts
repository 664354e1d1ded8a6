/**
 * The one way out: every provider call of every channel goes through `request`. It guards the target (no private
 * network unless the connection allows it), holds a total deadline, caps what is read, follows no redirect, and tells
 * "certainly not sent" from "may have been carried out".
 */
export interface Outbound {
  request(call: OutboundCall): Promise<OutboundResult>;
  close(): Promise<void>;
}

export interface OutboundCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Text is sent as UTF-8. */
  readonly body: string | Uint8Array | null;
  readonly signal: AbortSignal;
  readonly allowPrivateNetwork: boolean;
  /** How much of the answer is read; absent: 64 KiB. For lists, whose pages are long. */
  readonly maxBodyBytes?: number;
}

export type OutboundResult = OutboundResponse | OutboundFailure;

export interface OutboundResponse {
  readonly kind: 'response';
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** At most as much as the call said. */
  readonly body: string;
}

/**
 * `not_sent`: no byte of the request left (refused, DNS, TLS, connect timeout). `refused`: our own guard said no.
 * `ambiguous`: something was written and no whole, valid answer came back.
 */
export interface OutboundFailure {
  readonly kind: 'not_sent' | 'refused' | 'ambiguous';
  /** One clean sentence for a log; no URL query, no header, no body. */
  readonly detail: string;
  /** True when a deadline ended it. */
  readonly timedOut: boolean;
}
