import { isIP } from 'node:net';
import type { Parsed } from './setting.ts';

export function parsePath(text: string): Parsed<string> {
  return text.includes('\0') ? { fault: 'the path holds a NUL character.' } : { value: text };
}

export function parseHost(text: string): Parsed<string> {
  const host = text.replace(/^\[(.*)\]$/, '$1');
  if (/^[A-Za-z0-9.:%_-]+$/.test(host)) return { value: host };
  return { fault: `"${text}" is not a host name or an IP address.` };
}

/** Answers it with the slash at its end that paths are put behind. */
export function parsePublicUrl(text: string): Parsed<string> {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    return { fault: 'Write a whole URL: https://beckon.example.com/.' };
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    return { fault: 'The URL takes no user, no query and no fragment: https://beckon.example.com/.' };
  }
  return { value: url.href.endsWith('/') ? url.href : `${url.href}/` };
}

/** Of `10.0.0.0/8, ::1` each by itself. */
export function parseNetworks(text: string): Parsed<readonly string[]> {
  const value = text.split(',').map((network) => network.trim());
  const bad = value.find((network) => !isNetwork(network));
  if (bad === undefined) return { value };
  return { fault: `"${bad}" is not an address or a network: write 10.0.0.7 or 10.0.0.0/8, several with commas.` };
}

/** One that holds everybody is refused: it says of no one that they are trusted. */
function isNetwork(network: string): boolean {
  const [address = '', length, ...rest] = network.split('/');
  const bits = { 4: 32, 6: 128 }[isIP(address)];
  if (bits === undefined || address.includes('%') || rest.length > 0) return false;
  return length === undefined || (/^[1-9][0-9]{0,2}$/.test(length) && Number(length) <= bits);
}

const DATABASE_FORMS = 'Use sqlite:./data/beckon.db, sqlite::memory: or postgres://user@host:5432/name.';

export function parseDatabase(text: string): Parsed<string> {
  if (/^sqlite:.+/s.test(text)) {
    if (!text.startsWith('sqlite://')) return { value: text };
    return {
      fault: `"${text}" has slashes after "sqlite:"; a path follows it directly, as in sqlite:/var/lib/beckon.db.`,
    };
  }
  if (!/^postgres(ql)?:\/\//.test(text))
    return { fault: `The database URL has no form Beckon knows. ${DATABASE_FORMS}` };
  const url = URL.parse(text);
  if (url === null)
    return { fault: `The PostgreSQL URL cannot be read (a "/" or "@" in a password is written %2F, %40).` };
  return { value: text };
}

/** Passwords never reach a screen, wherever in the URL they stand. */
export function redactDatabase(text: string): string {
  if (text.startsWith('sqlite:')) return text;
  const url = URL.parse(text);
  if (url === null) return '***';
  if (url.password !== '') url.password = '***';
  for (const name of [...url.searchParams.keys()]) {
    if (/pass|secret|key/i.test(name)) url.searchParams.set(name, '***');
  }
  return url.href;
}
