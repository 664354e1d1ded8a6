import { isJsonObject, type JsonObject } from '../../model/json.ts';

/**
 * Parses a JSON object in which no object names a key twice. `JSON.parse` lets the last one win while other parsers
 * take the first, and a token must not mean two things. Null when the text is anything else.
 */
export function parseUnambiguousObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) && !repeatsKey(text) ? value : null;
  } catch {
    return null;
  }
}

const STRING_OR_BRACE = /"(?:[^"\\]|\\.)*"|[{}]/g;

/** Looks at the key strings of valid JSON, unescaped, so that `"alg"` and `"\u0061lg"` are one key. */
function repeatsKey(text: string): boolean {
  const open: Set<string>[] = [];
  for (const match of text.matchAll(STRING_OR_BRACE)) {
    const [token] = match;
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (isKey(text, match.index + token.length)) {
      const keys = open.at(-1);
      const key: unknown = JSON.parse(token);
      if (keys === undefined || typeof key !== 'string' || keys.has(key)) return true;
      keys.add(key);
    }
  }
  return false;
}

const COLON_NEXT = /\s*:/y;

function isKey(text: string, end: number): boolean {
  COLON_NEXT.lastIndex = end;
  return COLON_NEXT.test(text);
}
