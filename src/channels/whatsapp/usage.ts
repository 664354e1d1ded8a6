import { isJsonObject, type Json, parseJsonObject } from '../../model/json.ts';

const MINUTE_MS = 60_000;
/** Longer waits are not believed, as those of Retry-After. */
const MAX_WAIT_MS = 60 * MINUTE_MS;

/**
 * Milliseconds until the account may send again by `X-Business-Use-Case-Usage`, at most one hour; null when the header is
 * absent, is no JSON or announces no wait. It lists usages by business account and counts in minutes.
 */
export function readRegainMs(header: string | readonly string[] | undefined): number | null {
  const accounts = typeof header === 'string' ? parseJsonObject(header) : null;
  if (accounts === null) return null;
  const minutes = Object.values(accounts)
    .flatMap((usages) => (Array.isArray(usages) ? usages : []))
    .flatMap(minutesOf);
  return minutes.length === 0 ? null : Math.min(minutes.reduce(larger) * MINUTE_MS, MAX_WAIT_MS);
}

function minutesOf(usage: Json): number[] {
  const minutes = isJsonObject(usage) ? usage['estimated_time_to_regain_access'] : null;
  return typeof minutes === 'number' && minutes > 0 ? [minutes] : [];
}

function larger(one: number, other: number): number {
  return Math.max(one, other);
}
