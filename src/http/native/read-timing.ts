import { completeHours, findHoursFault, type Hours } from '../../model/hours.ts';
import type { Lane } from '../../model/notification.ts';
import type { Options } from '../../model/options.ts';
import type { Bot } from '../../model/tenancy.ts';
import { keepQuiet, LONGEST_LIFE_MS, leavesNoTime } from '../../model/timing.ts';
import type { Asked } from '../accept/asked.ts';
import type { SendBody } from './send-body.ts';
import type { HoursBody } from './timing-body.ts';
import { wrong } from './wrong.ts';

type TimingBody = Pick<SendBody, 'sendAt' | 'window' | 'quietHours' | 'expiresAt' | 'priority' | 'overrideQuietHours'>;

/** Whoever means later than this has mistaken the unit. */
const FURTHEST_MS = 366 * 24 * 3_600_000;

/** When a body that fits its schema wants it sent; refuses what no schema can say. */
export function readTiming(
  body: TimingBody,
  { now, quietHours }: { readonly now: number; readonly quietHours: Bot['quietHours'] },
): Pick<Asked, 'expiresAt'> & { readonly options: Options } {
  const options: Options = {
    ...(body.sendAt !== undefined && { sendAt: readStart(body.sendAt, now) }),
    ...(body.window !== undefined && { window: readHours(body.window, '/window') }),
    ...(body.quietHours !== undefined && { quietHours: [readHours(body.quietHours, '/quietHours')] }),
    ...(body.overrideQuietHours && { quietHoursOverride: readOverride(body.overrideQuietHours, body.priority) }),
  };
  if (leavesNoTime({ createdAt: now, options: keepQuiet(options, quietHours) ?? {} })) {
    throw wrong(body.window === undefined ? '/quietHours' : '/window', 'there is no time outside the quiet hours');
  }
  if (body.expiresAt === undefined) return { options };
  return { options, expiresAt: readExpiry(body.expiresAt, options.sendAt ?? null, now) };
}

/** Who is woken shall be able to ask why. */
function readOverride(
  { reason }: { readonly reason: string },
  priority: Lane | undefined,
): { readonly reason: string } {
  if (priority === 'urgent') return { reason };
  throw wrong('/overrideQuietHours', 'is for what is urgent: give priority urgent as well');
}

export function readStart(text: string, now: number): number {
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

export function readHours(body: HoursBody, place: string): Hours {
  const hours = completeHours(body);
  const fault = findHoursFault(hours);
  if (fault !== null) throw wrong(`${place}/${fault.key}`, fault.sentence);
  return hours;
}
