/** What people put between the digits of a number. */
const PUNCTUATION = /[\s\u00a0().\-/]+/g;

/**
 * A phone number in E.164 form, `+4915112345678`; null for anything that is none. Callers of Kore's API leave the plus
 * away, so bare digits are taken to begin with the country; a leading zero means they do not, and is not guessed at.
 */
export function readPhoneNumber(identity: string): string | null {
  const dense = identity.replace(PUNCTUATION, '');
  const digits = /^(?:\+|00)?([1-9]\d{6,14})$/.exec(dense)?.[1];
  return digits === undefined ? null : `+${digits}`;
}
