import type { Content } from './message.ts';
import type { Receipt } from './news.ts';
import type { Log, Notification, Recipient } from './notification.ts';
import type { Reason } from './reasons.ts';

/** Why a recipient goes on to the next channel: was refused or given up there, has no address there, was not told to have it. */
export const FALL_BACK_CAUSES = ['failure', 'no_address', 'no_receipt'] as const;
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
  /** How long after the channel before took the message its receipt is waited for; there with `no_receipt`. */
  readonly receiptWithinMs?: number;
  /** Also for whoever may have been sent it on a channel before: they may then have it twice. */
  readonly onUnknown: boolean;
}

/** Of a notification: the first it goes over, and those it falls back to. */
export interface Channels extends Pick<Notification, 'channel' | 'connectionId'> {
  readonly options?: Notification['options'] | undefined;
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
  /** The last channel that took the message, whose receipt is waited for or did not come. */
  readonly taken?: Taken;
}

/** What there is to say of a delivery that may not be the last. */
export type Taken = Pick<Log, 'personId' | 'channelId' | 'providerMessageId' | 'attempts' | 'maybeDoubled'> & {
  readonly step: number;
};

/** Which step a queue of this connection is; 0: the notification's own. */
export function stepOf(
  { options }: { readonly options?: Notification['options'] | undefined },
  connectionId: string,
): number {
  return (options?.fallBacks ?? []).findIndex((fallBack) => fallBack.connectionId === connectionId) + 1;
}

/** The channel of a step, the notification's own included. */
export function channelAt(notification: Channels, step: number): Pick<FallBack, 'channel' | 'connectionId'> {
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

/** Somebody who goes on: to whom, over which connection, and how much later. */
export interface Onward {
  readonly recipient: Recipient;
  readonly connectionId: string;
  readonly delayMs: number;
}

/** What came of a recipient on one channel. */
export interface ChannelEnd {
  readonly notification: Pick<Notification, 'options'>;
  readonly step: number;
  readonly recipient: Recipient;
  /** What would be its log if there were no other channel. */
  readonly log: Log;
  /** Nothing is sent after it; epoch ms. */
  readonly deadline: number;
}

/**
 * Whether a recipient for whom a channel came to its end goes on to the next; null: it is over, and `endOf` says how.
 * Nobody goes on who may have the message already, unless the sender said so, nor whoever asked for silence.
 */
export function goOn(end: ChannelEnd): Onward | null {
  const next = end.notification.options?.fallBacks?.[end.step];
  if (next === undefined) return null;
  return end.log.state === 'delivered' ? awaitReceipt(end, next) : goOnFrom(end, next);
}

function goOnFrom({ step, recipient, log }: ChannelEnd, next: FallBack): Onward | null {
  const cause = causeOf(log);
  if (cause === null || !next.on.includes(cause)) return null;
  const isDoubtful = log.maybeDoubled || log.state === 'unknown';
  if (isDoubtful && !next.onUnknown) return null;
  const tried = [...triedBy(recipient), ...triedNow(step, log)];
  return depart(recipient, { ...recipient.route, tried }, next.connectionId, { maybeSent: isDoubtful, delayMs: 0 });
}

/** Whoever has the message by one channel is only looked at again when the time for its receipt is over. */
function awaitReceipt({ step, recipient, log, deadline }: ChannelEnd, next: FallBack): Onward | null {
  if (!next.on.includes('no_receipt')) return null;
  const { personId, channelId, providerMessageId, attempts } = log;
  const maybeDoubled = log.maybeDoubled || wasDoubtful(recipient);
  const taken = { step, personId, channelId, providerMessageId, attempts, maybeDoubled };
  const delayMs = Math.max(0, Math.min(next.receiptWithinMs ?? 0, deadline - log.at));
  const route = { tried: [...triedBy(recipient), ...withoutReceipt(recipient)], taken };
  return depart(recipient, route, next.connectionId, { maybeSent: false, delayMs });
}

function depart(
  // What was spent before a retry is told with the channel that ends here.
  { printed: _printed, earlier: _earlier, ...recipient }: Recipient,
  route: Route,
  connectionId: string,
  { maybeSent, delayMs }: { readonly maybeSent: boolean; readonly delayMs: number },
): Onward {
  return { recipient: { ...recipient, attempts: 0, maybeSent, route }, connectionId, delayMs };
}

/** The log of a recipient for whom it is over: whoever has the message by one channel has it, whatever came after that. */
export function endOf({ step, recipient, log }: Pick<ChannelEnd, 'step' | 'recipient' | 'log'>): Log {
  const { route } = recipient;
  if (route === undefined) return log;
  if (log.state === 'delivered') {
    const tried = [...route.tried, ...withoutReceipt(recipient)].sort(byStep);
    return { ...log, maybeDoubled: log.maybeDoubled || wasDoubtful(recipient), route: { step, tried } };
  }
  if (route.taken === undefined) return { ...log, route: { step, tried: route.tried } };
  const isDoubtful = log.maybeDoubled || log.state === 'unknown';
  return takenLog(recipient, route.taken, { at: log.at, isDoubtful, tried: [...route.tried, ...triedNow(step, log)] });
}

/**
 * The log of a recipient that is not looked at any more, by whatever name it ends: on the channel it waited for, or, while a
 * receipt is waited for, on the one that took the message.
 */
export function endUntried({ step, recipient, log }: Pick<ChannelEnd, 'step' | 'recipient' | 'log'>): Log {
  const { route } = recipient;
  if (route === undefined) return log;
  if (route.taken === undefined) return { ...log, route: { step, tried: route.tried } };
  return takenLog(recipient, route.taken, { at: log.at, isDoubtful: log.maybeDoubled, tried: route.tried });
}

function takenLog(
  { seq, identity }: Recipient,
  { step, ...taken }: Taken,
  { at, isDoubtful, tried }: { readonly at: number; readonly isDoubtful: boolean; readonly tried: readonly Tried[] },
): Log {
  const maybeDoubled = taken.maybeDoubled || isDoubtful;
  const route = { step, tried: [...tried].sort(byStep) };
  return { seq, identity, state: 'delivered', reason: null, detail: null, ...taken, maybeDoubled, at, route };
}

const byStep = (one: Tried, other: Tried): number => one.step - other.step;

/** Over a channel before it may have been sent twice already. */
const wasDoubtful = ({ route }: Recipient): boolean => route?.taken?.maybeDoubled === true;

const triedBy = ({ route }: Recipient): readonly Tried[] => route?.tried ?? [];

/** Nothing was tried of what ended before it began. */
function triedNow(step: number, { reason, detail, attempts, state }: Log): readonly Tried[] {
  return reason === null || state === 'cancelled' || state === 'expired' ? [] : [{ step, reason, detail, attempts }];
}

function withoutReceipt({ route }: Recipient): readonly Tried[] {
  if (route?.taken === undefined) return [];
  const { step, attempts } = route.taken;
  return [{ step, reason: 'no_receipt', detail: null, attempts }];
}

const NO_ADDRESS: ReadonlySet<Reason> = new Set<Reason>(['not_associated', 'address_gone', 'address_dead']);

/** Null: an end that no other channel changes. */
function causeOf({ state, reason }: Log): FallBackCause | null {
  if (reason !== null && NO_ADDRESS.has(reason)) return 'no_address';
  return state === 'failed' || state === 'unknown' ? 'failure' : null;
}

/** The provider says that the recipient has it, so that nobody else is to send it. */
export const isArrived = ({ state }: Pick<Receipt, 'state'>): boolean => state === 'delivered' || state === 'read';

/** What the provider of the channel on which somebody ended said; of another it would be taken for this one's. */
export const receiptAt = (receipt: Receipt | null, step: number): Receipt | null =>
  receipt !== null && (receipt.step ?? 0) === step ? receipt : null;

/** A channel that was left because it told nothing told later that it had arrived. */
export const cameLate = (receipt: Receipt | null, step: number): boolean =>
  receipt !== null && (receipt.earlierArrived === true || ((receipt.step ?? 0) < step && isArrived(receipt)));
