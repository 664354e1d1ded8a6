import type { Localised, Message } from '../model/message.ts';

/** A language tag in its usual spelling (`pt-BR` of `pt_br`); null: it is none. */
export function canonicalTag(tag: string): string | null {
  return localeOf(tag)?.baseName ?? null;
}

/**
 * Which of the tags is closest to a locale: the same; else one of the same language and script, that of the same region
 * first, then one of no region; else what is left of the locale when subtags are taken away from its end, as RFC 4647
 * (3.4, lookup) does. Null: none, or the locale is no language tag. `zh-TW` is read as `zh-Hant-TW`, so it gets
 * `zh-Hant` rather than `zh`.
 */
export function closestTag(locale: string, tags: readonly string[]): string | null {
  const wanted = localeOf(locale);
  if (wanted === null) return null;
  let closest: string | null = null;
  let best = 0;
  for (const tag of tags) {
    const rank = rankOf(localeOf(tag), wanted);
    if (rank > best) [closest, best] = [tag, rank];
  }
  return closest;
}

function rankOf(offered: Intl.Locale | null, wanted: Intl.Locale): number {
  if (offered === null) return 0;
  if (offered.baseName === wanted.baseName) return 1_000;
  const [fullOffer, fullWish] = [offered.maximize(), wanted.maximize()];
  if (fullOffer.language !== fullWish.language) return 0;
  if (fullOffer.script === fullWish.script) {
    if (fullOffer.region === fullWish.region) return 500;
    return offered.region === undefined ? 400 : 300;
  }
  return `${wanted.baseName}-`.startsWith(`${offered.baseName}-`) ? offered.baseName.length : 0;
}

function localeOf(tag: string): Intl.Locale | null {
  try {
    return new Intl.Locale(tag.trim().replaceAll('_', '-'));
  } catch {
    return null;
  }
}

/** Different locales of one notification's recipients that are remembered; there are a few hundred. */
const MAX_KNOWN = 512;

const chosen = new WeakMap<Localised, Map<string, string>>();

/** The tag of the variant for a locale; null: none is known. */
export function tagFor(content: Localised, locale: string | null): string {
  if (locale === null) return content.default;
  const known = chosen.get(content) ?? new Map<string, string>();
  chosen.set(content, known);
  const earlier = known.get(locale);
  if (earlier !== undefined) return earlier;
  const tag = closestTag(locale, Object.keys(content.variants)) ?? content.default;
  if (known.size < MAX_KNOWN) known.set(locale, tag);
  return tag;
}

/** Always the same object for the same locale. */
export function variantFor(content: Localised, locale: string | null): Message {
  const message = content.variants[tagFor(content, locale)];
  if (message === undefined) throw new Error('what is localised has no variant of its default');
  return message;
}
