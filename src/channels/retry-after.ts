/** Longer waits are not believed: a provider that means a day is asked again after an hour. */
const MAX_WAIT_MS = 3_600_000;

const HTTP_DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Milliseconds to wait by a `Retry-After` header, up to one hour; null when it is absent or neither whole seconds nor an
 * HTTP date. Null too when no time is left to wait: whoever refuses a call and says "again at once" would be called
 * without end by those who believe it. `nowMs` is epoch milliseconds.
 */
export function parseRetryAfter(header: string | readonly string[] | undefined, nowMs: number): number | null {
  if (typeof header !== 'string') return null;
  const text = header.trim();
  if (/^\d+$/.test(text)) return clampWait(Number(text) * 1000);
  if (!HTTP_DATE.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : clampWait(at - nowMs);
}

function clampWait(waitMs: number): number | null {
  return waitMs > 0 ? Math.min(waitMs, MAX_WAIT_MS) : null;
}
