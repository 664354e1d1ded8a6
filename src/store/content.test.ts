import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeContent } from './content.ts';

test('an older Beckon, which knows no languages, finds the message of the default', () => {
  const stored = encodeContent({
    type: 'localised',
    variants: { hi: { type: 'text', text: 'नमस्ते' }, en: { type: 'text', text: 'Hello' } },
    default: 'en',
  });
  assert.partialDeepStrictEqual(JSON.parse(stored), { type: 'text', text: 'Hello' });
});
