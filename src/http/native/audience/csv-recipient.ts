import { unguardCell } from '../../../directory/formula-guard.ts';
import { type Problem, quoteValue } from '../../../directory/problem.ts';
import { isJsonObject, type JsonObject } from '../../../model/json.ts';
import { parsePayload } from '../../../render/message.ts';
import { IDENTITY_KEYS } from '../send-body.ts';

/**
 * What a column of a file of recipients holds: who it is (`identity`, or the key of the channel), the recipient's own
 * `message` (text, or JSON where the message of all is native or a script), or a parameter of the column's name.
 */
export interface RecipientColumn {
  readonly kind: 'identity' | 'message' | 'parameter';
  readonly name: string;
}

/** The columns a header names, or what is wrong with it. */
export function readColumns(header: readonly string[]): { readonly columns: readonly RecipientColumn[] } | Problem {
  const columns = header.map((cell) => columnOf(cell.trim()));
  const names = columns.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    return { field: quoteValue(twice), message: 'is there twice: give each column a name of its own' };
  if (names.includes('')) return { field: null, message: 'The header has a column without a name' };
  if (names.includes('__proto__')) return { field: '__proto__', message: 'is not allowed as the name of a column' };
  if (columns.some(({ kind }) => kind === 'identity')) return { columns };
  const isOtherDialect = header.length === 1 && /[;\t]/.test(header[0] ?? '');
  if (isOtherDialect) return { field: null, message: 'The header is one column: separate the columns by commas' };
  return { field: null, message: `The header names no column that says who it is: ${IDENTITY_KEYS.join(', ')}` };
}

function columnOf(header: string): RecipientColumn {
  const identity = IDENTITY_KEYS.find((key) => key.toLowerCase() === header.toLowerCase());
  if (identity !== undefined) return { kind: 'identity', name: identity };
  if (header.toLowerCase() === 'message') return { kind: 'message', name: 'message' };
  return { kind: 'parameter', name: header };
}

/** A row as the JSON of a recipient, which is judged like any other. Empty cells say nothing. */
export function readCells(
  columns: readonly RecipientColumn[],
  cells: readonly string[],
): { readonly value: JsonObject } | Problem {
  if (cells.length !== columns.length) {
    const message = `has ${cells.length} cells, the header ${columns.length}: put cells that hold commas in quotes`;
    return { field: null, message };
  }
  const value: JsonObject = {};
  const parameters: JsonObject = {};
  for (const [index, { kind, name }] of columns.entries()) {
    const cell = unguardCell(cells[index] ?? '');
    if (cell.trim() === '') continue;
    if (kind === 'identity') value[name] = cell.trim();
    else if (kind === 'message') value['message'] = messageOf(cell);
    else parameters[name] = cell;
  }
  return { value: Object.keys(parameters).length === 0 ? value : { ...value, parameters } };
}

function messageOf(cell: string): JsonObject {
  const payload = parsePayload(cell);
  return isJsonObject(payload) ? { type: 'native', payload } : { type: 'text', val: cell };
}
