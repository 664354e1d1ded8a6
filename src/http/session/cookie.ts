import type { FastifyReply, FastifyRequest } from 'fastify';

/** Browsers take a `__Host-` cookie from no other host than this one, over HTTPS only, so nobody can plant one. */
const SECURE_NAME = '__Host-beckon-session';
const PLAIN_NAME = 'beckon-session';

export interface CookieRules {
  /** Where people reach this server; null: nobody said, so the browser's word on the scheme counts. */
  readonly publicUrl: string | null;
}

export function readSessionCookie({ headers: { cookie } }: FastifyRequest, { publicUrl }: CookieRules): string | null {
  const secure = readCookie(cookie, SECURE_NAME);
  // Behind HTTPS a plain one is nobody's of ours.
  return secure ?? (isHttps(publicUrl) ? null : readCookie(cookie, PLAIN_NAME));
}

/** `Strict`: no link and no form elsewhere brings it along. */
export function setSessionCookie(
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  rules: CookieRules,
  { token, maxAgeSeconds }: { readonly token: string; readonly maxAgeSeconds: number },
): void {
  const isSecure = isHttps(rules.publicUrl ?? request.headers.origin ?? null);
  const rest = `Max-Age=${maxAgeSeconds}; Path=/; HttpOnly; SameSite=Strict`;
  reply.header('set-cookie', isSecure ? `${SECURE_NAME}=${token}; ${rest}; Secure` : `${PLAIN_NAME}=${token}; ${rest}`);
}

export function clearSessionCookie(reply: FastifyReply): void {
  const gone = 'Max-Age=0; Path=/; HttpOnly; SameSite=Strict';
  reply.header('set-cookie', [`${SECURE_NAME}=; ${gone}; Secure`, `${PLAIN_NAME}=; ${gone}`]);
}

export function readCookie(header: string | undefined, name: string): string | null {
  for (const pair of (header ?? '').split(';')) {
    const [key, value] = pair.split('=', 2);
    if (key?.trim() === name && value !== undefined && value !== '') return value.trim();
  }
  return null;
}

export const isHttps = (url: string | null): boolean => url?.startsWith('https:') === true;
