/**
 * Makes a parameter's value harmless where it is put. `&`, `<` and `>` are Slack's control characters (`<!here>`,
 * `<url|text>`) in mrkdwn and plain text alike, and become entities, as documented.
 *
 * For `*`, `_`, `~` and backticks Slack documents no escape. They format only at the edge of a word, so inside a word
 * (`ABC_123`, `first_last@example.com`) they stay as they are, and everywhere else a look-alike takes their place: the
 * value reads the same and can neither begin nor end a format, but what is copied from the message has another
 * character there. Invisible characters between would be worse (they make an edge), and the fallback of a date (the
 * known trick) does not work within links and shows in notifications.
 */
export function escapeValue(value: string, path: string | null): string {
  switch (path === null ? 'mrkdwn' : readingOf(path)) {
    case 'mrkdwn':
      return escapeMrkdwn(value);
    case 'markdown':
      return value.replace(/[\\`*_~[\]<>|#&]/g, '\\$&');
    case 'url':
      return isUrl(value) ? value : encodeURIComponent(value.toWellFormed());
    case 'as it is':
      return value;
  }
}

function escapeMrkdwn(value: string): string {
  return value
    .replace(/[&<>]/g, (character) => ENTITIES[character] ?? character)
    .replace(/`|(?<![\p{L}\p{N}])[*_~]|[*_~](?![\p{L}\p{N}])/gu, (marker) => LOOK_ALIKES[marker] ?? marker);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const LOOK_ALIKES: Readonly<Record<string, string>> = { '*': '∗', _: 'ˍ', '~': '∼', '`': 'ˋ' };

type Reading = 'mrkdwn' | 'markdown' | 'url' | 'as it is';

/** How Slack reads the text at a path. The path does not tell plain text from mrkdwn, and need not. */
function readingOf(path: string): Reading {
  const key = /\.?([^.[\]]+)(?:\[\d+\])*$/.exec(path)?.[1] ?? '';
  if (URLS.has(key)) return 'url';
  if (path === 'markdown_text' || /(?:^|\.)(?:blocks|child_blocks)\[\d+\]\.text$/.test(path)) return 'markdown';
  // Rich text and the cells of tables are never parsed.
  if (/\.elements\[\d+\]\.elements\[/.test(path) || /\.rows\[/.test(path)) return 'as it is';
  if (TEXTS.has(key) || /\.fields\[\d+\]\.(?:title|value)$/.test(path)) return 'mrkdwn';
  return 'as it is';
}

const URLS: ReadonlySet<string> = new Set([
  ...['url', 'image_url', 'thumb_url', 'title_link', 'author_link', 'author_icon', 'footer_icon', 'from_url'],
  ...['icon_url', 'video_url', 'thumbnail_url', 'title_url', 'provider_icon_url'],
]);

const TEXTS: ReadonlySet<string> = new Set(['text', 'pretext', 'title', 'fallback', 'author_name', 'footer']);

/** A whole address is put in as it is; anything else is a part of one. */
function isUrl(value: string): boolean {
  return /^(?:https?|mailto|slack):/i.test(value) && !/[\s<>|"]/.test(value) && URL.canParse(value);
}
