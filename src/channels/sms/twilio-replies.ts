import type { News } from '../../model/news.ts';
import { readPhoneNumber } from './phone-number.ts';

/** The words Twilio itself obeys on numbers without Advanced Opt-Out. */
const STOP_WORDS: ReadonlySet<string> = new Set([
  'STOP',
  'STOPALL',
  'UNSUBSCRIBE',
  'CANCEL',
  'END',
  'QUIT',
  'REVOKE',
  'OPTOUT',
]);
const START_WORDS: ReadonlySet<string> = new Set(['START', 'YES', 'UNSTOP']);

/** Reads a message somebody sent us: only whether they want more of ours. */
export function readTwilioReply(form: URLSearchParams, now: number): readonly News[] {
  const identity = readPhoneNumber(form.get('From') ?? '');
  const will = readWill(form);
  if (identity === null || will === null) return [];
  if (will === 'start') return [{ kind: 'welcome', identity, at: now }];
  return [{ kind: 'silenced', identity, reason: 'opted_out', detail: 'answered with a word for stop', at: now }];
}

/** With Advanced Opt-Out the account has words of its own, in any language, and Twilio says what was meant. */
function readWill(form: URLSearchParams): 'stop' | 'start' | null {
  const type = form.get('OptOutType');
  const word = type ?? form.get('Body') ?? '';
  // A word alone. Punctuation is no reason to go on writing to somebody.
  const bare = word.replace(/^[\p{P}\p{Z}\s]+|[\p{P}\p{Z}\s]+$/gu, '').toUpperCase();
  if (STOP_WORDS.has(bare)) return 'stop';
  return START_WORDS.has(bare) ? 'start' : null;
}
