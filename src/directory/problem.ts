/** What is wrong with one value of one line, for the person who has to mend the file. */
export interface Problem {
  /** The key or CSV column as the file spells it; null when the whole line is meant. */
  readonly field: string | null;
  /** A sentence fragment that names the fix where there is one. */
  readonly message: string;
}

/** A value from a file, short enough to be repeated in a message. */
export function quoteValue(value: string): string {
  const text = value.toWellFormed().replaceAll('\0', '\uFFFD');
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
