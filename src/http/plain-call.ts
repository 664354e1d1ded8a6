/** A longer head is the parser's to refuse. */
const MAX_HEAD_BYTES = 16 * 1024;
/** A request line and headers in which no two parsers could see different things. */
const PLAIN_HEAD = /^(?:GET|POST) (\/[!-~]*) HTTP\/1\.1(?:\r\n[!#-'*+.0-9A-Z^-z|~-]+: ?[\t -~]*)+$/;
const LENGTH = /\r\ncontent-length:([^\r]*)/gi;
const DIGITS = /^ ?\d{1,9}$/;
/** Where the call ends is told otherwise, or something is asked for beyond an answer. */
const MORE_THAN_PLAIN = /\r\n(?:transfer-encoding|connection|upgrade|expect|trailer):/i;

/**
 * The target of the one whole call that these bytes are, from the first to the last. Null: they may be anything else,
 * which a real parser has to tell.
 */
export function targetOfPlainCall(bytes: Buffer): string | null {
  const text = bytes.toString('latin1', 0, MAX_HEAD_BYTES);
  const headBytes = text.indexOf('\r\n\r\n');
  if (headBytes === -1) return null;
  const head = text.slice(0, headBytes);
  const [, target] = PLAIN_HEAD.exec(head) ?? [];
  if (target === undefined || MORE_THAN_PLAIN.test(head)) return null;
  const [length = '0', ...more] = [...head.matchAll(LENGTH)].map(([, value = '']) => value);
  if (more.length > 0 || !DIGITS.test(length)) return null;
  return bytes.length === headBytes + 4 + Number(length) ? target : null;
}
