import { type Hours, isWithin, nextEdge, OF_PERSON } from './hours.ts';
import type { Notification } from './notification.ts';
import type { Options } from './options.ts';
import { isTimeZone } from './time-zone.ts';

/**
 * May somebody be sent something now? Until `closesAt`, or not before `opensAt`, epoch ms; Infinity: not in the time
 * that anything can wait.
 */
export type Verdict =
  | { readonly isOpen: true; readonly closesAt: number }
  | { readonly isOpen: false; readonly opensAt: number };

/** What anything waits at the longest after it could first be sent. */
export const LONGEST_LIFE_MS = 30 * 24 * 3_600_000;
/** Nobody wants yesterday's notification. */
const LIFE_MS = 24 * 3_600_000;
const WEEK_MS = 7 * 24 * 3_600_000;

export type Start = Pick<Notification, 'createdAt' | 'options'>;

/** When sending could begin. */
export const startOf = ({ createdAt, options }: Start): number => options?.sendAt ?? createdAt;

export const hasHours = (options: Options | undefined): options is Options =>
  options?.window !== undefined || options?.quietHours !== undefined;

/** Does the verdict depend on the time zone of the person? */
export const asksForZone = (options: Options | undefined): boolean =>
  hasHours(options) && rulesOf(options).some(({ hours }) => hours.timeZone === OF_PERSON);

/** What was asked, and what the bot keeps to unless it was asked otherwise. */
export function keepQuiet(asked: Options | undefined, ofBot: Hours | undefined): Options | undefined {
  if (ofBot === undefined || asked?.quietHoursOverride !== undefined) return asked;
  return { ...asked, quietHours: [...(asked?.quietHours ?? []), ofBot] };
}

/** `timeZone`: the person's, as the directory has it. */
export function judge({ createdAt, options }: Start, timeZone: string | null, now: number): Verdict {
  const rules = rulesOf(options).map(({ hours, wanted }) => ({ hours, wanted, zone: zoneOf(hours, timeZone) }));
  return judgeBy(rules, options?.sendAt ?? createdAt, now);
}

/** When it is worth looking at who may be sent it, epoch ms: hours that are the same for all are waited for at once. */
export function dueAt(notification: Start & Pick<Notification, 'expiresAt'>, now: number): number {
  const due = Math.max(now, startOf(notification));
  if (!hasHours(notification.options) || asksForZone(notification.options)) return due;
  const verdict = judge(notification, null, now);
  return verdict.isOpen || verdict.opensAt >= notification.expiresAt ? due : verdict.opensAt;
}

/** When it expires if its sender did not say: a day after everybody, wherever they live, could have been sent it. */
export const defaultExpiry = (start: Start): number => startOf(start) + longestWait(start) + LIFE_MS;

/** There is no hour of the week at which anybody may be sent it. */
export const leavesNoTime = (start: Start): boolean => longestWait(start) === Number.POSITIVE_INFINITY;

/** So long nobody may be sent it at the most, by clocks that are never changed. */
function longestWait(start: Start): number {
  if (!hasHours(start.options)) return 0;
  const from = startOf(start);
  const rules = rulesOf(start.options).map(({ hours, wanted }) => ({ hours, wanted, zone: 'UTC' }));
  let longest = 0;
  for (let at = from; at < from + 2 * WEEK_MS; ) {
    const verdict = judgeBy(rules, from, at);
    if (!verdict.isOpen) longest = Math.max(longest, verdict.opensAt - at);
    at = verdict.isOpen ? verdict.closesAt : verdict.opensAt;
  }
  return longest;
}

interface Rule {
  readonly hours: Hours;
  /** Whether something may be sent within them, or outside. */
  readonly wanted: boolean;
}

const rulesOf = ({ window, quietHours = [] }: Options = {}): Rule[] => [
  ...(window === undefined ? [] : [{ hours: window, wanted: true }]),
  ...quietHours.map((hours) => ({ hours, wanted: false })),
];

/** What a directory of long ago has for a zone may be none. */
function zoneOf({ timeZone, fallbackTimeZone }: Hours, ofPerson: string | null): string {
  if (timeZone !== OF_PERSON) return timeZone;
  return ofPerson !== null && isTimeZone(ofPerson) ? ofPerson : fallbackTimeZone;
}

function judgeBy(rules: readonly (Rule & { readonly zone: string })[], startsAt: number, now: number): Verdict {
  const isOpenAt = (at: number) =>
    at >= startsAt && rules.every(({ hours, wanted, zone }) => isWithin(hours, zone, at) === wanted);
  const nextAfter = (at: number) => Math.min(...rules.map(({ hours, zone }) => nextEdge(hours, zone, at)));
  const isOpen = isOpenAt(now);
  const horizon = Math.max(now, startsAt) + LONGEST_LIFE_MS;
  let at = now < startsAt ? startsAt : nextAfter(now);
  while (at < horizon && isOpenAt(at) === isOpen) at = nextAfter(at);
  const changesAt = at < horizon ? at : Number.POSITIVE_INFINITY;
  return isOpen ? { isOpen, closesAt: changesAt } : { isOpen, opensAt: changesAt };
}
