/** What a person would see of a mail, and what a receiver knows it by. */
export interface ReadMail {
  readonly messageId: string | null;
  readonly subject: string;
  /** The plain text; the HTML where there is no other; null where there is neither. */
  readonly text: string | null;
}

interface Part {
  /** By lower-case name, unfolded; the first of several. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Reads a mail whose bytes are the characters of `raw` (latin1). */
export function readMail(raw: string): ReadMail {
  const mail = readPart(raw);
  const leaves = leavesOf(mail);
  const shown =
    leaves.find((leaf) => typeOf(leaf) === 'text/plain') ?? leaves.find((leaf) => typeOf(leaf) === 'text/html');
  return {
    messageId: mail.headers.get('message-id') ?? null,
    subject: decodeWords(mail.headers.get('subject') ?? ''),
    text: shown === undefined ? null : decodeBody(shown).replaceAll('\r\n', '\n').replace(/\n$/, ''),
  };
}

function readPart(raw: string): Part {
  if (raw.startsWith('\r\n')) return { headers: new Map(), body: raw.slice(2) };
  const end = raw.indexOf('\r\n\r\n');
  const head = end < 0 ? raw : raw.slice(0, end);
  const headers = new Map<string, string>();
  for (const line of head.replace(/\r\n(?=[ \t])/g, '').split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (colon > 0 && !headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  return { headers, body: end < 0 ? '' : raw.slice(end + 4) };
}

function leavesOf(part: Part): Part[] {
  const boundary = /^multipart\/.*?;\s*boundary="?([^";]+)/i.exec(part.headers.get('content-type') ?? '')?.[1];
  if (boundary === undefined) return [part];
  const pieces = `\r\n${part.body}`.split(`\r\n--${boundary}`).slice(1);
  return pieces.filter((piece) => !piece.startsWith('--')).flatMap((piece) => leavesOf(readPart(piece.slice(2))));
}

function typeOf({ headers }: Part): string {
  return (headers.get('content-type') ?? 'text/plain').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function decodeBody({ headers, body }: Part): string {
  const encoding = headers.get('content-transfer-encoding')?.toLowerCase();
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  return fromBytes(encoding === 'quoted-printable' ? decodeQuoted(body.replace(/=\r\n/g, '')) : body);
}

/** RFC 2047: `=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=`; white space between two such words is not part of the text. */
function decodeWords(header: string): string {
  return header
    .replace(/(\?=)\s+(?==\?)/g, '$1')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_word, kind: string, text: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(text, 'base64').toString('utf8')
        : fromBytes(decodeQuoted(text.replaceAll('_', ' '))),
    );
}

const decodeQuoted = (text: string): string =>
  text.replace(/=([0-9A-F]{2})/gi, (_code, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

export const fromBytes = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('utf8');
