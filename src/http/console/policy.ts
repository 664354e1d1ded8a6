/** Who may make markup of text in the console: its pages of nothing that has a tag, of mails in their frame, and the renderer of cards. */
const HTML_MAKERS = [
  'default',
  'beckon-mail',
  'adaptivecards#deprecatedExportedFunctionPolicy',
  'adaptivecards#markdownPassthroughPolicy',
  'adaptivecards#restoreContentsPolicy',
] as const;

/** No text becomes markup in the console but by those who are named. */
export const CONSOLE_MARKUP = ["require-trusted-types-for 'script'", `trusted-types ${HTML_MAKERS.join(' ')}`] as const;

/**
 * What our pages may do: load what this server has and talk to it. A script or a style sheet that is not a file of ours
 * needs the nonce, which is new with every page.
 */
export const policyFor = (nonce: string, more: readonly string[] = []): Readonly<Record<string, string>> => ({
  ...OF_EVERY_FILE,
  'content-security-policy': [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "manifest-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    ...more,
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
});

export const OF_EVERY_FILE: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};
