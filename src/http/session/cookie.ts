import type { FastifyReply, FastifyRequest } from 'fastify';

export interface Cookie {
  readonly name: string;
  readonly sameSite: 'Strict' | 'Lax';
}

/** `Strict`: no link and no form elsewhere brings it along. */
export const SESSION_COOKIE: Cookie = { name: 'beckon-session', sameSite: 'Strict' };
/** Ties the way to a provider and back to one browser. `Strict` would not come along when the provider sends it back. */
export const ROUND_TRIP_COOKIE: Cookie = { name: 'beckon-oidc', sameSite: 'Lax' };

/** Browsers take a `__Host-` cookie from no other host than this one, over HTTPS only, so nobody can plant one. */
const secureNameOf = ({ name }: Cookie): string => `__Host-${name}`;

export interface CookieRules {
  /** Where people reach this server; null: nobody said, so the browser's word on the scheme counts. */
  readonly publicUrl: string | null;
}

export function readOwnCookie(
  { headers: { cookie: header } }: FastifyRequest,
  cookie: Cookie,
  { publicUrl }: CookieRules,
): string | null {
  const secure = readCookie(header, secureNameOf(cookie));
  // Behind HTTPS a plain one is nobody's of ours.
  return secure ?? (isHttps(publicUrl) ? null : readCookie(header, cookie.name));
}

export function setOwnCookie(
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  cookie: Cookie,
  { publicUrl, token, maxAgeSeconds }: CookieRules & { readonly token: string; readonly maxAgeSeconds: number },
): void {
  const isSecure = isHttps(publicUrl ?? request.headers.origin ?? null);
  const rest = `Max-Age=${maxAgeSeconds}; Path=/; HttpOnly; SameSite=${cookie.sameSite}`;
  const text = isSecure ? `${secureNameOf(cookie)}=${token}; ${rest}; Secure` : `${cookie.name}=${token}; ${rest}`;
  reply.header('set-cookie', text);
}

export function clearOwnCookie(reply: FastifyReply, cookie: Cookie): void {
  const gone = `Max-Age=0; Path=/; HttpOnly; SameSite=${cookie.sameSite}`;
  reply.header('set-cookie', [`${secureNameOf(cookie)}=; ${gone}; Secure`, `${cookie.name}=; ${gone}`]);
}

export function readCookie(header: string | undefined, name: string): string | null {
  for (const pair of (header ?? '').split(';')) {
    const [key, value] = pair.split('=', 2);
    if (key?.trim() === name && value !== undefined && value !== '') return value.trim();
  }
  return null;
}

export const isHttps = (url: string | null): boolean => url?.startsWith('https:') === true;
