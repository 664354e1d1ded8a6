import type { RateLimits, ReserveCalls, Reserved, ScopeAsk } from './port/limits.ts';
import { int, intOrNull, query, type Row, type Steps, text, textOrNull } from './steps.ts';

/*
 * One row a scope that was called of late: how many calls each node may still be making, and when the others ended. A
 * call counts from when it was reserved until a whole window after it ended, or, if nobody says that it did, after the
 * last moment at which it may have; so no window of the provider's holds more than is documented, whoever stops or dies.
 *
 * No row is ever locked between two statements: a row is written only if it still is as it was read. A node that stops
 * in between holds nobody up, and two that want the same do not wait for each other: one of them asks again.
 */

interface State {
  readonly held: Readonly<Record<string, Held>>;
  /** Ascending. */
  readonly ended: readonly Moment[];
  /** When a bucket will be full again. */
  readonly fullAt: number;
}

type Held = readonly [calls: number, until: number];
type Moment = readonly [lastAt: number, calls: number];

/** The answers, in the order of what was asked. */
export function* reserveCalls({ node, holdMs, asks }: ReserveCalls): Steps<(Reserved | null)[]> {
  const rows = yield* query(
    `SELECT asked.scope AS scope, scope_calls.version AS version, scope_calls.state AS state, {now} AS now
     FROM {list asked(scope text) $1} LEFT JOIN scope_calls ON scope_calls.scope = asked.scope`,
    asks.map(({ scope }) => scope),
  );
  const known = new Map(rows.map((row) => [row['scope'], row]));
  const answers = asks.map((ask) => answer(ask, known.get(ask.scope), node, holdMs));
  const written = yield* writeUnchanged(answers.flatMap(({ changed }) => changed ?? []));
  return answers.map(({ changed, reserved }) => (changed === null || written.has(changed.scope) ? reserved : null));
}

interface Changed {
  readonly scope: string;
  /** There was no row. */
  readonly isFresh: boolean;
  readonly version: number;
  readonly expiresAt: number;
  readonly state: string;
}

/** Those that nobody else made or changed since they were read. */
function* writeUnchanged(changed: readonly Changed[]): Steps<Set<string>> {
  const fresh = changed.filter(({ isFresh }) => isFresh);
  const known = changed.filter(({ isFresh }) => !isFresh);
  const made = yield* write(fresh, 'DO NOTHING');
  const written = yield* write(
    known,
    `(scope) DO UPDATE SET version = excluded.version, expires_at = excluded.expires_at, state = excluded.state
     WHERE scope_calls.version = excluded.version - 1`,
  );
  return new Set([...made, ...written]);
}

/** In order, so that no two statements lock each other out. */
function* write(changed: readonly Changed[], onConflict: string): Steps<string[]> {
  if (changed.length === 0) return [];
  const rows = yield* query(
    `INSERT INTO scope_calls (scope, version, expires_at, state)
     SELECT scope, version, expires_at, state
     FROM {rows changed(scope text, version int, expires_at int, state text) $1} WHERE true ORDER BY scope
     ON CONFLICT ${onConflict} RETURNING scope`,
    changed.map(({ scope, version, expiresAt, state }) => ({ scope, version, expires_at: expiresAt, state })),
  );
  return rows.map((row) => text(row, 'scope'));
}

/** Those in which nothing counts any more. */
export function* pruneScopeCalls({ limit }: { readonly limit: number }): Steps<number> {
  // Asked twice: whoever waited for the lock of a row finds what was written to it meanwhile.
  const rows = yield* query(
    `DELETE FROM scope_calls WHERE expires_at < {now} AND scope IN (
       SELECT scope FROM scope_calls WHERE expires_at < {now} ORDER BY expires_at LIMIT $1
     ) RETURNING version`,
    limit,
  );
  return rows.length;
}

function answer(ask: ScopeAsk, row: Row | undefined, node: string, holdMs: number) {
  if (row === undefined) throw new Error('a scope that was asked for is not among the answers');
  const now = int(row, 'now');
  const before = textOrNull(row, 'state');
  const known = conclude(before === null ? EMPTY : JSON.parse(before), { ask, node, now });
  const granted = Math.max(0, Math.min(ask.wants, roomIn(known, ask, now)));
  const calls = ask.keeps + granted;
  const state: State =
    calls === 0 ? known : { ...known, held: { ...known.held, [node]: [calls, now + holdMs + LATE_MS] } };
  const waitMs = granted < ask.wants ? waitFor(state, ask, now) : 0;
  const after = JSON.stringify(state);
  // Numbers grow slower than time, so a row that was deleted and made again has none that it ever had.
  const version = (intOrNull(row, 'version') ?? now * VERSIONS_PER_MS) + 1;
  const isChanged = after !== (before ?? JSON.stringify(EMPTY));
  const changed: Changed | null = isChanged
    ? { scope: ask.scope, isFresh: before === null, version, expiresAt: expiryOf(state, ask), state: after }
    : null;
  return { changed, reserved: { granted, waitMs } satisfies Reserved };
}

/** What has ended since: what the node says of its own calls, and what others were given for a time that is over. */
function conclude(state: State, { ask, node, now }: { ask: ScopeAsk; node: string; now: number }): State {
  const others = Object.entries(state.held).filter(([name]) => name !== node);
  const own = state.held[node];
  const isOwnOver = own !== undefined && own[1] <= now;
  const silent = others.map(([, held]) => held).filter(([, until]) => until <= now);
  const lapsed = (isOwnOver ? [...silent, own] : silent).map(([calls, until]): Moment => [until, calls]);
  const told = ask.ended.map((agoMs): Moment => [Math.ceil(now - agoMs), 1]);
  const news = [...lapsed, ...told].sort(([one], [other]) => one - other);
  const ended = [...state.ended, ...news].sort(([one], [other]) => one - other);
  const fullAt = news.reduce(
    (full, [at, calls]) => Math.max(full, at) + calls * (ask.bucket?.everyMs ?? 0),
    state.fullAt,
  );
  return {
    held: Object.fromEntries(others.filter(([, [, until]]) => until > now)),
    ended: merge(ended, ask.windows, now),
    fullAt: fullAt > now ? fullAt : 0,
  };
}

/** How many calls may be reserved beside those that are. */
function roomIn({ held, ended, fullAt }: State, { keeps, windows, bucket }: ScopeAsk, now: number): number {
  const rooms = windows.map(({ calls, ms }) => calls - sum(ended.filter(([at]) => at + ms > now)));
  if (bucket !== null) rooms.push(Math.floor(bucket.burst - Math.max(0, fullAt - now) / bucket.everyMs));
  return Math.min(...rooms) - keeps - sumHeld(held);
}

/** Until there is room for one more, if all that are reserved ended now. An estimate: they end when they end. */
function waitFor({ held, ended, fullAt }: State, { windows, bucket }: ScopeAsk, now: number): number {
  const moments: Moment[] = [...ended, [now, sumHeld(held)]];
  const waits = windows.map((window) => windowMs(moments, window, now));
  if (bucket !== null) {
    waits.push(Math.max(fullAt, now) - now + (sumHeld(held) + 1 - bucket.burst) * bucket.everyMs);
  }
  return Math.max(MIN_WAIT_MS, ...waits);
}

function windowMs(moments: readonly Moment[], { calls, ms }: RateLimits['windows'][number], now: number): number {
  const inside = moments.filter(([at]) => at + ms > now);
  let left = sum(inside);
  for (const [at, ended] of inside) {
    if (left < calls) return 0;
    left -= ended;
    if (left < calls) return at + ms - now;
  }
  return 0;
}

/**
 * Calls of about one moment become one number with the time of the last, so that they count a little longer than they
 * have to and never shorter: up to a thirtieth of the shortest window that they are still in.
 */
function merge(moments: readonly Moment[], windows: RateLimits['windows'], now: number): Moment[] {
  const merged: Moment[] = [];
  for (const [at, calls] of moments) {
    const spans = windows.map(({ ms }) => ms).filter((ms) => at + ms > now);
    if (spans.length === 0) continue;
    const grainMs = Math.max(1, Math.min(...spans) / GRAINS);
    const last = merged.at(-1);
    if (last !== undefined && Math.floor(last[0] / grainMs) === Math.floor(at / grainMs)) {
      merged.splice(-1, 1, [at, last[1] + calls]);
    } else merged.push([at, calls]);
  }
  return merged;
}

function expiryOf({ held, ended, fullAt }: State, { windows, bucket }: ScopeAsk): number {
  const longest = windows.reduce((most, { ms }) => Math.max(most, ms), 0);
  const all = Object.values(held);
  const until = Math.max(0, ...all.map(([, lastAt]) => lastAt), ...ended.map(([at]) => at));
  const refillMs = (bucket?.everyMs ?? 0) * sumHeld(held);
  return Math.ceil(Math.max(until + longest, Math.max(fullAt, until) + refillMs));
}

const sum = (moments: readonly Moment[]): number => moments.reduce((all, [, calls]) => all + calls, 0);

const sumHeld = (held: State['held']): number => Object.values(held).reduce((all, [calls]) => all + calls, 0);

const EMPTY: State = { held: {}, ended: [], fullAt: 0 };
/** A call may start in the last moment of what was reserved, and takes its time on the way. */
const LATE_MS = 1_000;
const GRAINS = 30;
const MIN_WAIT_MS = 20;
const VERSIONS_PER_MS = 1_000;
