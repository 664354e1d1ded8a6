import { mailHtml } from '../trusted-html.ts';
import { PICTURE } from './inert.ts';

/**
 * The document of a frame that shows the HTML of a mail. What keeps a mail harmless is the frame (`sandbox` without any
 * permission: no scripts, no forms, an origin of its own) and its policy, under which nothing is loaded. The rest keeps
 * it from trying, and from looking unlike itself: a frame made from text inherits the policy of the page, which takes no
 * styles but those with its nonce, and mails are made of little else.
 */
export function mailDocument(html: string, nonce: string): string {
  const mail = new DOMParser().parseFromString(mailHtml.createHTML(withoutStyles(html)), 'text/html');
  const sheets = [...mail.querySelectorAll(`script[${SHEET}]`)].map(({ textContent }) => textContent);
  for (const element of mail.querySelectorAll(DROPPED)) element.remove();
  const rules = [...mail.querySelectorAll('*')].flatMap((element, index) => {
    disarm(element);
    return takeStyle(element, index);
  });
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; img-src data:`;
  const shown = [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Preview</title>',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    `<style nonce="${nonce}">${[BASE, ...sheets.map(sheetText), ...rules].join('\n')}</style></head>`,
    `${mail.body.outerHTML}</html>`,
  ];
  return mailHtml.createHTML(shown.join(''));
}

const BASE = 'html{background:#fff}body{margin:16px;font:14px/1.5 Arial,sans-serif;color:#222}a{color:#15c}';
const DROPPED = 'script, iframe, frame, frameset, object, embed, link, meta, base, audio, video, source, noscript';
const LEADING: ReadonlySet<string> = new Set([
  'href',
  'xlink:href',
  'action',
  'formaction',
  'srcset',
  'background',
  'ping',
]);

const SHEET = 'data-sheet';
const STYLE = 'data-style';
const RULE = 'data-rule';

/** Even a document that is shown nowhere is held to the page's policy; so styles go by other names while it is made. */
const withoutStyles = (html: string): string =>
  html
    .replace(/<(\/?)style\b/gi, (_, slash: string) => (slash === '' ? `<script ${SHEET}` : '</script'))
    .replace(/<[a-z][^>]*>/gi, (tag) => tag.replace(/(["'\s/])style(\s*=)/gi, `$1${STYLE}$2`));

function disarm(element: Element): void {
  for (const { name, value } of [...element.attributes]) {
    if (name.startsWith('on') || LEADING.has(name)) element.removeAttribute(name);
    if (name === 'src' && !value.startsWith('data:image/')) element.setAttribute('src', PICTURE);
    if (name === 'href') element.setAttribute('title', value);
  }
}

/** Its style as a rule that is stronger than those of any sheet, as it was. */
function takeStyle(element: Element, index: number): string[] {
  const given = element.getAttribute(STYLE);
  if (given === null) return [];
  element.removeAttribute(STYLE);
  element.setAttribute(RULE, String(index));
  // Read as what an element wears, so that it cannot be more than one rule.
  const { style } = document.createElement('span');
  style.cssText = given;
  return [`[${RULE}="${index}"]:not(#_#_#_){${sheetText(style.cssText)}}`];
}

/** Nothing in it ends the element it stands in, or is loaded. */
const sheetText = (css: string): string =>
  css
    .replace(/<!--|-->/g, '')
    .replaceAll('</', '<\\/')
    .replace(/@import[^;]*;?/gi, '')
    .replace(/url\(\s*(?!["']?data:)[^)]*\)/gi, 'none');
