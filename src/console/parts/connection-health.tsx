import type { ConnectionState } from '../../client/connections.ts';
import { formatDuration, formatRate } from './format.ts';

interface Health {
  readonly state: 'delivered' | 'pending' | 'unknown' | 'failed';
  readonly word: string;
  readonly why: string | null;
}

/** How a connection does, in a word, and why not better. */
export function healthOf({ now }: Pick<ConnectionState, 'now'>): Health {
  if (now === null) return { state: 'pending', word: 'Not used yet', why: null };
  const { heldMs, pausedMs, why, waiting, inFlight, lookUps } = now;
  if (heldMs > 0) return { state: 'failed', word: `Held for ${formatDuration(heldMs / 1000)}`, why };
  if (pausedMs > 0) return { state: 'unknown', word: `Paused for ${formatDuration(pausedMs / 1000)}`, why };
  if (lookUps.why !== null) return { state: 'unknown', word: 'Looking people up slowly', why: lookUps.why };
  if (waiting + inFlight > 0) return { state: 'delivered', word: 'Sending', why };
  return { state: 'delivered', word: 'Ready', why };
}

export function ConnectionHealth({ connection }: { readonly connection: Pick<ConnectionState, 'now'> }) {
  const { state, word, why } = healthOf(connection);
  return (
    <span className="state-word">
      <span className="dot" data-state={state} />
      <span>
        {word}
        {why !== null && <span className="quiet"> · {why}</span>}
      </span>
    </span>
  );
}

/** How many calls a second it may make at present; less than it is allowed while the provider asks to slow down. */
export function describeLimit(now: ConnectionState['now']): string {
  if (now === null) return '–';
  const { allowed, now: present } = now.rate;
  if (allowed === null) return 'none';
  return present === null || present >= allowed
    ? formatRate(allowed)
    : `${formatRate(present)} of ${formatRate(allowed)}`;
}
