import { isJsonObject } from '../model/json.ts';
import { LOG_FIELDS, type LogFields } from '../model/logger.ts';

const MAX_TEXT = 500;
const MAX_STACK = 8_000;

type CleanFields = Record<string, string | number | boolean | null | CleanError>;

interface CleanError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: CleanError;
}

/** Keeps the fields on the list and of them only plain values; whatever else a caller smuggled in is dropped. */
export function cleanFields(fields: LogFields, withStacks: boolean): CleanFields {
  const clean: CleanFields = {};
  for (const name of LOG_FIELDS) {
    const value = fields[name];
    if (typeof value === 'string') clean[name] = cleanText(value, MAX_TEXT);
    else if (typeof value === 'number' || typeof value === 'boolean' || value === null) clean[name] = value;
  }
  if (fields.error !== undefined) clean['error'] = cleanError(fields.error, withStacks);
  return clean;
}

/**
 * Database drivers and sandboxes hang connection strings, statements and whole contexts on their errors, so of an error
 * only these keys are read, and what looks like a credential in its words is blotted out.
 */
function cleanError(thrown: unknown, withStacks: boolean): CleanError {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: 'something that is not an Error was thrown' };
  const code: unknown = isJsonObject(thrown) ? Reflect.get(thrown, 'code') : null;
  return {
    type: cleanText(thrown.name, 100),
    message: cleanText(thrown.message, MAX_TEXT),
    ...(typeof code === 'string' || typeof code === 'number' ? { code: cleanText(String(code), 100) } : {}),
    ...(withStacks && thrown.stack !== undefined ? { stack: blotCredentials(thrown.stack.slice(0, MAX_STACK)) } : {}),
    ...(thrown.cause instanceof Error ? { cause: cleanError(thrown.cause, withStacks) } : {}),
  };
}

const CREDENTIALS: readonly (readonly [RegExp, string])[] = [
  [/\b(eyJ[\w-]*)\.[\w-]*\.[\w.-]*/g, '***'],
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, '$1 ***'],
  [/\b(whs(?:ec|k)_|xox[a-z]-|xapp-)[\w+/=-]+/g, '$1***'],
  [/(\/\/)[^\s/@]*@/g, '$1***@'],
  [/([?&#][^\s=&]*=)[^\s&#]*/g, '$1***'],
  [/\b((?:client_)?(?:secret|password|token|api_?key)["']?\s*[=:]\s*["']?)[^\s"',;&}]+/gi, '$1***'],
  [/-----BEGIN [^-]*-----[\s\S]*?(?:-----END [^-]*-----|$)/g, '***'],
];

function blotCredentials(text: string): string {
  return CREDENTIALS.reduce((rest, [pattern, stain]) => rest.replace(pattern, stain), text);
}

/** One line, without control characters, of bounded length. */
function cleanText(text: string, maxLength: number): string {
  // Cut first and generously: the patterns then work on bounded text, and a credential cut in half is still one.
  const oneLine = blotCredentials(text.slice(0, maxLength * 4)).replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  return oneLine.length <= maxLength ? oneLine : `${oneLine.slice(0, maxLength)}…`;
}
