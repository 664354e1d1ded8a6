import type { OutboundCall } from './outbound.ts';

/** A request that would not be HTTP. The message names the header, never its value. */
export class MalformedRequest extends Error {}

/**
 * Head and body as they go over the wire, in one piece so that one write sends them: text, to be written as UTF-8, or
 * bytes. `path` is as the URL parser leaves it. RFC 9112, section 3; throws `MalformedRequest`.
 */
export function writeRequest({ method, headers, body }: OutboundCall, host: string, path: string): string | Uint8Array {
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  let isAscii = true;
  for (const name in headers) {
    const value = headers[name] ?? '';
    requireName(name);
    if (!PLAIN.test(value)) {
      requireValue(name, value);
      isAscii = false;
    }
    head += `${name}: ${value}\r\n`;
  }
  if (body !== null) head += `content-length: ${Buffer.byteLength(body)}\r\n`;
  else if (ANNOUNCES_ITS_BODY.has(method)) head += 'content-length: 0\r\n';
  head += '\r\n';
  // Beyond ASCII a head is Latin-1 and a body UTF-8, which no one text can be.
  if (isAscii && typeof body !== 'object') return head + body;
  if (isAscii && body === null) return head;
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body ?? '')]);
}

const ANNOUNCES_ITS_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
/** What frames the message or names its receiver is written here and by nobody else. */
const OURS =
  /^(?:host|connection|keep-alive|proxy-connection|content-length|transfer-encoding|te|trailer|upgrade|expect)$/i;
const PLAIN = /^[\x20-\x7e]*$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

function requireName(name: string): void {
  if (!NAME.test(name)) throw new MalformedRequest('a header has a name that HTTP does not allow');
  if (OURS.test(name)) throw new MalformedRequest(`the header ${name} is not for a call to set`);
}

function requireValue(name: string, value: string): void {
  if (!VALUE.test(value)) throw new MalformedRequest(`the header ${name} holds a character that HTTP does not allow`);
}
