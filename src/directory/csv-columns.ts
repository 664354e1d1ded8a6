import type { PersonAddress } from '../model/person.ts';
import type { FindChannel } from './parse-person.ts';

/**
 * What one CSV column holds. Addresses spread over columns that share a place: `<channel>` or `<channel>:<name>`.
 * `attributes` and `addresses` hold as JSON what has no column of its own.
 */
export type Column =
  | { readonly kind: 'text'; readonly key: TextKey }
  | { readonly kind: 'list'; readonly key: ListKey }
  | { readonly kind: 'json'; readonly key: JsonKey }
  | { readonly kind: 'attribute'; readonly key: string }
  | AddressColumn;

export interface AddressColumn {
  readonly kind: 'address';
  /** Canonical channel id. */
  readonly channel: string;
  readonly name: string | null;
  /** `channelId` or a key of the reference. */
  readonly key: string;
}

const TEXT_KEYS = ['id', 'email', 'upn', 'phone', 'name', 'locale', 'timeZone'] as const;
const LIST_KEYS = ['identities', 'tags'] as const;
const JSON_KEYS = ['attributes', 'addresses'] as const;
type TextKey = (typeof TEXT_KEYS)[number];
type ListKey = (typeof LIST_KEYS)[number];
type JsonKey = (typeof JSON_KEYS)[number];

const FIXED = new Map<string, Column>([
  ...TEXT_KEYS.map((key) => [key.toLowerCase(), { kind: 'text', key }] as const),
  ...LIST_KEYS.map((key) => [key, { kind: 'list', key }] as const),
  ...JSON_KEYS.map((key) => [key, { kind: 'json', key }] as const),
]);

/** The columns every export has, in its order. */
export const FIXED_COLUMNS: readonly Column[] = [...FIXED.values()];

/** For the sentence about a column there is not. */
export const COLUMN_HELP = `${[...TEXT_KEYS, ...LIST_KEYS].join(', ')}, attributes.<key>, <channel>.channelId, <channel>.<reference key>`;

/** The column a header cell means; null when it means none. */
export function parseHeader(header: string, findChannel: FindChannel): Column | null {
  const cell = header.trim();
  const fixed = FIXED.get(cell.toLowerCase());
  if (fixed !== undefined) return fixed;
  const dot = cell.indexOf('.');
  if (dot > 0 && cell.slice(0, dot).toLowerCase() === 'attributes') return attributeColumn(cell.slice(dot + 1));
  return parseAddressHeader(cell, findChannel);
}

function attributeColumn(key: string): Column | null {
  return key === '' || key === '__proto__' ? null : { kind: 'attribute', key };
}

/** A name may hold dots, so behind a colon the last dot counts; a channel's id holds none, so otherwise the first. */
function parseAddressHeader(cell: string, findChannel: FindChannel): Column | null {
  const [, spelling = '', name = null, key = ''] =
    /^([^.:]+):(.+)\.([^.]+)$/s.exec(cell) ?? /^([^.:]+)()\.(.+)$/s.exec(cell) ?? [];
  const channel = spelling === '' ? null : findChannel(spelling);
  if (channel === null || key === '__proto__') return null;
  return { kind: 'address', channel: channel.id, name: name || null, key };
}

export function headerOf(column: Column): string {
  if (column.kind === 'attribute') return `attributes.${column.key}`;
  if (column.kind === 'address') return `${placeOf(column)}.${column.key}`;
  return column.key;
}

/** What the columns of one address have in common. */
export function placeOf({ channel, name }: Pick<AddressColumn, 'channel' | 'name'>): string {
  return name === null ? channel : `${channel}:${name}`;
}

/** The columns of an address: its channel id and the keys of its reference. */
export function columnsOf(address: PersonAddress): AddressColumn[] {
  const { channel, connectionName: name } = address;
  const keys = ['channelId', ...Object.keys(address.reference ?? {})];
  return keys.map((key) => ({ kind: 'address', channel, name, key }));
}
