import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DAYS, type Hours } from './hours.ts';
import type { Options } from './options.ts';
import { findClockChange, isTimeZone } from './time-zone.ts';
import { defaultExpiry, dueAt, judge, leavesNoTime } from './timing.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const at = (text: string): number => Date.parse(text);
const iso = (epochMs: number): string =>
  Number.isFinite(epochMs) ? new Date(epochMs).toISOString().replace('.000Z', 'Z') : String(epochMs);
const hours = (from: string, until: string, more: Partial<Hours> = {}): Hours => ({
  from,
  until,
  timeZone: 'person',
  fallbackTimeZone: 'UTC',
  ...more,
});
const WORKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri'] as const;

/** `open until …` or `closed until …` */
function verdictOf(options: Options, timeZone: string | null, now: string): string {
  const verdict = judge({ createdAt: 0, options }, timeZone, at(now));
  return verdict.isOpen ? `open until ${iso(verdict.closesAt)}` : `closed until ${iso(verdict.opensAt)}`;
}

describe('the time for a notification', () => {
  const daily = { window: hours('08:00', '20:00') };
  const nightly = { window: hours('20:00', '06:00', { days: ['fri'] }) };
  const workdays = { window: hours('08:00', '20:00', { days: WORKDAYS }) };
  const quiet = { quietHours: [hours('22:00', '07:00')] };
  const TABLE: readonly (readonly [string, Options, string | null, string, string])[] = [
    ['is any time without hours', {}, null, '2026-03-01T10:00:00Z', 'open until Infinity'],
    [
      'is not before sendAt',
      { sendAt: at('2026-03-02T10:00:00Z') },
      null,
      '2026-03-02T09:59:59Z',
      'closed until 2026-03-02T10:00:00Z',
    ],
    [
      'is any time from sendAt on',
      { sendAt: at('2026-03-02T10:00:00Z') },
      null,
      '2026-03-02T10:00:00Z',
      'open until Infinity',
    ],
    ['begins with the first minute', daily, 'Europe/Berlin', '2026-01-05T07:00:00Z', 'open until 2026-01-05T19:00:00Z'],
    ['is over with the last', daily, 'Europe/Berlin', '2026-01-05T19:00:00Z', 'closed until 2026-01-06T07:00:00Z'],
    [
      'goes by the clocks of each person',
      daily,
      'Asia/Kolkata',
      '2026-01-05T19:00:00Z',
      'closed until 2026-01-06T02:30:00Z',
    ],
    [
      'goes by the fallback where the zone is not known',
      { window: hours('08:00', '20:00', { fallbackTimeZone: 'Asia/Tokyo' }) },
      null,
      '2026-01-05T12:00:00Z',
      'closed until 2026-01-05T23:00:00Z',
    ],
    [
      'goes by the fallback where the zone is none',
      daily,
      'Mars/Olympus',
      '2026-01-05T07:00:00Z',
      'closed until 2026-01-05T08:00:00Z',
    ],
    [
      'goes by one zone for all if it is said so',
      { window: hours('08:00', '20:00', { timeZone: 'Asia/Tokyo' }) },
      'Europe/Berlin',
      '2026-01-05T12:00:00Z',
      'closed until 2026-01-05T23:00:00Z',
    ],
    ['waits for Monday', workdays, 'Europe/Berlin', '2026-01-09T19:00:00Z', 'closed until 2026-01-12T07:00:00Z'],
    [
      'takes the day that it is there',
      workdays,
      'Pacific/Auckland',
      '2026-01-11T19:00:00Z',
      'open until 2026-01-12T07:00:00Z',
    ],
    ['goes on after midnight', nightly, 'UTC', '2026-01-10T05:59:00Z', 'open until 2026-01-10T06:00:00Z'],
    [
      'begins only on its day when it goes on after midnight',
      nightly,
      'UTC',
      '2026-01-09T05:59:00Z',
      'closed until 2026-01-09T20:00:00Z',
    ],
    ['is outside quiet hours', quiet, 'UTC', '2026-01-09T23:00:00Z', 'closed until 2026-01-10T07:00:00Z'],
    ['is until quiet hours begin', quiet, 'UTC', '2026-01-09T07:00:00Z', 'open until 2026-01-09T22:00:00Z'],
    [
      'is inside the window and outside quiet hours',
      { window: hours('06:00', '23:00'), ...quiet },
      'UTC',
      '2026-01-09T06:30:00Z',
      'closed until 2026-01-09T07:00:00Z',
    ],
    [
      'is never, if it is in none',
      { window: hours('23:00', '24:00'), ...quiet },
      'UTC',
      '2026-01-09T06:30:00Z',
      'closed until Infinity',
    ],
    [
      'is the whole of a day',
      { window: hours('00:00', '24:00', { days: ['sat'] }) },
      'UTC',
      '2026-01-09T23:59:00Z',
      'closed until 2026-01-10T00:00:00Z',
    ],
    [
      'waits for sendAt and then for the window',
      { sendAt: at('2026-01-09T21:00:00Z'), ...daily },
      'UTC',
      '2026-01-09T12:00:00Z',
      'closed until 2026-01-10T08:00:00Z',
    ],
    // Clocks go from 02:00 to 03:00 on 2026-03-29.
    [
      'begins when the clock jumps into it',
      { window: hours('02:30', '05:00') },
      'Europe/Berlin',
      '2026-03-29T00:59:00Z',
      'closed until 2026-03-29T01:00:00Z',
    ],
    [
      'ends when the clock jumps out of it',
      { window: hours('01:00', '02:30') },
      'Europe/Berlin',
      '2026-03-29T00:59:00Z',
      'open until 2026-03-29T01:00:00Z',
    ],
    [
      'waits a day when the clock jumps over it',
      { window: hours('02:15', '02:45') },
      'Europe/Berlin',
      '2026-03-29T00:00:00Z',
      'closed until 2026-03-30T00:15:00Z',
    ],
    // And from 03:00 back to 02:00 on 2026-10-25.
    [
      'comes twice when the clock is set back',
      { window: hours('02:15', '02:45') },
      'Europe/Berlin',
      '2026-10-25T00:45:00Z',
      'closed until 2026-10-25T01:15:00Z',
    ],
    [
      'is longer when the clock is set back within it',
      { window: hours('01:00', '04:00') },
      'Europe/Berlin',
      '2026-10-24T23:00:00Z',
      'open until 2026-10-25T03:00:00Z',
    ],
  ];
  for (const [title, options, timeZone, now, expected] of TABLE) {
    it(title, () => assert.equal(verdictOf(options, timeZone, now), expected));
  }

  it('expires a day after the longest wait for it', () => {
    const createdAt = at('2026-01-05T10:00:00Z');
    const life = (options: Options) => (defaultExpiry({ createdAt, options }) - createdAt) / HOUR;
    assert.deepEqual(
      [{}, daily, workdays, quiet, nightly, { sendAt: createdAt + HOUR }, { sendAt: createdAt + HOUR, ...daily }].map(
        life,
      ),
      [24, 24 + 12, 24 + 60, 24 + 9, 24 + 158, 25, 25 + 12],
    );
    assert.equal(leavesNoTime({ createdAt, options: quiet }), false);
    assert.equal(leavesNoTime({ createdAt, options: { window: hours('23:00', '24:00'), ...quiet } }), true);
  });

  it('is waited for at once where it is the same for everybody, unless it comes too late', () => {
    const createdAt = at('2026-01-05T21:00:00Z');
    const due = (options: Options, expiresAt = createdAt + 2 * DAY) =>
      iso(dueAt({ createdAt, expiresAt, options }, createdAt));
    const utc = { window: hours('08:00', '20:00', { timeZone: 'UTC' }) };
    assert.equal(due(utc), '2026-01-06T08:00:00Z');
    assert.equal(due(utc, createdAt + HOUR), iso(createdAt));
    assert.equal(due(daily), iso(createdAt));
    assert.equal(due({ ...daily, sendAt: createdAt + HOUR }), iso(createdAt + HOUR));
  });
});

/*
 * The oracle reads the clock on the wall as a person would: what `Intl` prints for the zone. It looks at every moment
 * between now and when the verdict says that things change.
 */
describe('the time for a notification, any hours, zones and moments', () => {
  const zones = [
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'America/St_Johns',
    'Asia/Kathmandu',
    'Africa/Casablanca',
    'Antarctica/Troll',
    'Pacific/Apia',
    'America/Santiago',
    'Asia/Tehran',
    'Pacific/Chatham',
    'UTC',
  ];
  const from2026 = at('2026-01-01T00:00:00Z');
  const clockTime = fc.integer({ min: 0, max: 24 * 12 - 1 }).map((step) => readingOf(step * 5));
  const someHours = fc
    .record({ days: fc.option(fc.subarray([...DAYS], { minLength: 1 })), from: clockTime, until: clockTime })
    .filter(({ from, until }) => from !== until)
    .map(({ days, from, until }): Hours => hours(from, until, days === null ? {} : { days }));
  const options = fc.record({ window: fc.option(someHours), quietHours: fc.option(someHours) }).map(
    ({ window, quietHours }): Options => ({
      ...(window && { window }),
      ...(quietHours && { quietHours: [quietHours] }),
    }),
  );
  /** Half of them hours from where the zone's clocks are changed. */
  const moment = fc.record({
    zone: fc.constantFrom(...zones),
    day: fc.integer({ min: 0, max: 729 }),
    ms: fc.integer({ min: 0, max: DAY }),
    near: fc.boolean(),
  });

  it('is what the clock on the wall says', () => {
    fc.assert(
      fc.property(options, moment, (asked, { zone, day, ms, near }) => {
        const around = from2026 + day * DAY;
        const now = near ? (nextClockChange(zone, around) ?? around) + ms - DAY / 2 : around + ms;
        const isOpenAt = (instant: number) => isOpenOnTheWall(asked, zone, instant);
        const verdict = judge({ createdAt: 0, options: asked }, zone, now);
        assert.equal(verdict.isOpen, isOpenAt(now));
        const change = verdict.isOpen ? verdict.closesAt : verdict.opensAt;
        for (let instant = now; instant < Math.min(change, now + 8 * DAY); instant += 5 * MINUTE) {
          assert.equal(isOpenAt(instant), verdict.isOpen, `at ${iso(instant)}, before ${iso(change)}`);
        }
        if (!Number.isFinite(change)) return;
        assert.equal(isOpenAt(change - 1), verdict.isOpen, `just before ${iso(change)}`);
        assert.equal(isOpenAt(change), !verdict.isOpen, `at ${iso(change)}`);
      }),
      { numRuns: 200 },
    );
  });

  it('knows every zone of the runtime and no offset', () => {
    for (const zone of Intl.supportedValuesOf('timeZone')) assert.ok(isTimeZone(zone), zone);
    for (const none of ['', '+05:30', 'Mars/Olympus', '__proto__']) assert.ok(!isTimeZone(none), none);
  });
});

const readingOf = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

function nextClockChange(zone: string, from: number): number | null {
  for (let day = 0; day < 200; day += 1) {
    const change = findClockChange(zone, from + day * DAY, from + (day + 1) * DAY);
    if (change !== null) return change;
  }
  return null;
}

const walls = new Map<string, Intl.DateTimeFormat>();

function isOpenOnTheWall({ window, quietHours: [quiet] = [] }: Options, zone: string, instant: number): boolean {
  const wall =
    walls.get(zone) ??
    new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  walls.set(zone, wall);
  const parts = new Map(wall.formatToParts(instant).map(({ type, value }) => [type, value]));
  const day = DAYS.map(String).indexOf(parts.get('weekday')?.toLowerCase() ?? '');
  const time = `${parts.get('hour')}:${parts.get('minute')}`;
  const isIn = ({ days = DAYS, from, until }: Hours) => {
    const [today, yesterday] = [day, day + 6].map((index) => days.some((name) => name === DAYS[index % 7]));
    if (from < until) return Boolean(today) && time >= from && time < until;
    return (Boolean(today) && time >= from) || (Boolean(yesterday) && time < until);
  };
  return (window === undefined || isIn(window)) && (quiet === undefined || !isIn(quiet));
}
