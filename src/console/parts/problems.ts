import { ClientError } from '../../client/client-error.ts';
import { explainError } from './states.tsx';

/** What is wrong with a notification, and where: a JSON pointer into the body of its call. */
export interface Problem {
  readonly pointer: string;
  readonly sentence: string;
}

export type Problems = readonly Problem[];

/** What is wrong at a place or below it; null: nothing that is known. */
export function problemAt(problems: Problems, ...places: readonly string[]): string | null {
  const found = problems.find(({ pointer }) =>
    places.some((place) => pointer === place || pointer.startsWith(`${place}/`)),
  );
  return found === undefined ? null : capital(found.sentence);
}

/** What the server refused, at the field it is about; null: it is about no field. */
export function problemOf(error: unknown): Problem | null {
  if (!(error instanceof ClientError)) return null;
  const { pointer, detail } = error.body ?? {};
  if (typeof pointer !== 'string' || pointer === '') return null;
  const said = typeof detail === 'string' ? detail : explainError(error).title;
  return { pointer, sentence: said.startsWith(`${pointer}: `) ? said.slice(pointer.length + 2) : said };
}

const capital = (sentence: string): string => sentence.slice(0, 1).toUpperCase() + sentence.slice(1);

/** Where on the page that is, in its words; what the page has no field for goes by its name in the call. */
export function placeOf(pointer: string): string {
  const [, key = '', index] = pointer.split('/');
  const place = PLACES[key];
  if (place === undefined) return pointer.slice(1).replaceAll('/', ' › ');
  return key === 'channels' && index !== undefined ? `${place}, channel ${Number(index) + 1}` : place;
}

const PLACES: Readonly<Record<string, string>> = {
  recipients: 'Who',
  audience: 'Who',
  channels: 'Where',
  message: 'What',
  template: 'What',
  parameters: 'Values',
  sendAt: 'Not before',
  expiresAt: 'Not after',
  window: 'Only within these hours',
  quietHours: 'Not within these hours',
  overrideQuietHours: 'Quiet hours',
  category: 'Category',
  overridePreferences: 'Category',
  priority: 'Priority',
  canary: 'A few ahead',
  pauseWhen: 'Pause',
};
