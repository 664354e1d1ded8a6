/** Asking the runtime costs ~20 µs an answer, and a directory names the same few places a million times. */
const KNOWN_LIMIT = 2_000;
const goodZones = new Set<string>();
const goodLocales = new Set<string>();

/** Is it a BCP 47 language tag? */
export function isLocale(text: string): boolean {
  return isKnown(goodLocales, text, () => Intl.getCanonicalLocales(text));
}

/** Is it the name of an IANA time zone? Plain offsets such as +05:30 are not: they know no summer. */
export function isTimeZone(text: string): boolean {
  return /^[A-Za-z]/.test(text) && isKnown(goodZones, text, () => new Intl.DateTimeFormat('en', { timeZone: text }));
}

function isKnown(known: Set<string>, text: string, ask: () => unknown): boolean {
  if (known.has(text)) return true;
  try {
    ask();
  } catch {
    return false;
  }
  if (known.size < KNOWN_LIMIT) known.add(text);
  return true;
}
