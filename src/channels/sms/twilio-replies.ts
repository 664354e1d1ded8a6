import type { News } from '../../model/news.ts';
import { newsOf, readWill, type StopWords } from '../reply-words.ts';
import { readPhoneNumber } from './phone-number.ts';

/** Reads a message somebody sent us: only whether they want more of ours. */
export function readTwilioReply(form: URLSearchParams, stopWords: StopWords | undefined, now: number): readonly News[] {
  const identity = readPhoneNumber(form.get('From') ?? '');
  // With Advanced Opt-Out the account has words of its own, in any language, and Twilio says what was meant.
  const will = readWill(form.get('OptOutType') ?? form.get('Body') ?? '', { stopWords, isConversation: false });
  return identity === null || will === null ? [] : newsOf(will, [identity], { at: now });
}
