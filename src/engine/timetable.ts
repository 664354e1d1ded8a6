import type { Clock } from '../model/clock.ts';
import type { Notification } from '../model/notification.ts';
import type { Options } from '../model/options.ts';
import { judge, type Verdict } from '../model/timing.ts';
import { concludeUntried, deadlineOf } from './policy.ts';
import type { Recorder } from './recorder.ts';
import { concludeUnsent, type Found } from './write.ts';

interface Known {
  readonly since: number;
  readonly verdict: Verdict;
}

/** Verdicts are asked for each recipient and change twice a day. */
export class Timetable {
  readonly #known = new WeakMap<Options, Map<string, Known>>();

  judge(notification: Notification, options: Options, timeZone: string | null, now: number): Verdict {
    const zones = this.#known.get(options) ?? new Map<string, Known>();
    const known = zones.get(timeZone ?? '');
    if (known !== undefined && now >= known.since && now < changeOf(known.verdict)) return known.verdict;
    const verdict = judge(notification, timeZone, now);
    if (zones.size < KNOWN_ZONES) zones.set(timeZone ?? '', { since: now, verdict });
    this.#known.set(options, zones);
    return verdict;
  }
}

/** More than there are. */
const KNOWN_ZONES = 1_000;

const changeOf = (verdict: Verdict): number => (verdict.isOpen ? verdict.closesAt : verdict.opensAt);

interface HeedParts {
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly timetable: Timetable;
}

/**
 * Whoever may be sent it now, with until when. The others wait in the queue for their time, no attempt spent; if that
 * would be too late, it is said at once. `timeZone`: the person's; null: not known.
 */
export function heedHours(parts: HeedParts, entry: Found, timeZone: string | null): Found | null {
  const { work, recipient } = entry;
  const { notification } = work;
  const { options } = notification;
  if (options === undefined) return entry;
  const verdict = parts.timetable.judge(notification, options, timeZone, parts.clock.now());
  if (verdict.isOpen) return { ...entry, closesAt: verdict.closesAt };
  const { opensAt } = verdict;
  if (opensAt < deadlineOf(notification)) {
    work.putOff(recipient, opensAt);
    parts.recorder.note(work);
  } else {
    concludeUnsent(parts, entry, concludeUntried(recipient, 'expired', 'window_missed', detailOf(opensAt)));
  }
  return null;
}

const detailOf = (opensAt: number): string =>
  opensAt === Number.POSITIVE_INFINITY
    ? 'its hours leave no time for it'
    : `the next time for it begins at ${new Date(opensAt).toISOString()}`;
