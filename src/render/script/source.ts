import { MAX_BRACKET_DEPTH, MAX_SOURCE_BYTES } from './limits.ts';

/** Why a script cannot be taken, in words; null when it can. It is not compiled: that is for the sandbox. */
export function findSourceFault(source: string): string | null {
  if (Buffer.byteLength(source) > MAX_SOURCE_BYTES) return `a script may have at most ${MAX_SOURCE_BYTES / 1_024} KiB`;
  if (source.includes('\0')) return 'a script may not hold NUL characters';
  if (!source.isWellFormed()) return 'a script may not hold half of a surrogate pair';
  if (bracketDepth(source) > MAX_BRACKET_DEPTH) return `brackets are nested more than ${MAX_BRACKET_DEPTH} deep`;
  return null;
}

/** Brackets inside texts and comments count too: telling them apart would take a parser, which is what this protects. */
function bracketDepth(source: string): number {
  let [depth, deepest] = [0, 0];
  for (let i = 0; i < source.length; i += 1) {
    const char = source[i] ?? '';
    if ('([{'.includes(char)) deepest = Math.max(deepest, ++depth);
    else if (')]}'.includes(char)) depth = Math.max(0, depth - 1);
  }
  return deepest;
}
