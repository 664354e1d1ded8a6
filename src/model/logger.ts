/**
 * Everything a log line may carry besides its event, its level and its time. The list is closed, so a secret, a token,
 * a person's identity or a message body has no field to travel in. `detail` is for text that was cleaned already.
 */
export const LOG_FIELDS = [
  'botId',
  'appId',
  'notificationId',
  'connectionId',
  'channel',
  'lane',
  'api',
  'batchNo',
  'fence',
  'owner',
  'requestId',
  'method',
  'route',
  'status',
  'outcome',
  'reason',
  'detail',
  'recipients',
  'delivered',
  'failed',
  'suppressed',
  'expired',
  'cancelled',
  'unknown',
  'retried',
  'movedOn',
  'returned',
  'pending',
  'attempts',
  'takeovers',
  'count',
  'durationMs',
  'delayMs',
  'retryAfterMs',
  'nextDueInMs',
  'leaseMs',
  'store',
  'schemaVersion',
  'version',
  'url',
  'signal',
  'task',
] as const;

export type LogField = (typeof LOG_FIELDS)[number];
export type LogFields = { readonly [Field in LogField]?: string | number | boolean | null } & {
  /** Whatever was thrown; the log keeps its type, message and code. */
  readonly error?: unknown;
};

/** One wide line per event. Events are short phrases in the past tense: `batch finished`, `server started`. */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}
