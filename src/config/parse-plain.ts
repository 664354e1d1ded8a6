import type { Parsed } from './setting.ts';

export function parseWholeNumber(range: {
  readonly min: number;
  readonly max: number;
}): (text: string) => Parsed<number> {
  return (text) => {
    const value = /^[0-9]{1,12}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= range.min && value <= range.max) return { value };
    return { fault: `"${text}" must be a whole number from ${range.min} to ${range.max}.` };
  };
}

export function parseChoice<T extends string>(choices: readonly T[]): (text: string) => Parsed<T> {
  return (text) => {
    const value = choices.find((choice) => choice === text);
    return value === undefined ? { fault: `"${text}" must be one of ${choices.join(', ')}.` } : { value };
  };
}
