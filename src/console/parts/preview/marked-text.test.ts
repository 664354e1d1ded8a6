import assert from 'node:assert/strict';
import { it } from 'node:test';
import { markedText } from './marked-text.ts';

const CASES: readonly (readonly [string, string])[] = [
  ['**bold** and _thin_', '<strong>bold</strong> and <em>thin</em>'],
  ['[read](https://example.com)', '<span class="preview-link">read</span>'],
  ['snake_case_name stays', 'snake_case_name stays'],
  ['a\nb', 'a<br>b'],
  ['<img src=x onerror=alert(1)>', '&lt;img src=x onerror=alert(1)&gt;'],
  ['**<b onclick="x">**', '<strong>&lt;b onclick=&quot;x&quot;&gt;</strong>'],
  ['[<i>](javascript:x)', '<span class="preview-link">&lt;i&gt;</span>'],
  ['["onmouseover="x](y)', '<span class="preview-link">&quot;onmouseover=&quot;x</span>'],
];

for (const [text, html] of CASES) it(`shows ${text}`, () => assert.equal(markedText(text), html));
