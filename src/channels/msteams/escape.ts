/** Keys whose text is an address. */
const URL_KEYS: ReadonlySet<string> = new Set([
  'url',
  'iconUrl',
  'contentUrl',
  'thumbnailUrl',
  'poster',
  'backgroundImage',
]);

/**
 * Makes a value show as it was written, by where it is put:
 * - a text message, and whatever is neither below (titles, placeholders, data): as it is, for nothing reads it;
 * - the `text` of an activity, which Teams reads as Markdown and as HTML: Markdown's marks get a backslash, HTML's become
 *   entities, so that neither `<at>` nor a link comes in by a name. (With textFormat plain the backslashes would show.)
 * - the `text` of a hero or thumbnail card: HTML alone;
 * - TextBlock.text and the facts of a FactSet: Markdown alone. The runs of a RichTextBlock are plain.
 * - an address: percent-encoded, unless the value is a whole http(s) URL by itself; that is only put in order.
 */
export function escapeValue(value: string, path: string | null): string {
  if (path === null) return value;
  const key = /([^.[\]]+)(?:\[\d+\])*$/.exec(path)?.[1] ?? '';
  if (URL_KEYS.has(key)) return escapeUrl(value);
  if (path === 'text') return escapeMarkdown(escapeHtml(value));
  if (/^attachments\[\d+\]\.content\.text$/.test(path)) return escapeHtml(value);
  const isFact = /\.facts\[\d+\]\.(?:title|value)$/.test(path);
  const isBlock =
    key === 'text' && /^attachments\[\d+\]\.content\./.test(path) && !/\.inlines\[\d+\]\.text$/.test(path);
  return isFact || isBlock || key === 'fallbackText' ? escapeMarkdown(value) : value;
}

function escapeHtml(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Also takes apart `{{DATE(…)}}`, which clients would fill in, and the beginnings of lists, headings and quotes. */
function escapeMarkdown(value: string): string {
  return value
    .replace(/[\\`*_[\]<~]/g, '\\$&')
    .replace(/^([ \t]*)([-+#>])/gm, '$1\\$2')
    .replace(/^([ \t]*\d{1,9})([.)])/gm, '$1\\$2')
    .replaceAll('{{', '{\\{');
}

function escapeUrl(value: string): string {
  const whole = /^https?:\/\//i.test(value) ? URL.parse(value) : null;
  return whole === null ? encodeURIComponent(value.toWellFormed()) : whole.href;
}
