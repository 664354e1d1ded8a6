import type { Log, Recipient } from './notification.ts';
import { identityKey } from './person.ts';

/** What stands where somebody's identity stood. */
export const ERASED = '(erased)';

export const isErased = ({ identity }: Pick<Recipient, 'identity'>): boolean => identity === ERASED;

/** Somebody who is erased. */
export interface Erased {
  /** Null: the directory does not know them. */
  readonly personId: string | null;
  /** All that they may be called, as `identityKey` writes it, ids at channels included. */
  readonly names: readonly string[];
}

export const isOf = (erased: Erased, identity: string, personId: string | null): boolean =>
  (personId !== null && personId === erased.personId) || erased.names.includes(identityKey(identity));

/** What became of somebody, without who it was: what is counted stays as it was. */
export function withoutIdentity({ route, ...log }: Log): Log {
  const nobody = { identity: ERASED, detail: null, personId: null, channelId: null, providerMessageId: null };
  if (route === undefined) return { ...log, ...nobody };
  return { ...log, ...nobody, route: { ...route, tried: route.tried.map((one) => ({ ...one, detail: null })) } };
}

/** Shorter names are words that mean something else. */
const SHORTEST_IN_TEXT = 6;

/** Takes somebody's names out of a text of JSON, wherever they stand by themselves. */
export function createRedaction({ names }: Erased): (json: string) => string {
  const written = names
    .filter((name) => name.length >= SHORTEST_IN_TEXT)
    // The longest first: one may begin with another.
    .toSorted((one, other) => other.length - one.length)
    .map((name) => RegExp.escape(JSON.stringify(name).slice(1, -1)));
  if (written.length === 0) return (json) => json;
  const anywhere = new RegExp(`(?<![\\p{L}\\p{N}_])(?:${written.join('|')})(?![\\p{L}\\p{N}_])`, 'giu');
  return (json) => json.replaceAll(anywhere, ERASED);
}
