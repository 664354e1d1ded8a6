const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const rate = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const clockTime = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const clockSeconds = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const ago = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });

export const formatCount = (count: number): string => whole.format(count);
/** 1.2M: where there is little room. */
export const formatShort = (count: number): string => short.format(count);
export const formatRate = (perSecond: number): string => rate.format(perSecond);
export const formatMoment = (at: string): string => moment.format(new Date(at));
export const formatDay = (at: string): string => day.format(new Date(at));
export const formatClock = (at: string | number): string => clockTime.format(new Date(at));
export const formatSeconds = (at: number): string => clockSeconds.format(at);

/** Epoch ms beside one another: with their seconds where two of them would read the same without. */
export function formatClocks(moments: readonly number[]): string[] {
  const minutes = moments.map(formatClock);
  return new Set(minutes).size === minutes.length ? minutes : moments.map(formatSeconds);
}

/** Never "100 %" while somebody is missing, never "0 %" when there is somebody. */
export function formatShare(part: number, total: number): string {
  if (total === 0) return '0 %';
  const share = (part / total) * 100;
  if (part === 0 || part === total) return `${share} %`;
  if (share < 0.1) return '< 0.1 %';
  if (share > 99.9) return '> 99.9 %';
  return `${share >= 10 && share <= 90 ? Math.round(share) : share.toFixed(1)} %`;
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** `5 min. ago`, `in 2 hr.`. The page's clock may be some seconds behind what it was just told. */
export function formatAgo(at: string, now: number): string {
  const seconds = (Date.parse(at) - now) / 1000;
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  if (unit === 'day' && Math.abs(seconds) > 7 * length) return formatDay(at);
  return seconds > -5 && seconds < 12 ? 'just now' : ago.format(Math.trunc(seconds / length), unit);
}

/** `1 h 5 min`, `42 s`: the two largest units that are there. */
export function formatDuration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [Math.round(seconds) % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;
