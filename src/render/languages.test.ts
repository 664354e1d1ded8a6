import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Localised } from '../model/message.ts';
import { canonicalTag, closestTag, tagFor, variantFor } from './languages.ts';

const cases: readonly [locale: string, tags: string, closest: string | null][] = [
  ['hi', 'en hi', 'hi'],
  ['hi-IN', 'en hi', 'hi'],
  ['hi_in', 'en hi', 'hi'],
  ['HI-in', 'en hi', 'hi'],
  [' de ', 'en de', 'de'],
  ['fr', 'en de', null],
  ['en-GB', 'en-US en en-GB', 'en-GB'],
  ['en-GB', 'en-US en', 'en'],
  ['en-GB', 'de en-US', 'en-US'],
  ['en', 'en-GB en-US', 'en-US'],
  ['es-MX', 'es-ES es-419', 'es-ES'],
  ['zh-TW', 'zh zh-Hant', 'zh-Hant'],
  ['zh-HK', 'zh-Hans zh-Hant', 'zh-Hant'],
  ['zh-CN', 'zh-Hant zh', 'zh'],
  ['zh-TW', 'en zh', 'zh'],
  ['sr-Latn-RS', 'sr', 'sr'],
  ['sr', 'sr-Latn', null],
  ['de-CH-1996', 'de-CH de', 'de-CH'],
  ['iw', 'he', 'he'],
  ['english', 'en', null],
  ['', 'en', null],
  ['-', 'en', null],
  ['en-US\u0000', 'en', null],
];

describe('which language somebody is written to in', () => {
  for (const [locale, tags, closest] of cases) {
    it(`of ${tags}, ${JSON.stringify(locale)} gets ${closest}`, () => {
      assert.equal(closestTag(locale, tags.split(' ')), closest);
    });
  }

  it('is the default where nothing fits or nothing is known, and the same object each time', () => {
    const content: Localised = {
      type: 'localised',
      variants: { en: { type: 'text', text: 'Hello' }, hi: { type: 'text', text: 'नमस्ते' } },
      default: 'en',
    };
    assert.deepEqual(
      [null, 'fr', 'hi-IN', 'hi-IN', 'nonsense!'].map((locale) => tagFor(content, locale)),
      ['en', 'en', 'hi', 'hi', 'en'],
    );
    assert.equal(variantFor(content, 'hi'), content.variants['hi']);
    // However many locales there are, each is answered; only the first are remembered.
    for (let i = 0; i < 2_000; i += 1) assert.equal(tagFor(content, `hi-x-p${i}`), 'hi');
  });

  it('spells tags in one way', () => {
    const spelt = ['pt_br', 'ZH-hant-tw', 'en', 'en-u-ca-buddhist', 'x y', ''].map(canonicalTag);
    assert.deepEqual(spelt, ['pt-BR', 'zh-Hant-TW', 'en', 'en', null, null]);
  });
});
