const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * The HTML of a text with the Markdown that cards know: bold, italics and links. Whatever could be markup is none before
 * anything else is looked at, so the only tags are those written here; a link leads nowhere.
 */
export const markedText = (text: string): string =>
  text
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
    .replace(/\*\*(.+?)\*\*/g, '<strong>$1</strong>')
    .replace(/(^|[\s(])[_*]([^_*\s](?:[^_*]*[^_*\s])?)[_*](?=$|[\s).,;:!?])/g, '$1<em>$2</em>')
    .replace(/\[([^\]]+)\]\([^()\s]+\)/g, '<span class="preview-link">$1</span>')
    .replace(/\r?\n/g, '<br>');
