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

const ADDED: InsertShape = {
  ...ACTIVITY,
  onConflict: `ON CONFLICT (bot_id, minute, connection_id, state, reason, node)
    DO UPDATE SET count = activity.count + excluded.count`,
};

/** Delivered, so there is none. */
const NO_REASON = '';

/** Whole counts: what is said twice by the same `node` counts once. */
export const insertCells = (node: string, cells: readonly ActivityCell[]): Steps<void> =>
  insertMany(ACTIVITY, rowsOf(node, cells));

/**
 * Of these no node tells, for none ever has them in hand: the notification does, in the transaction that ends them, and
 * whatever it said before of that minute still counts.
 */
export const addCells = (notificationId: string, cells: readonly ActivityCell[]): Steps<void> =>
  insertMany(ADDED, rowsOf(notificationId, cells));

const rowsOf = (node: string, cells: readonly ActivityCell[]) =>
  cells.map(({ botId, minute, connectionId, state, reason, count }) => [
    ...[botId, minute, connectionId, state, reason ?? NO_REASON],
    ...[node, count],
  ]);
