import type { NotificationSummary } from './notification.ts';
import { startOf } from './timing.ts';

export const CALLBACK_EVENTS = ['started', 'progress', 'finished'] as const;
export type CallbackEvent = (typeof CALLBACK_EVENTS)[number];

/** Who is told how far a notification is, and how often. */
export interface CallbackOptions {
  /** Whose URL it is, and whose secret signs. */
  readonly connectionId: string;
  readonly on: readonly CallbackEvent[];
  /** Into so many parts all recipients are divided; the end of each but the last is told as progress. */
  readonly steps: number;
}

export interface DueEvent {
  /** Fixed by what is told: 0 the start, then the steps, the last of which is the end. */
  readonly no: number;
  readonly event: CallbackEvent;
}

/** Nothing was told yet. */
export const NOTHING_TOLD = -1;

/**
 * What is to be told of a notification of which everything up to `told` was; `reached` is what `told` is afterwards. Of
 * steps that were passed together the last is told.
 */
export function dueEvents(
  notification: NotificationSummary,
  { on, steps }: CallbackOptions,
  told: number,
  now: number,
): { readonly events: readonly DueEvent[]; readonly reached: number } {
  const isOver = notification.finishedAt !== null;
  if (!isOver && now < startOf(notification)) return { events: [], reached: told };
  const { total, pending } = notification.counts;
  const reached = isOver ? steps : Math.min(steps - 1, Math.floor((steps * (total - pending)) / total));
  const all: readonly DueEvent[] = [
    { no: 0, event: 'started' },
    ...(reached > 0 ? [{ no: reached, event: isOver ? ('finished' as const) : ('progress' as const) }] : []),
  ];
  return { events: all.filter(({ no, event }) => no > told && on.includes(event)), reached: Math.max(reached, told) };
}
