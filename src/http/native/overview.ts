import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import type { Clock } from '../../model/clock.ts';
import type { FinalState } from '../../model/notification.ts';
import { REASONS } from '../../model/reasons.ts';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import type { ActivitySums, OpenSum, SaidState } from '../../store/port/activity.ts';
import type { ChannelCatalog } from '../accept/channel-catalog.ts';
import { callerOf } from '../auth/gate.ts';
import { COUNT, closed, nullable, OF_BOT, oneOf, TIME } from '../contract/fields.ts';
import type { Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import type { NativeContext } from './context.ts';
import { toIso } from './notification-documents.ts';
import { STATE_COUNTS, type StateCounts, zeros } from './state-counts.ts';

const MINUTE_MS = 60_000;
/** What a node said last counts for so long: three times what it takes to say it again. */
const FRESH_MS = 15_000;
/** Of one channel so many that are not finished are looked at. */
const MAX_OPEN = 10_000;

const HEALTH = ['idle', 'working', 'slowed', 'paused', 'held'] as const;
const RATE = nullable(Type.Number({ minimum: 0 }));

const CONNECTION_NOW = Type.Object({
  id: Type.String({ description: 'dc-…' }),
  channel: Type.String(),
  name: nullable(Type.String()),
  health: oneOf(HEALTH, {
    description:
      'slowed: the provider asked for fewer calls a while ago; paused: it asked to wait; held: it refuses the connection, or fails.',
  }),
  why: nullable(Type.String(), 'What the provider said.'),
  pausedUntil: nullable(TIME),
  heldUntil: nullable(TIME, 'Then one call finds out whether it is over.'),
  rate: Type.Object(
    { documented: RATE, allowed: RATE, now: RATE },
    { description: 'Calls a second; null: none is kept to.' },
  ),
  inFlight: COUNT,
  claimed: { ...COUNT, description: 'Recipients that a server has in hand and is not sending to yet.' },
  waiting: { ...COUNT, description: 'Recipients without an end, of notifications that began with it.' },
  delivered: { ...COUNT, description: 'Within the minutes that were asked for.' },
  failed: COUNT,
  asOf: nullable(TIME, 'When a server said so last; null: none has anything to do on it.'),
});

export const OVERVIEW = Type.Object({
  from: TIME,
  to: TIME,
  minutes: Type.Array(Type.Object({ at: TIME, ...STATE_COUNTS }), {
    description:
      'How many recipients ended in each minute, oldest first. Who was cancelled while waiting is not among them.',
  }),
  reasons: Type.Array(Type.Object({ state: Type.String(), reason: Type.String(), count: COUNT, hint: Type.String() }), {
    description: 'Why some did not get it, most frequent first.',
  }),
  connections: Type.Array(CONNECTION_NOW),
  running: Type.Object(
    { notifications: COUNT, recipients: COUNT, isMore: Type.Boolean() },
    {
      description:
        'What is not finished; isMore: of a channel there are more than 10,000, of which the newest were counted.',
    },
  ),
});

const QUERY = closed({
  minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_440, default: 60, description: 'How far back.' })),
});

const SHOW: Operation = {
  id: 'getOverview',
  tag: 'notifications',
  summary: 'What goes on, and went on of late',
  description: 'Of one bot, over all servers, a few seconds old; for whoever watches. It is kept for two days.',
  scope: SCOPE_SEND,
  params: OF_BOT,
  query: QUERY,
  replies: { 200: { description: 'The last minutes.', content: { 'application/json': OVERVIEW } } },
  faults: ['body_invalid'],
};

export interface OverviewOptions extends NativeContext {
  readonly catalog: Pick<ChannelCatalog, 'ids'>;
}

/** A Fastify plugin, under the native prefix. */
export async function overviewRoute(app: FastifyInstance, options: OverviewOptions): Promise<void> {
  const { gate } = options;
  addOperation<{ Params: Static<typeof OF_BOT>; Querystring: Static<typeof QUERY> }>(app, gate, {
    method: 'GET',
    url: '/bots/:botId/overview',
    operation: SHOW,
    handler: createOverview(options),
  });
}

function createOverview({ store, tenancy, clock, catalog }: OverviewOptions) {
  return async function showOverview(
    request: FastifyRequest<{ Querystring: Static<typeof QUERY> }>,
  ): Promise<Static<typeof OVERVIEW>> {
    const botId = callerOf(request).bot.id;
    const now = clock.now();
    const until = Math.floor(now / MINUTE_MS) + 1;
    const from = until - (request.query.minutes ?? 60);
    const [sums, said, open] = await Promise.all([
      store.sumActivity({ botId, from, until }),
      store.listConnectionStates({ botId, since: now - FRESH_MS }),
      store.sumOpen({ botId, channels: catalog.ids, limit: MAX_OPEN }),
    ]);
    return {
      from: toIso(from * MINUTE_MS),
      to: toIso(now),
      minutes: minutesOf(sums, from, until),
      reasons: reasonsOf(sums),
      connections: tenancy.connections(botId).map(({ id, channel, name }) => ({
        id,
        channel,
        name,
        ...presentOf(
          said.filter(({ connectionId }) => connectionId === id),
          clock,
        ),
        waiting: open.find(({ connectionId }) => connectionId === id)?.recipients ?? 0,
        delivered: countOf(sums, id, 'delivered'),
        failed: countOf(sums, id, 'failed'),
      })),
      running: runningOf(open),
    };
  };
}

function minutesOf({ byMinute }: ActivitySums, from: number, until: number): Static<typeof OVERVIEW>['minutes'] {
  const minutes = Array.from({ length: until - from }, (_, i): { at: string } & StateCounts => ({
    at: toIso((from + i) * MINUTE_MS),
    ...zeros(),
  }));
  for (const { minute, state, count } of byMinute) {
    const entry = minutes[minute - from];
    if (entry !== undefined) entry[state] = count;
  }
  return minutes;
}

function reasonsOf({ byReason }: ActivitySums): Static<typeof OVERVIEW>['reasons'] {
  const groups = Map.groupBy(byReason, ({ state, reason }) => `${state} ${reason}`);
  const summed = [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined || first.reason === null) return [];
    const { state, reason } = first;
    return [{ state, reason, count: group.reduce((sum, { count }) => sum + count, 0), hint: REASONS[reason].hint }];
  });
  return summed.sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
}

const countOf = ({ byReason }: ActivitySums, connectionId: string, state: FinalState): number =>
  byReason.reduce((sum, one) => sum + (one.connectionId === connectionId && one.state === state ? one.count : 0), 0);

/** As the engine describes a connection; another version of it may leave something out. */
interface Said {
  readonly rate?: {
    readonly documented?: number | null;
    readonly allowed?: number | null;
    readonly now?: number | null;
    readonly share?: number;
  };
  readonly pausedMs?: number;
  readonly heldMs?: number;
  readonly why?: string | null;
  readonly waiting?: number;
  readonly inFlight?: number;
}

/** What all nodes say together: counts are added up, and of limits the tightest counts. */
function presentOf(all: readonly SaidState[], clock: Pick<Clock, 'now'>) {
  const said = all.map(({ at, state }) => ({ at, state: state as Said }));
  const untilOf = (msOf: (state: Said) => number | undefined): number =>
    said.reduce((latest, { at, state }) => Math.max(latest, (msOf(state) ?? 0) > 0 ? at + (msOf(state) ?? 0) : 0), 0);
  const sumOf = (of: (state: Said) => number | undefined): number =>
    said.reduce((sum, { state }) => sum + (of(state) ?? 0), 0);
  const rateOf = (name: 'documented' | 'allowed' | 'now') => {
    const known = said.map(({ state }) => state.rate?.[name] ?? null).filter((rate) => rate !== null);
    return known.length === 0 ? null : Math.min(...known);
  };
  const [pausedUntil, heldUntil] = [untilOf(({ pausedMs }) => pausedMs), untilOf(({ heldMs }) => heldMs)];
  const isSlowed = said.some(({ state }) => (state.rate?.share ?? 1) < 1);
  const now = clock.now();
  const health =
    heldUntil > now
      ? 'held'
      : pausedUntil > now
        ? 'paused'
        : isSlowed
          ? 'slowed'
          : said.length > 0
            ? 'working'
            : 'idle';
  return {
    health,
    why: said.find(({ state }) => state.why)?.state.why ?? null,
    pausedUntil: pausedUntil > now ? toIso(pausedUntil) : null,
    heldUntil: heldUntil > now ? toIso(heldUntil) : null,
    rate: { documented: rateOf('documented'), allowed: rateOf('allowed'), now: rateOf('now') },
    inFlight: sumOf(({ inFlight }) => inFlight),
    claimed: sumOf(({ waiting }) => waiting),
    asOf: said.length === 0 ? null : toIso(Math.max(...said.map(({ at }) => at))),
  } as const;
}

const runningOf = (open: readonly OpenSum[]): Static<typeof OVERVIEW>['running'] => {
  const notifications = open.reduce((sum, one) => sum + one.notifications, 0);
  const recipients = open.reduce((sum, one) => sum + one.recipients, 0);
  return { notifications, recipients, isMore: notifications >= MAX_OPEN };
};
