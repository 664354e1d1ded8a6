/** Formatters are dear to make (30 µs, 30 kB), and a directory names the same few places a million times. */
const KNOWN_LIMIT = 700;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Is it the name of an IANA time zone? Plain offsets such as +05:30 are not: they know no summer. */
export function isTimeZone(text: string): boolean {
  try {
    return /^[A-Za-z]/.test(text) && formatOf(text) !== null;
  } catch {
    return false;
  }
}

/** How far the zone's clocks are ahead of UTC at an instant, ms. Throws `RangeError` for what is no zone. */
export function offsetAt(timeZone: string, at: number): number {
  const written = OFFSET.exec(formatOf(timeZone).format(at));
  if (written === null) throw new TypeError('the runtime writes offsets in another way');
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = written;
  const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
  return sign === '-' ? -ms : ms;
}

/** `6/15/2026, GMT+05:30`; where they stand as in Greenwich there is nothing after GMT. */
const OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/;

/**
 * The first instant after `from`, and at most `until`, at which the zone's clocks stand at another offset; null: there
 * is none. Of two changes within the stretch none may be seen, so it should not be longer than a day or so.
 */
export function findClockChange(timeZone: string, from: number, until: number): number | null {
  const before = offsetAt(timeZone, from);
  if (offsetAt(timeZone, until) === before) return null;
  let [same, other] = [from, until];
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2);
    if (offsetAt(timeZone, middle) === before) same = middle;
    else other = middle;
  }
  return other;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  const [oldest] = formats.keys();
  if (formats.size >= KNOWN_LIMIT && oldest !== undefined) formats.delete(oldest);
  formats.set(timeZone, format);
  return format;
}
