import { writeRows } from '../../directory/csv-lines.ts';
import { guardCell } from '../../directory/formula-guard.ts';
import type { Format } from '../../directory/read-people.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { type OfLedger, toRecipient } from './recipient-document.ts';
import { type Walk, walkLedger } from './walk-ledger.ts';

const PAGE_SIZE = 500;

/** Everybody who has ended and fits the filter as text, page by page and only as fast as it is read. */
export async function* writeRecipients(
  walk: Omit<Walk, 'afterSeq' | 'limit'> & {
    readonly notification: Walk['notification'] & OfLedger;
    readonly format: Format;
  },
): AsyncGenerator<string, void, undefined> {
  const write = walk.format === 'csv' ? writeCsv : writeNdjson;
  if (walk.format === 'csv') yield HEADER;
  for await (const { lines } of walkLedger({ ...walk, afterSeq: -1, limit: PAGE_SIZE })) {
    if (lines.length > 0) yield write(lines.map((line) => toRecipient(line, walk.notification)));
  }
}

const writeNdjson = (recipients: readonly JsonObject[]): string =>
  recipients.map((recipient) => `${JSON.stringify(recipient)}\n`).join('');

/** Of each column, where it is found in a recipient. */
const COLUMNS: readonly (readonly [header: string, ...path: string[]])[] = [
  ...[
    'seq',
    'channel',
    'connectionId',
    'identity',
    'state',
    'reason',
    'hint',
    'detail',
    'personId',
    'channelId',
    'providerMessageId',
    'attempts',
    'maybeDoubled',
    'at',
    'tookMs',
    'tried',
  ].map((key) => [key, key] as const),
  ...['state', 'at', 'reason', 'hint', 'detail'].map((key) => [`receipt.${key}`, 'receipt', key] as const),
];

const HEADER = writeRows([COLUMNS.map(([header]) => header)]);

/** No cell runs in a spreadsheet: identities and details are other people's words. */
function writeCsv(recipients: readonly JsonObject[]): string {
  return writeRows(recipients.map((recipient) => COLUMNS.map(([, ...path]) => guardCell(cellAt(recipient, path)))));
}

function cellAt(recipient: JsonObject, path: readonly string[]): string {
  const value = path.reduce<Json>((from, key) => (isJsonObject(from) ? (from[key] ?? null) : null), recipient);
  if (Array.isArray(value)) return value.map(toWords).join('; ');
  return value === null ? '' : String(value);
}

/** A channel that was tried, and why it was left. */
const toWords = (tried: Json): string => (isJsonObject(tried) ? `${tried['channel']}: ${tried['reason']}` : '');
