import type { Ask } from './client.ts';

/** A connection of a bot, and what the server that was asked does on it just now. */
export interface ConnectionState {
  /** `dc-…` */
  readonly id: string;
  readonly channel: string;
  /** Null where a bot has one of the channel. */
  readonly name: string | null;
  /** What to enter at the provider, so that it tells what became of messages; null: the channel hears nothing. */
  readonly callbacks: { readonly events: string | null; readonly receipts: string | null } | null;
  /** Null: nothing yet. */
  readonly now: {
    readonly rate: {
      readonly documented: number | null;
      readonly allowed: number | null;
      readonly now: number | null;
      readonly share: number;
    };
    readonly pausedMs: number;
    readonly heldMs: number;
    readonly why: string | null;
    readonly waiting: number;
    readonly inFlight: number;
    readonly lookUps: { readonly waiting: number; readonly why: string | null };
  } | null;
}

export interface ConnectionCalls {
  list(request: {
    readonly botId: string;
    readonly signal?: AbortSignal;
  }): Promise<{ readonly connections: readonly ConnectionState[] }>;
}

export function createConnectionCalls(base: string, ask: Ask): ConnectionCalls {
  return {
    list: ({ botId, signal }) => ask('GET', `${base}/api/v1/bots/${encodeURIComponent(botId)}/connections`, signal),
  };
}
