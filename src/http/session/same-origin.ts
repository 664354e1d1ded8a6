import type { FastifyRequest } from 'fastify';
import { Fault } from '../faults.ts';

/**
 * A cookie goes along with whatever a browser asks, also when another site had it ask. What changes something has to come
 * from this server's own pages; what only reads also from its address bar. Browsers say so themselves: `Sec-Fetch-Site`,
 * and where that is not sent (plain HTTP) the `Origin` of whatever is no GET. No page can forge either.
 */
export function assertSameOrigin(request: FastifyRequest, publicUrl: string | null): void {
  const reads = request.method === 'GET';
  const { 'sec-fetch-site': site, origin, host } = request.headers;
  const isOurs =
    site === undefined
      ? (reads && origin === undefined) || isOwn(origin, host, publicUrl)
      : site === 'same-origin' || (reads && site === 'none');
  if (!isOurs) throw new Fault('cross_origin', 'sign in and act on the pages of this server only');
}

/** Behind a proxy that changes Host, the public URL says who we are. */
function isOwn(origin: string | undefined, host: string | undefined, publicUrl: string | null): boolean {
  const url = URL.parse(origin ?? '');
  if (url === null) return false;
  return url.host === host || (publicUrl !== null && url.origin === URL.parse(publicUrl)?.origin);
}
