import type { Ends } from '../model/meter.ts';
import type { Notification } from '../model/notification.ts';
import type { Reason } from '../model/reasons.ts';
import type { ActivityCell } from './port/activity.ts';
import { type InsertShape, insertMany, type Steps } from './steps.ts';

const ACTIVITY: InsertShape = {
  table: 'activity',
  columns: {
    bot_id: 'text',
    minute: 'int',
    connection_id: 'text',
    state: 'text',
    reason: 'text',
    node: 'text',
    count: 'int',
  },
  onConflict: `ON CONFLICT (bot_id, minute, connection_id, state, reason, node) DO UPDATE SET count = excluded.count`,
};

/** Delivered, so there is none. */
const NO_REASON = '';

/** Whole counts: what is said twice by the same `node` counts once. */
export const insertCells = (node: string, cells: readonly ActivityCell[]): Steps<void> =>
  insertMany(
    ACTIVITY,
    cells.map(({ botId, minute, connectionId, state, reason, count }) => [
      ...[botId, minute, connectionId, state, reason ?? NO_REASON],
      ...[node, count],
    ]),
  );

/** How many are left out from the beginning, and why. */
export interface LeftOut {
  readonly duplicate: number;
  readonly excluded: number;
  /** While they were gathered. */
  readonly erased: number;
}

export const endsOf = (channel: string, leftOut: LeftOut): readonly Ends[] =>
  LEFT_OUT.map((reason) => ({ channel, state: 'suppressed', reason, count: leftOut[reason] }));

const LEFT_OUT = ['duplicate', 'excluded', 'erased'] as const satisfies readonly (keyof LeftOut & Reason)[];

const MINUTE_MS = 60_000;

/** Of these no node tells, for none ever has them in hand: the notification does, once. `at`: epoch ms. */
export function noteLeftOut(
  { botId, id, connectionId }: Pick<Notification, 'botId' | 'id' | 'connectionId'>,
  leftOut: LeftOut,
  at: number,
): Steps<void> {
  const of = { botId, connectionId, minute: Math.floor(at / MINUTE_MS), state: 'suppressed' } as const;
  const cells: readonly ActivityCell[] = LEFT_OUT.map((reason) => ({ ...of, reason, count: leftOut[reason] }));
  return insertCells(
    id,
    cells.filter(({ count }) => count > 0),
  );
}
