import { LONGEST_LIFE_MS } from '../../model/timing.ts';
import { wrong } from './wrong.ts';

/** Of a notification that there is already, epoch ms. */
export function readDeadline(text: string, now: number): number {
  const at = Date.parse(text);
  if (at > now && at <= now + LONGEST_LIFE_MS) return at;
  throw wrong('/expiresAt', 'must be in the future, and at most 30 days from now');
}
