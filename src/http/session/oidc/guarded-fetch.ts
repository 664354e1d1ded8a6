import type { CustomFetch } from 'openid-client';
import type { Outbound, OutboundResponse } from '../../../channels/outbound.ts';

const TIMEOUT_MS = 10_000;
/** Key sets and documents of metadata are a fraction of it. */
const MAX_BODY_BYTES = 256 * 1024;
const NO_BODY = [204, 205, 304];

/** It could not be asked, or cannot answer at present. The message is a clean sentence. */
export class ProviderUnreachable extends Error {}

/** `fetch` as openid-client calls it, through the one way out: guarded, in time, bounded, and following nobody elsewhere. */
export function guardedFetch({
  outbound,
  allowPrivateNetwork,
}: {
  readonly outbound: Outbound;
  readonly allowPrivateNetwork: boolean;
}): CustomFetch {
  return async (url, { method, headers, body, signal = AbortSignal.timeout(TIMEOUT_MS) }) => {
    const answer = await outbound.request({
      method: method === 'POST' ? 'POST' : 'GET',
      url,
      headers,
      body: body instanceof URLSearchParams || typeof body === 'string' ? body.toString() : null,
      signal,
      allowPrivateNetwork,
      maxBodyBytes: MAX_BODY_BYTES,
    });
    if (answer.kind !== 'response') throw new ProviderUnreachable(answer.detail);
    if (answer.status >= 500 || answer.status === 429)
      throw new ProviderUnreachable(`${new URL(url).host} answered ${answer.status}.`);
    return toResponse(answer);
  };
}

function toResponse({ status, headers: given, body }: OutboundResponse): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given))
    for (const each of [value ?? []].flat()) headers.append(name, each);
  return new Response(NO_BODY.includes(status) ? null : body, { status, headers });
}
