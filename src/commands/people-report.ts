import type { ImportReport, LineProblem } from '../directory/import-people.ts';
import { isJsonObject, type Json } from '../model/json.ts';

/** The report of an import out of what the server answered, be it a 200 or a refusal; null when there is none. */
export function readReport(document: unknown): ImportReport | null {
  if (!isJsonObject(document)) return null;
  const { read, imported, bad, errors } = document;
  const isCounted = typeof read === 'number' && typeof imported === 'number' && typeof bad === 'number';
  return isCounted && Array.isArray(errors) ? { read, imported, bad, errors: errors.flatMap(readProblem) } : null;
}

function readProblem(entry: Json): LineProblem[] {
  if (!isJsonObject(entry)) return [];
  const { line, field, message } = entry;
  if (typeof line !== 'number' || typeof message !== 'string') return [];
  return [{ line, message, field: typeof field === 'string' ? field : null }];
}

/** What happened, for a person to read: the bad lines first, so that the sum stands where the eye ends. */
export function reportLines(report: ImportReport): string[] {
  const problems = report.errors.map(
    ({ line, field, message }) => `line ${line}: ${field === null ? '' : `${field}: `}${message}`,
  );
  const shown = new Set(report.errors.map((error) => error.line)).size;
  const hidden = report.bad - shown;
  return [
    ...problems,
    ...(hidden > 0 ? [`… and ${count(hidden, 'more bad line')}.`] : []),
    `Imported ${report.imported} of ${count(report.read, 'line')}${report.bad > 0 ? `; ${report.bad} bad` : ''}.`,
  ];
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
