/** Days, hours, minutes and seconds of ISO 8601: what has the same length on every day of the year. */
export const DURATION = '^P(?=[0-9T])(?:[0-9]{1,4}D)?(?:T(?=[0-9])(?:[0-9]{1,5}H)?(?:[0-9]{1,6}M)?(?:[0-9]{1,7}S)?)?$';

const PARTS = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;
const UNITS_MS = [86_400_000, 3_600_000, 60_000, 1_000] as const;
const LETTERS = ['D', 'H', 'M', 'S'] as const;

/** Ms of what fits `DURATION`. */
export function readDuration(text: string): number {
  const [, ...parts] = PARTS.exec(text) ?? [];
  return UNITS_MS.reduce((sum, unitMs, index) => sum + Number(parts[index] ?? 0) * unitMs, 0);
}

/** Of whole seconds. */
export function writeDuration(ms: number): string {
  let left = ms;
  const parts = UNITS_MS.map((unitMs, index) => {
    const count = Math.floor(left / unitMs);
    left -= count * unitMs;
    return count === 0 ? '' : `${count}${LETTERS[index]}`;
  });
  const [days = '', ...rest] = parts;
  const time = rest.join('');
  return `P${days}${time === '' && days !== '' ? '' : `T${time === '' ? '0S' : time}`}`;
}
