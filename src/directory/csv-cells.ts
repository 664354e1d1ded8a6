import type { Json } from '../model/json.ts';

/** Lists in one cell: `a;b`, or a JSON array where a value would be misread. */
export function joinList(values: readonly string[]): string {
  const plain = values.join(';');
  const reread = splitList(plain);
  const isSame = reread.length === values.length && values.every((value, index) => value === reread[index]);
  return isSame ? plain : JSON.stringify(values);
}

/** Whatever is not a JSON array is separated by semicolons. */
export function splitList(cell: string): Json[] {
  const array = cell.startsWith('[') ? parseJson(cell) : null;
  if (Array.isArray(array)) return array;
  return cell
    .split(';')
    .map((value) => value.trim())
    .filter((value) => value !== '');
}

/** Null when the cell holds no JSON. */
export function parseJson(cell: string): Json {
  try {
    return JSON.parse(cell);
  } catch {
    return null;
  }
}
