import { CommandFailure, EXIT } from './exit.ts';

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `90s`, `15m`, `1h`, `30d` in seconds. */
export function parseDurationSeconds(text: string, flag: string): number {
  const [, digits = '', unit = ''] = /^([1-9][0-9]{0,5})([smhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * (UNIT_SECONDS[unit] ?? 0);
  if (seconds > 0) return seconds;
  throw new CommandFailure(`${flag}: "${text}" is not a duration; write 90s, 15m, 1h or 30d.`, EXIT.usage);
}
