import { type Command, Option } from 'commander';
import type { HoursBody, SendBody } from '../client/send-documents.ts';
import { DAYS, type Day } from '../model/hours.ts';
import { LANES, type Lane } from '../model/notification.ts';
import { parseDurationSeconds } from './duration.ts';
import { CommandFailure, EXIT } from './exit.ts';

export interface TimingFlags {
  readonly at?: string;
  readonly window?: string;
  readonly quiet?: string;
  readonly fallbackZone?: string;
  readonly expires?: string;
  readonly priority?: Lane;
}

/** Adds the flags that say when. */
export function addTiming(command: Command): Command {
  return command
    .option('--at <when>', 'send nothing before: 2026-03-02T08:00+01:00, or 2h from now')
    .option(
      '--window <hours>',
      'only in these hours of each recipient: "mon-fri 08:00-18:00", a time zone after it for all',
    )
    .option('--quiet <hours>', 'never in these hours of each recipient: "22:00-07:00"')
    .option('--fallback-zone <zone>', 'the time zone of whom the directory has none (default: UTC)')
    .option('--expires <when>', 'send nothing after: a time, or 2d after it could first be sent')
    .addOption(new Option('--priority <lane>', 'what goes first (default: by size)').choices(LANES));
}

export const hasTiming = ({ at, window, quiet, fallbackZone, expires, priority }: TimingFlags): boolean =>
  [at, window, quiet, fallbackZone, expires, priority].some((flag) => flag !== undefined);

/** What the flags ask of a native send; `now`: epoch ms. Throws the sentence for what cannot be read. */
export function readTimingFlags(
  flags: TimingFlags,
  now: number,
): Pick<SendBody, 'sendAt' | 'window' | 'quietHours' | 'expiresAt' | 'priority'> {
  const { at, window, quiet, fallbackZone, expires, priority } = flags;
  const sendAt = at === undefined ? undefined : readWhen(at, '--at', now);
  const fallback = fallbackZone === undefined ? {} : { fallbackTimeZone: fallbackZone };
  return {
    ...(sendAt !== undefined && { sendAt: toIso(sendAt) }),
    ...(window !== undefined && { window: { ...readHours(window, '--window'), ...fallback } }),
    ...(quiet !== undefined && { quietHours: { ...readHours(quiet, '--quiet'), ...fallback } }),
    ...(expires !== undefined && { expiresAt: toIso(readWhen(expires, '--expires', sendAt ?? now)) }),
    ...(priority !== undefined && { priority }),
  };
}

function readWhen(text: string, flag: string, from: number): number {
  if (/^\d+[smhd]$/.test(text)) return from + parseDurationSeconds(text, flag) * 1_000;
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  const sentence = `${flag}: "${text}" is no time; write it with its zone, 2026-03-02T08:00+01:00, or 2h or 3d.`;
  throw new CommandFailure(sentence, EXIT.usage);
}

/** `mon-fri 08:00-18:00 Europe/Berlin`, days and zone or not. */
const HOURS = /^(?:([a-z,-]+) +)?(\d\d:\d\d)-(\d\d:\d\d)(?: +(\S+))?$/i;

function readHours(text: string, flag: string): HoursBody {
  const [, days, from, until, timeZone] = HOURS.exec(text.trim()) ?? [];
  const read = days === undefined ? [] : days.toLowerCase().split(',').map(readDays);
  if (from === undefined || until === undefined || read.includes(null)) {
    const sentence = `${flag}: "${text}" are no hours; write "08:00-18:00", "mon-fri 08:00-18:00" or "sat,sun 10:00-18:00 Europe/Berlin".`;
    throw new CommandFailure(sentence, EXIT.usage);
  }
  const named = read.flatMap((some) => some ?? []);
  return { from, until, ...(named.length > 0 && { days: named }), ...(timeZone !== undefined && { timeZone }) };
}

/** `mon`, or `fri-mon`; null: it is neither. */
function readDays(text: string): readonly Day[] | null {
  const [first = '', last = first, ...more] = text.split('-');
  const [begin, end] = [first, last].map((name) => DAYS.map(String).indexOf(name));
  if (begin === undefined || end === undefined || begin < 0 || end < 0 || more.length > 0) return null;
  const length = ((end - begin + DAYS.length) % DAYS.length) + 1;
  return [...DAYS, ...DAYS].slice(begin, begin + length);
}

const toIso = (epochMs: number): string => new Date(epochMs).toISOString();
