import type { Ask } from './client.ts';
import type { SuppressionPage } from './people-documents.ts';

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

export interface SuppressionsRequest {
  readonly botId: string;
  /** `dc-…` */
  readonly connectionId: string;
  /** 1 to 500. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
  readonly signal?: AbortSignal;
}

export interface LiftRequest {
  readonly botId: string;
  readonly connectionId: string;
  /** As listed. */
  readonly identity: string;
  readonly signal?: AbortSignal;
}

/** How a bot reaches its channels. */
export interface ConnectionCalls {
  /** How fast each sends at present, and why not faster. */
  list(request: { readonly botId: string; readonly signal?: AbortSignal }): Promise<{
    readonly connections: readonly ConnectionState[];
  }>;
  /** Who must not be written to over it. */
  suppressions(request: SuppressionsRequest): Promise<SuppressionPage>;
  /** Lets an identity be written to again. */
  lift(request: LiftRequest): Promise<void>;
}

export function createConnectionCalls(base: string, ask: Ask): ConnectionCalls {
  const all = (botId: string) => `${base}/api/v1/bots/${encodeURIComponent(botId)}/connections`;
  const suppressions = ({ botId, connectionId }: Pick<LiftRequest, 'botId' | 'connectionId'>) =>
    `${all(botId)}/${encodeURIComponent(connectionId)}/suppressions`;
  return {
    list: ({ botId, signal }) => ask('GET', all(botId), signal),
    suppressions: ({ limit, cursor, signal, ...key }) => {
      const query = new URLSearchParams();
      if (limit !== undefined) query.set('limit', String(limit));
      if (cursor !== undefined) query.set('cursor', cursor);
      return ask('GET', `${suppressions(key)}?${query}`, signal);
    },
    lift: ({ identity, signal, ...key }) =>
      ask('DELETE', `${suppressions(key)}/${encodeURIComponent(identity)}`, signal),
  };
}
