import { createHmac, timingSafeEqual } from 'node:crypto';

/** What `X-Twilio-Signature` covers: the URL as Twilio called it, query and all, and every field of the form. */
export interface TwilioForm {
  readonly url: string;
  readonly form: URLSearchParams;
}

/** Base64 of HMAC-SHA1 over the URL and the fields sorted by name, names and values run together. */
export function signTwilioForm({ url, form }: TwilioForm, authToken: string): string {
  return digest(url, form, authToken).toString('base64');
}

/** Twilio does not say whether it signs a port that is the protocol's own, so either way will do. */
export function isSignedByTwilio({ url, form }: TwilioForm, signature: string, authToken: string): boolean {
  if (!/^[A-Za-z0-9+/]{27}=$/.test(signature)) return false;
  const given = Buffer.from(signature, 'base64');
  return spellingsOf(url).some((spelling) => timingSafeEqual(digest(spelling, form, authToken), given));
}

function digest(url: string, form: URLSearchParams, authToken: string): Buffer {
  const names = [...new Set(form.keys())].sort();
  const fields = names.flatMap((name) => [...new Set(form.getAll(name))].sort().map((value) => name + value));
  return createHmac('sha1', authToken)
    .update(url + fields.join(''))
    .digest();
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { https: '443', http: '80' };

function spellingsOf(url: string): readonly string[] {
  const [, protocol = '', host = '', rest = ''] = /^(https?):\/\/([^/?#]*)(.*)$/s.exec(url) ?? [];
  const port = DEFAULT_PORTS[protocol];
  if (port === undefined) return [url];
  if (!/:\d+$/.test(host)) return [url, `${protocol}://${host}:${port}${rest}`];
  return [url, `${protocol}://${host.replace(/:\d+$/, '')}${rest}`];
}
