import { Type } from 'typebox';
import type { News, Word } from '../model/news.ts';

/** Words that mean nothing else, not even where people talk with a bot. */
const CLEAR = { stop: ['STOP', 'STOPALL', 'UNSUBSCRIBE', 'OPTOUT'], start: ['START', 'UNSTOP'] };

/** With those that the FCC wants obeyed (47 CFR 64.1200(a)(10)), and Twilio obeys on numbers without Advanced Opt-Out. */
const ALL = { stop: [...CLEAR.stop, 'CANCEL', 'END', 'QUIT', 'REVOKE'], start: [...CLEAR.start, 'YES'] };

/** The category that each word means: `{NEWS: 'newsletter'}` lets STOP NEWS decline newsletters. */
export type StopWords = Readonly<Record<string, string>>;

export const STOP_WORDS_SETTING = Type.Record(
  Type.String({ pattern: '^\\S{1,40}$' }),
  Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,63}$' }),
  {
    description:
      'Words that stand for a category: with NEWS for newsletter, who answers STOP NEWS declines that category over this ' +
      'channel, and START NEWS takes it back. STOP alone always ends everything.',
    additionalProperties: false,
  },
);

/** `category` null: of everything. */
export interface Will {
  readonly kind: 'stop' | 'start';
  readonly category: string | null;
}

export interface Heard {
  readonly stopWords?: StopWords | undefined;
  /** Whether people also answer a bot's questions there, with YES or CANCEL. */
  readonly isConversation: boolean;
}

/**
 * What an answer says of wanting more: a word of these alone, or one and a word for a category; null for anything else,
 * also for a category nobody has a word for. Punctuation is no reason to go on writing to somebody.
 */
export function readWill(answer: string, { stopWords = {}, isConversation }: Heard): Will | null {
  const bare = answer.replace(/^[\p{P}\p{Z}\s]+|[\p{P}\p{Z}\s]+$/gu, '').toUpperCase();
  const [word = '', subject, ...more] = bare.split(/\s+/, 3);
  const { stop, start } = isConversation ? CLEAR : ALL;
  const kind = stop.includes(word) ? 'stop' : start.includes(word) ? 'start' : null;
  if (kind === null || more.length > 0) return null;
  if (subject === undefined) return { kind, category: null };
  const category = Object.entries(stopWords).find(([name]) => name.toUpperCase() === subject)?.[1];
  return category === undefined ? null : { kind, category };
}

/** The news of it; `identities` are all names of whoever answered. */
export function newsOf({ kind, category }: Will, identities: readonly string[], when: Word): readonly News[] {
  const [first, ...others] = identities;
  if (first === undefined) return [];
  if (category !== null)
    return [{ kind: kind === 'stop' ? 'declined' : 'wanted', identities: [first, ...others], category, ...when }];
  const detail = 'answered with a word for stop';
  return identities.map((identity) =>
    kind === 'start'
      ? { kind: 'welcome', identity, ...when }
      : { kind: 'silenced', identity, reason: 'opted_out', detail, ...when },
  );
}
