import type { Content } from './message.ts';
import type { Log, Notification, Recipient } from './notification.ts';
import type { Reason } from './reasons.ts';

/** Why a recipient goes on to the next channel: it was refused or given up there, or has no address there. */
export const FALL_BACK_CAUSES = ['failure', 'no_address'] as const;
export type FallBackCause = (typeof FALL_BACK_CAUSES)[number];

/** A channel that a notification falls back to, with when it does. Step 0 is the notification's own channel. */
export interface FallBack {
  readonly channel: string;
  readonly channelSpelling: string;
  /** No connection is there twice, so that it tells the step. */
  readonly connectionId: string;
  /** Instead of the notification's; null: the same. */
  readonly message: Content | null;
  /** What has to have happened on the channel before. */
  readonly on: readonly FallBackCause[];
  /** Also for whoever may have been sent it on a channel before: they may then have it twice. */
  readonly onUnknown: boolean;
}

/** A channel that a recipient does not end on, and why not. */
export interface Tried {
  readonly step: number;
  readonly reason: Reason;
  readonly detail: string | null;
  readonly attempts: number;
}

/** Where a recipient of a notification with several channels has been. */
export interface Route {
  /** By step. */
  readonly tried: readonly Tried[];
}

/** Which step a queue of this connection is; 0: the notification's own. */
export function stepOf({ options }: Pick<Notification, 'options'>, connectionId: string): number {
  return (options?.fallBacks ?? []).findIndex((fallBack) => fallBack.connectionId === connectionId) + 1;
}

/** The channel of a step, the notification's own included. */
export function channelAt(
  notification: Pick<Notification, 'channel' | 'connectionId' | 'options'>,
  step: number,
): Pick<FallBack, 'channel' | 'connectionId'> {
  const { channel, connectionId } = notification.options?.fallBacks?.[step - 1] ?? notification;
  return { channel, connectionId };
}

/** The notification as it is on one of its channels. */
export function atStep(notification: Notification, step: number): Notification {
  const fallBack = notification.options?.fallBacks?.[step - 1];
  if (fallBack === undefined) return notification;
  const { channel, channelSpelling, connectionId, message } = fallBack;
  return { ...notification, channel, channelSpelling, connectionId, message: message ?? notification.message };
}

/** Somebody who goes on: to whom, and over which connection. */
export interface Onward {
  readonly recipient: Recipient;
  readonly connectionId: string;
}

/**
 * Whether a recipient for whom a channel came to this end goes on to the next; null: it is the end. Nobody does who may
 * have the message already, unless the sender said so, nor whoever asked for silence.
 */
export function goOn(
  { options }: Pick<Notification, 'options'>,
  step: number,
  recipient: Recipient,
  log: Log,
): Onward | null {
  const next = options?.fallBacks?.[step];
  if (next === undefined || log.reason === null) return null;
  const cause = causeOf(log);
  if (cause === null || !next.on.includes(cause)) return null;
  const isDoubtful = log.maybeDoubled || log.state === 'unknown';
  if (isDoubtful && !next.onUnknown) return null;
  const { printed: _, ...kept } = recipient;
  const { reason, detail, attempts } = log;
  const tried = [...(recipient.route?.tried ?? []), { step, reason, detail, attempts }];
  return {
    recipient: { ...kept, attempts: 0, maybeSent: isDoubtful, route: { tried } },
    connectionId: next.connectionId,
  };
}

const NO_ADDRESS: ReadonlySet<Reason> = new Set<Reason>(['not_associated', 'address_gone', 'address_dead']);

/** Null: an end that no other channel changes. */
function causeOf({ state, reason }: Log): FallBackCause | null {
  if (reason !== null && NO_ADDRESS.has(reason)) return 'no_address';
  return state === 'failed' || state === 'unknown' ? 'failure' : null;
}
