import { DEFAULT_FALLBACK, type Hours, OF_PERSON } from '../../model/hours.ts';
import type { Options } from '../../model/options.ts';
import { isTimeZone } from '../../model/time-zone.ts';
import { LONGEST_LIFE_MS, leavesNoTime } from '../../model/timing.ts';
import type { Asked } from '../accept/asked.ts';
import type { SendBody } from './send-body.ts';
import type { HoursBody } from './timing-body.ts';
import { wrong } from './wrong.ts';

type TimingBody = Pick<SendBody, 'sendAt' | 'window' | 'quietHours' | 'expiresAt'>;

/** Whoever means later than this has mistaken the unit. */
const FURTHEST_MS = 366 * 24 * 3_600_000;

/** When a body that fits its schema wants it sent; refuses what no schema can say. */
export function readTiming(body: TimingBody, now: number): Pick<Asked, 'expiresAt'> & { readonly options: Options } {
  const options: Options = {
    ...(body.sendAt !== undefined && { sendAt: readStart(body.sendAt, now) }),
    ...(body.window !== undefined && { window: readHours(body.window, '/window') }),
    ...(body.quietHours !== undefined && { quietHours: [readHours(body.quietHours, '/quietHours')] }),
  };
  if (leavesNoTime({ createdAt: now, options })) {
    throw wrong(body.window === undefined ? '/quietHours' : '/window', 'there is no time outside the quiet hours');
  }
  if (body.expiresAt === undefined) return { options };
  return { options, expiresAt: readExpiry(body.expiresAt, options.sendAt ?? null, now) };
}

function readStart(text: string, now: number): number {
  const at = Date.parse(text);
  if (at <= now) throw wrong('/sendAt', 'must be in the future; leave it out to send now');
  if (at <= now + FURTHEST_MS) return at;
  throw wrong('/sendAt', 'must be at most a year from now');
}

function readExpiry(text: string, sendAt: number | null, now: number): number {
  const at = Date.parse(text);
  const from = sendAt ?? now;
  if (at > from && at <= from + LONGEST_LIFE_MS) return at;
  if (sendAt === null) throw wrong('/expiresAt', 'must be in the future, and at most 30 days from now');
  throw wrong('/expiresAt', 'must be after sendAt, and at most 30 days after it');
}

function readHours(body: HoursBody, place: string): Hours {
  const { days, from, until, timeZone = OF_PERSON, fallbackTimeZone = DEFAULT_FALLBACK } = body;
  if (from === until) {
    throw wrong(`${place}/until`, 'must be another time than from; the whole day is from 00:00 until 24:00');
  }
  if (timeZone !== OF_PERSON) requireZone(timeZone, `${place}/timeZone`, 'person or ');
  requireZone(fallbackTimeZone, `${place}/fallbackTimeZone`, '');
  return { ...(days && { days }), from, until, timeZone, fallbackTimeZone };
}

function requireZone(name: string, place: string, or: string): void {
  if (!isTimeZone(name)) throw wrong(place, `must be ${or}an IANA time zone such as Europe/Berlin`);
}
