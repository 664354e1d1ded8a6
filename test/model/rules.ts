import { type Expected, type ExpectedNotification, type ExpectedRecipient, end, isPending } from './expected.ts';

/** Tells what was taken: of which recipient, over which of its channels, and what it said. */
export type OnTaken = (notification: ExpectedNotification, seq: number, text: string) => void;

/** Does at once all that there is to do now: the whole of what an engine is for. */
export function workOff(expected: Expected, now: number, onTaken: OnTaken): void {
  for (const notification of expected.notifications) {
    if (notification.isReceiving) continue;
    if (notification.isCancelled) {
      for (const recipient of notification.recipients.filter(isPending)) end(recipient, 'cancelled', 'cancelled');
      continue;
    }
    if (notification.isPaused && now >= notification.expiresAt) notification.isPaused = false;
    if (notification.isPaused || now < notification.startsAt) continue;
    const isLate = now >= deadlineOf(notification);
    for (const [seq, recipient] of notification.recipients.entries()) {
      while (isPending(recipient)) {
        if (isLate) end(recipient, 'expired', 'expired');
        else if (!attempt(expected, notification, recipient, (text) => onTaken(notification, seq, text))) break;
      }
    }
  }
}

const deadlineOf = ({ isExtended, expiresAt, startsAt, maxAgeMs }: ExpectedNotification): number =>
  isExtended ? expiresAt : Math.min(expiresAt, startsAt + maxAgeMs);

/** False: there is no more to do about them now. */
function attempt(
  { people, moods }: Expected,
  notification: ExpectedNotification,
  recipient: ExpectedRecipient,
  onTaken: (text: string) => void,
): boolean {
  const hop = notification.hops[recipient.step];
  if (hop === undefined) throw new Error('there is no such step');
  const { channel } = hop;
  const person = people.get(recipient.identity);
  const declines = person?.declines;
  if (notification.isNews && (declines === null || declines === channel)) {
    end(recipient, 'suppressed', 'category_declined');
    return true;
  }
  if (channel === 'owl' && person?.hasOwl !== true) {
    if (!goOn(notification, recipient, 'no address')) end(recipient, 'failed', 'not_associated');
    return true;
  }
  switch (moods[channel]) {
    case 'up':
      onTaken(notification.words(person?.locale ?? null));
      end(recipient, 'delivered', null);
      return true;
    case 'refuses':
      if (!goOn(notification, recipient, 'failure')) end(recipient, 'failed', 'unreachable_recipient');
      return true;
    case 'lost':
      onTaken(notification.words(person?.locale ?? null));
      if (!goOn(notification, recipient, 'unknown')) end(recipient, 'unknown', 'answer_lost');
      return true;
    case 'down':
      recipient.isBackingOff = true;
      return false;
  }
}

function goOn(
  { hops }: ExpectedNotification,
  recipient: ExpectedRecipient,
  cause: 'failure' | 'no address' | 'unknown',
): boolean {
  const next = hops[recipient.step + 1];
  if (next === undefined) return false;
  const isDoubtful = cause === 'unknown' || recipient.isDoubtful;
  if (!(cause === 'no address' ? next.onNoAddress : next.onFailure)) return false;
  if (isDoubtful && !next.onUnknown) return false;
  Object.assign(recipient, { step: recipient.step + 1, isDoubtful, isBackingOff: false });
  return true;
}
