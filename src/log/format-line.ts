import { isJsonObject, type Json, parseJsonObject } from '../model/json.ts';

const WIDEST_LEVEL = 5;

/** `12:03:11.042 info  batch finished  channel=msteams delivered=100` out of a JSON line. */
export function formatLine(line: string): string {
  const record = parseJsonObject(line);
  if (record === null) return line;
  const { level, time, pid: _, event, error, ...fields } = record;
  const clock = String(time).slice(11, 23);
  const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${quoteWhenNeeded(value)}`);
  return `${clock} ${String(level).padEnd(WIDEST_LEVEL)} ${String(event)}${pairs.join('')}${formatError(error)}\n`;
}

function quoteWhenNeeded(value: Json): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

function formatError(error: Json | undefined): string {
  if (!isJsonObject(error)) return '';
  const code = error['code'] === undefined ? '' : ` (${String(error['code'])})`;
  const stack = error['stack'] === undefined ? '' : `\n${String(error['stack'])}`;
  return `: ${String(error['type'])}: ${String(error['message'])}${code}${stack}${formatError(error['cause'])}`;
}
