import { Fault } from '../faults.ts';

/** What is wrong with a body that fits its schema. */
export const wrong = (pointer: string, what: string): Fault =>
  new Fault('body_invalid', `${pointer}: ${what}`, {}, pointer);

/** A caller's word, short enough to be said back. */
export const show = (text: string): string => JSON.stringify(text.slice(0, 64));
