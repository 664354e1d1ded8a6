import { lockStates, type StateTable, writeStates } from './locked-states.ts';
import type { CallAsk, CallCount, CountCalls } from './port/limits.ts';
import { int, type Row, type Steps, text } from './steps.ts';

/*
 * One row a bot: how many of its calls began when, over all nodes, by the lease clock. Calls of one moment are kept as
 * one number with the time of the last of them, so they count a moment longer than they have to and never shorter.
 */

const CALL_COUNTS: StateTable = {
  rows: {
    table: 'call_counts',
    columns: { bot_id: 'text', moments: 'text' },
    onConflict: 'ON CONFLICT (bot_id) DO NOTHING',
  },
  key: 'bot_id',
  value: 'moments',
  empty: '[]',
};

type Moment = readonly [lastAt: number, calls: number];

/** Admits as many of the calls as there is room for and counts them; the answers are in the order of what was asked. */
export function* countCalls({ asks }: CountCalls): Steps<CallCount[]> {
  const bots = asks.map(({ botId }) => botId);
  const known = yield* lockStates(CALL_COUNTS, bots);
  const counts = asks.map((ask) => admit(known.get(ask.botId), ask));
  yield* writeStates(
    CALL_COUNTS,
    counts.flatMap(({ count, row, moments }) =>
      count.admitted > 0 ? [{ key: text(row, 'bot_id'), value: JSON.stringify(moments) }] : [],
    ),
  );
  return counts.map(({ count }) => count);
}

function admit(row: Row | undefined, { calls, perMinute, perHour }: CallAsk) {
  if (row === undefined) throw new Error('a row that was locked is gone');
  const now = int(row, 'now');
  const keepMs = perHour > 0 ? HOUR_MS : MINUTE_MS;
  const all: readonly Moment[] = JSON.parse(text(row, 'moments'));
  const kept = all.filter(([at]) => at + keepMs > now);
  const minute = kept.filter(([at]) => at + MINUTE_MS > now);
  const room = Math.min(roomIn(perMinute, minute), roomIn(perHour, kept));
  const admitted = Math.max(0, Math.min(calls, room));
  const moments = admitted > 0 ? merge([...kept, [now, admitted]], now) : kept;
  const count: CallCount = {
    admitted,
    minute: { used: sum(minute) + admitted, freeInMs: freeIn(minute, perMinute, MINUTE_MS, now) },
    hour: { used: sum(kept) + admitted, freeInMs: freeIn(kept, perHour, HOUR_MS, now) },
  };
  return { count, row, moments };
}

const roomIn = (limit: number, moments: readonly Moment[]): number =>
  limit === 0 ? Number.POSITIVE_INFINITY : limit - sum(moments);

/** Until the next call that counts leaves; of a window that is full until it has room. */
function freeIn(moments: readonly Moment[], limit: number, windowMs: number, now: number): number {
  let left = sum(moments);
  for (const [at, calls] of moments) {
    left -= calls;
    if (left < limit) return at + windowMs - now;
  }
  return windowMs;
}

/** Seconds of the last minute, half minutes of the hour before: at most 200 numbers however many calls there are. */
function merge(moments: readonly Moment[], now: number): Moment[] {
  const merged: Moment[] = [];
  for (const moment of moments) {
    const last = merged.at(-1);
    const ms = moment[0] + MINUTE_MS > now ? FINE_MS : COARSE_MS;
    const isSame = last !== undefined && Math.floor(last[0] / ms) === Math.floor(moment[0] / ms);
    if (isSame) merged.splice(-1, 1, [moment[0], last[1] + moment[1]]);
    else merged.push(moment);
  }
  return merged;
}

const sum = (moments: readonly Moment[]): number => moments.reduce((all, [, calls]) => all + calls, 0);

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const FINE_MS = 1_000;
const COARSE_MS = 30_000;
