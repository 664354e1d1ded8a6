const MAX_LENGTH = 256;
const SHORTEST_SECRET = 4;

/** What secrets look like, for those we were not told of. */
const SECRET_SHAPES = /\bBearer\s+\S+|\beyJ[\w-]+\.[\w-]*(?:\.[\w-]*)*|\bxox[a-z]-[\w-]+|\bwhsec_[\w+/=]+/gi;

/**
 * Makes what a provider said fit for a log: one line of at most 256 printable characters, without the given secrets in
 * any spelling a provider would echo them in.
 */
export function cleanDetail(text: string, secrets: readonly string[] = []): string {
  const hidden = secrets.reduce(hideSecret, text);
  const printable = hidden.replace(/[\p{C}\p{Z}]+/gu, ' ').trim();
  const safe = secrets.reduce(hideSecret, printable).replace(SECRET_SHAPES, '***');
  return safe.length <= MAX_LENGTH ? safe : `${safe.slice(0, MAX_LENGTH - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

function hideSecret(text: string, secret: string): string {
  if (secret.length < SHORTEST_SECRET) return text;
  const spellings = [secret, encodeURIComponent(secret.toWellFormed()), JSON.stringify(secret).slice(1, -1)];
  return spellings.reduce((hidden, spelling) => hidden.replaceAll(spelling, '***'), text);
}
