/** What a delivery status notification (RFC 3464) says of one recipient. */
export interface DeliveryStatus {
  /** Lower case: failed, delayed, delivered, relayed, expanded. */
  readonly action: string;
  /** `5.1.1`; '' when it is none. */
  readonly status: string;
  /** Where the mail was sent to, by either name the reporting relay has for it. */
  readonly addresses: readonly string[];
  readonly diagnostic: string;
}

export interface Bounce {
  /** Whom the bounce itself was sent to, as far as its headers say. */
  readonly sentTo: string;
  readonly statuses: readonly DeliveryStatus[];
}

const MAX_RECIPIENTS = 20;
const SENT_TO = ['to', 'delivered-to', 'x-original-to', 'envelope-to'];

/** Reads a mail as it came, header lines first; null for one that reports no delivery. */
export function readBounce(mail: Uint8Array): Bounce | null {
  const { headers, body } = splitPart(Buffer.from(mail).toString('latin1').replaceAll('\r\n', '\n'));
  const type = headers.get('content-type') ?? '';
  const boundary = /^multipart\/report\b/i.test(type)
    ? /;\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(type)
    : null;
  if (boundary === null) return null;
  const parts = `\n${body}`.split(`\n--${boundary[1] ?? boundary[2]}`).slice(1, 10);
  const report = parts.map((part) => splitPart(part.slice(part.indexOf('\n') + 1))).find(isReport);
  if (report === undefined) return null;
  const sentTo = SENT_TO.map((name) => headers.get(name) ?? '').join(' ');
  // The first group of fields is about the notification itself.
  const groups = report.body
    .trim()
    .split(/\n[ \t]*\n/)
    .slice(1, 1 + MAX_RECIPIENTS);
  return { sentTo, statuses: groups.map((group) => readStatus(readFields(group))) };
}

interface Part {
  readonly headers: Fields;
  readonly body: string;
}

/** By lower-case name, unfolded; the first of several. */
type Fields = ReadonlyMap<string, string>;

function splitPart(text: string): Part {
  const end = text.indexOf('\n\n');
  if (end < 0) return { headers: readFields(text), body: '' };
  return { headers: readFields(text.slice(0, end)), body: text.slice(end + 2) };
}

function readFields(text: string): Fields {
  const fields = new Map<string, string>();
  for (const line of text.replace(/\n(?=[ \t])/g, '').split('\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    if (colon > 0 && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  return fields;
}

const isReport = ({ headers }: Part): boolean =>
  /^message\/(?:global-)?delivery-status\b/i.test(headers.get('content-type') ?? '');

function readStatus(fields: Fields): DeliveryStatus {
  const named = [fields.get('original-recipient'), fields.get('final-recipient')];
  return {
    action: (fields.get('action') ?? '').toLowerCase(),
    status: /^[245]\.\d{1,3}\.\d{1,3}(?=\s|\(|$)/.exec(fields.get('status') ?? '')?.[0] ?? '',
    addresses: named.flatMap((name) =>
      name === undefined ? [] : [name.replace(/^[\w-]+\s*;\s*/, '').replace(/^<|>$/g, '')],
    ),
    diagnostic: (fields.get('diagnostic-code') ?? '').replace(/^[\w-]+\s*;\s*/, ''),
  };
}
