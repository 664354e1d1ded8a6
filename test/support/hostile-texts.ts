import type { Random } from '../../src/model/clock.ts';

/** Neither a database nor a provider can be trusted with these: they must be refused at the door. */
export const UNSTORABLE: readonly string[] = [
  '\0',
  'a\0b',
  'trailing\0',
  '\ud800',
  '\udfff',
  'high\ud83d',
  '\ude00low',
  'turned\ude00\ud83dround',
  '\ud83d\ud83d\ude00',
];

/** What was somebody's undoing somewhere, and has to come back as it was written. */
const STORABLE: readonly string[] = [
  '',
  ' ',
  ' \t surrounded \n ',
  'tab\tnewline\nreturn\rboth\r\nend',
  '\u0001\u0002\u0007\b\u000b\f\u001b[31mred\u001b[0m\u007f',
  '\u0080\u0085\u009b31m',
  '\ufeffmark first',
  'mark\ufeffwithin',
  '\ufffd',
  '\uffff\ufffe\ufdd0',
  '\u{10ffff}\u{1fffe}',
  'caf\u00e9 and cafe\u0301',
  '\u212b\u00c5A\u030a',
  'Z\u0351\u036b\u0343\u036aA\u0337\u0319L\u031e\u0330G\u0321O\u0322',
  '\u0130I\u0131i \u00df \u1e9e \ufb01',
  '\u202egnp.exe\u202c \u2066isolated\u2069 \u200f',
  'zero\u200bwidth\u200djoined\u2060word\u00ad',
  'line\u2028paragraph\u2029end',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466} \u{1f1e9}\u{1f1ea} \u{1f44d}\u{1f3ff}',
  '\u7530\u4e2d\u3055\u3093\u306b\u3042\u3052\u3066\u4e0b\u3055\u3044 \ufdfa \u0627\u0644\u0639\u0631\u0628\u064a\u0629',
  "'; DROP TABLE notifications; --",
  "' OR '1'='1",
  '") ; SELECT pg_sleep(9); --',
  '$1 $2 :name ?1 @p',
  "E'\\x00' \\x00 \\000 \\u0000 \\\\",
  '{now} {lock} {any:text $1} {rows v(a text) $1}',
  '{{constructor.constructor("return process")()}}',
  '{__proto__} {constructor} {toString}',
  `\${7*7} #{7*7} <%= 7*7 %>`,
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  'null',
  'undefined',
  'NaN',
  '-0',
  '1e400',
  '9007199254740993',
  '0x10',
  'true',
  '[]',
  '[[[[[[[[',
  '"quoted" \\"escaped\\" \\',
  '<script>alert(1)</script><img src=x onerror=alert(1)>',
  '&lt;&#0;&#x0;]]>',
  '=1+1',
  '+1',
  '-1+1',
  '@SUM(A1)',
  "'=1",
  '\t=1',
  '\uff1d1',
  'a,b;"c"\r\nd',
  '../../etc/passwd',
  '..\\..\\windows',
  '%00 %0d%0a %ff %2e%2e%2f %',
  'C:\\CON\\NUL',
  'file:///etc/passwd',
  'a@b@c',
  'A@B.C',
  'a.b@c "quoted"@d <e@f>',
  'header\r\nset-cookie: a=b',
  '$(touch /tmp/x) `id` | id; id',
  '%s%s%n %d',
  '*',
  '?',
  '_%',
  'x'.repeat(199),
  'x'.repeat(201),
  '\u{1f600}'.repeat(100),
  '\u20ac'.repeat(2_000),
  'x'.repeat(10_000),
  'long enough for no index '.repeat(4_000),
];

/** A share of the classics (all that must be refused), and as many that were never seen before. */
export function hostileTexts(
  random: Random,
  { share, unseen }: { readonly share: number; readonly unseen: number },
): string[] {
  const classics = STORABLE.filter(() => random() < share);
  return [...UNSTORABLE, ...classics, ...Array.from({ length: unseen }, () => drawText(random))];
}

export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** One unit in eight is drawn where texts go wrong; the rest from the whole of Unicode or of ASCII. */
function drawText(random: Random): string {
  const length = 1 + Math.floor(random() * 40);
  const share = random() < 0.3 ? 0.03 : 0;
  return Array.from({ length }, () => drawUnit(random, share)).join('');
}

function drawUnit(random: Random, brokenShare: number): string {
  if (random() < brokenShare) return String.fromCharCode(0xd800 + Math.floor(random() * 0x800));
  const kind = random();
  if (kind < 0.15) return TROUBLE[Math.floor(random() * TROUBLE.length)] ?? '';
  if (kind < 0.55) return String.fromCharCode(1 + Math.floor(random() * 0x7f));
  const point = 0x80 + Math.floor(random() * (0x10ffff - 0x7f - 0x800));
  return String.fromCodePoint(point < 0xd800 ? point : point + 0x800);
}

const TROUBLE = [
  '\u0301',
  '\u202e',
  '\u200d',
  '\ufeff',
  '\ufe0f',
  '\u2028',
  '{',
  '}',
  '"',
  "'",
  '\\',
  '%',
  '\r\n',
  '$1',
];
