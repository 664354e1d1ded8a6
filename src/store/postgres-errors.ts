import { StoreUnavailable } from './port/errors.ts';

export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** SQLSTATE classes of a server that is gone, going or full, beside the network's own codes and pg's time-outs. */
export function unavailable(error: unknown): unknown {
  const code = codeOf(error);
  const gone = /^(08|53|57P|58)/.test(code) || code === '57014' || /^E[A-Z]+$/.test(code);
  const message = error instanceof Error ? error.message : '';
  const silent = /timeout|Connection terminated|not queryable|Client was closed/i.test(message);
  const why = code || (/timeout/i.test(message) ? 'no answer in time' : 'connection lost');
  // A new error: pg's own carry the client, and with it the connection's secrets, into whatever prints them.
  return gone || silent ? new StoreUnavailable(`PostgreSQL cannot be reached: ${why}`) : error;
}
