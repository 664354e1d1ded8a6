import { pino } from 'pino';
import type { LogFormat, LogLevel } from '../config/settings.ts';
import type { LogFields, Logger } from '../model/logger.ts';
import { cleanFields } from './clean.ts';
import { formatLine } from './format-line.ts';

/** Where lines go: standard error, unless a test looks on. */
export interface LogStream {
  write(line: string): void;
  readonly isTTY?: boolean;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly stream?: LogStream;
}

/** Structured lines: JSON for machines, or one readable line for a terminal. */
export function createLogger({ level, format, stream = process.stderr }: LoggerOptions): Logger {
  const withStacks = level === 'debug' || level === 'trace';
  const asText = format === 'text' || (format === 'auto' && stream.isTTY === true);
  const lines = pino(
    {
      level,
      base: { pid: process.pid },
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    asText ? { write: (line: string) => stream.write(formatLine(line)) } : stream,
  );
  const at =
    (name: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, fields: LogFields = {}) => {
      if (lines.isLevelEnabled(name)) lines[name](cleanFields(fields, withStacks), event);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
