import { findClockChange, isTimeZone, offsetAt } from './time-zone.ts';

/** As the clocks of people count them. */
export const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Day = (typeof DAYS)[number];

/** Each recipient's own time zone, as the directory has it. */
export const OF_PERSON = 'person';
/** Of whom the directory has none. */
const DEFAULT_FALLBACK = 'UTC';

/**
 * Hours of the week, by the clock on somebody's wall: a moment belongs to them if that clock reads so. Where it is set
 * forward over them there are none that day; where it is set back they may come twice.
 */
export interface Hours {
  /** On which they begin; absent: on all. */
  readonly days?: readonly Day[];
  /** `HH:MM`, the first minute of them. */
  readonly from: string;
  /** `HH:MM`, the first minute after them, up to `24:00`; before `from`: on the next day. */
  readonly until: string;
  /** `person` or IANA. */
  readonly timeZone: string;
  readonly fallbackTimeZone: string;
}

/** As somebody wrote them down. */
export type GivenHours = Pick<Hours, 'days' | 'from' | 'until'> & Partial<Hours>;

export function completeHours({ days, from, until, ...zones }: GivenHours): Hours {
  const { timeZone = OF_PERSON, fallbackTimeZone = DEFAULT_FALLBACK } = zones;
  return { ...(days && { days }), from, until, timeZone, fallbackTimeZone };
}

/** What is wrong with hours whose times have their form. */
export function findHoursFault(hours: Hours): { readonly key: keyof Hours; readonly sentence: string } | null {
  const { from, until, timeZone, fallbackTimeZone } = hours;
  if (from === until) {
    return { key: 'until', sentence: 'must be another time than from; the whole day is from 00:00 until 24:00' };
  }
  if (timeZone !== OF_PERSON && !isTimeZone(timeZone)) {
    return { key: 'timeZone', sentence: 'must be person or an IANA time zone such as Europe/Berlin' };
  }
  if (isTimeZone(fallbackTimeZone)) return null;
  return { key: 'fallbackTimeZone', sentence: 'must be an IANA time zone such as Europe/Berlin' };
}

/** The form of `from`, and of `until`. */
export const BEGINS = '^(?:[01][0-9]|2[0-3]):[0-5][0-9]$';
export const ENDS = `${BEGINS}|^24:00$`;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Is an instant within them, where clocks are `timeZone`'s? */
export function isWithin(hours: Hours, timeZone: string, at: number): boolean {
  return isWithinReading(hours, at + offsetAt(timeZone, at));
}

/** The next instant at which that may be different. */
export function nextEdge(hours: Hours, timeZone: string, at: number): number {
  const reading = at + offsetAt(timeZone, at);
  const midnight = reading - modulo(reading, DAY_MS);
  // The midnight as well, so that no step is longer than a day.
  const edges = [hours.from, hours.until, '24:00']
    .map((time) => midnight + toMs(time))
    .filter((edge) => edge > reading);
  const next = at + Math.min(...edges) - reading;
  return findClockChange(timeZone, at, next) ?? next;
}

function isWithinReading({ days, from, until }: Hours, reading: number): boolean {
  const [time, begins, ends] = [modulo(reading, DAY_MS), toMs(from), toMs(until)];
  const isOn = (daysAgo: number) => days === undefined || days.includes(dayOf(reading - daysAgo * DAY_MS));
  if (begins < ends) return time >= begins && time < ends && isOn(0);
  return (time >= begins && isOn(0)) || (time < ends && isOn(1));
}

/** Of what a clock reads, taken for an instant of UTC. */
const dayOf = (reading: number): Day => DAYS[new Date(reading).getUTCDay()] ?? 'sun';

function toMs(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return ((hours ?? 0) * 60 + (minutes ?? 0)) * MINUTE_MS;
}

const modulo = (value: number, by: number): number => ((value % by) + by) % by;
