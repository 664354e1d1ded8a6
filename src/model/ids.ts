import { hash, randomBytes } from 'node:crypto';

/** Kore's prefixes: job, log, message, bot, user, client, connection; and ours: callback, erasure, operator. */
export type IdPrefix = 'ds' | 'nl' | 'ms' | 'st' | 'u' | 'cs' | 'dc' | 'cb' | 'er' | 'op';

const NAMESPACE = 'beckon/';
const ID_BODY = '[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';

/** A fresh id, `ds-…`: 122 random bits in the shape of a version-5 UUID, which callers' id patterns expect. */
export function randomId(prefix: IdPrefix): string {
  return `${prefix}-${shapeAsV5(randomBytes(16).toString('hex'))}`;
}

/** The same id for the same parts, for ever: version-5 shaped, from SHA-1 over the prefix and the parts. */
export function derivedId(prefix: IdPrefix, ...parts: readonly (string | number)[]): string {
  return `${prefix}-${shapeAsV5(hash('sha1', NAMESPACE + prefix + JSON.stringify(parts), 'hex'))}`;
}

/** Ids of a recipient's log (`nl-…`): fixed by (notification, seq), so never stored. */
export const logId = (notificationId: string, seq: number): string => recipientId('nl', notificationId, seq);

/** Ids of a recipient's message (`ms-…`), which is also its idempotency key at providers that take one. */
export const messageId = (notificationId: string, seq: number): string => recipientId('ms', notificationId, seq);

/** Of what is told of a notification: its `webhook-id`, the same however often it is tried. */
export const callbackId = (botId: string, notificationId: string, eventNo: number): string =>
  derivedId('cb', botId, notificationId, eventNo);

/**
 * One hash a notification and kind; the seq goes into its last 32 bits, so that no two recipients of a notification can
 * ever share an id. A status asks for thousands of them, and a hash each took longer than reading the logs.
 */
function recipientId(prefix: 'nl' | 'ms', notificationId: string, seq: number): string {
  const { head, tail } = findStem(prefix, notificationId);
  return head + ((tail ^ seq) >>> 0).toString(16).padStart(8, '0');
}

interface Stem {
  readonly head: string;
  /** The last 32 bits of what was hashed. */
  readonly tail: number;
}

/** Of the notifications that are asked for at the moment. */
const stems = { nl: new Map<string, Stem>(), ms: new Map<string, Stem>() };
const MAX_STEMS = 1_000;

function findStem(prefix: 'nl' | 'ms', notificationId: string): Stem {
  const known = stems[prefix];
  const found = known.get(notificationId);
  if (found !== undefined) return found;
  const id = derivedId(prefix, notificationId);
  const stem = { head: id.slice(0, -8), tail: Number.parseInt(id.slice(-8), 16) };
  if (known.size >= MAX_STEMS) known.clear();
  known.set(notificationId, stem);
  return stem;
}

/** A person's id when none was given: fixed by bot and (normalised) identity. */
export const personId = (botId: string, identity: string): string => derivedId('u', botId, identity);

/** A connection's id: fixed by what makes it unique, so that addresses can be imported before it is configured. */
export const connectionId = (botId: string, channel: string, name: string | null): string =>
  derivedId('dc', botId, channel, name ?? '');

/** Names one recipient to a provider that hands it back with its receipts: `ds-….12`. */
export const recipientRef = (notificationId: string, seq: number): string => `${notificationId}.${seq}`;

/** Null for anything that `recipientRef` did not write. */
export function parseRecipientRef(ref: string): { readonly notificationId: string; readonly seq: number } | null {
  const [notificationId = '', digits = '', ...rest] = ref.split('.');
  if (rest.length > 0 || !isId('ds', notificationId) || !/^(?:0|[1-9][0-9]{0,8})$/.test(digits)) return null;
  return { notificationId, seq: Number(digits) };
}

export function isId(prefix: IdPrefix, value: string): boolean {
  return new RegExp(`^${prefix}-${ID_BODY}$`).test(value);
}

function shapeAsV5(hex: string): string {
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
