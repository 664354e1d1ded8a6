import type { MessageDraft } from './forms.ts';

/** The names in the `{name}` tokens of texts, each once. JSON is full of braces, so only whole words count. */
export const tokensIn = (texts: readonly string[]): string[] => [
  ...new Set(texts.flatMap((text) => Array.from(text.matchAll(TOKEN), ([, name = '']) => name))),
];

const TOKEN = /\{([A-Za-z_][A-Za-z0-9_.-]{0,63})\}/g;

/** What a message says, in the form it is written in. */
export function textsOf({ form, text, json, mail, approved }: MessageDraft): string[] {
  if (form === 'text') return [text];
  if (form === 'mail') return [mail.subject, mail.text, mail.html];
  return form === 'approved' ? [approved.values] : [json];
}
