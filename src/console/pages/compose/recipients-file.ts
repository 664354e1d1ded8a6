import type { Client } from '../../../client/client.ts';
import type { SendRecipient } from '../../../client/send-documents.ts';
import { isJsonObject } from '../../../model/json.ts';
import { cutFile, type FileFormat, formatOf, mediaTypeOf, type Piece, UnreadableFile } from '../../data/file-pieces.ts';
import { MAX_IN_CALL, type Named } from './audience.ts';

/** A file of recipients that was looked through. */
export interface RecipientsFile {
  readonly file: File;
  readonly format: FileFormat;
  readonly recipients: number;
  /** The first of them. */
  readonly sample: readonly Named[];
  /** What a CSV file has besides who it is: the parameters it fills in. */
  readonly parameters: readonly string[];
}

const IDENTITY_KEYS = ['identity', 'email', 'phoneNumber', 'spaceId'] as const;
const RECORDS_OF_PIECE = 5_000;

/** Counts, and reads the first; throws `UnreadableFile`. */
export async function openRecipientsFile(file: File): Promise<RecipientsFile> {
  const format = formatOf(file.name);
  if (format === null) throw new UnreadableFile('Choose a file that is called .csv, .ndjson or .jsonl.');
  let [recipients, first]: [number, Piece | null] = [0, null];
  for await (const piece of cutFile(file, { format, records: RECORDS_OF_PIECE })) {
    first ??= piece;
    recipients += piece.records;
  }
  if (first === null) throw new UnreadableFile('It names nobody.');
  if (format === 'ndjson') return { file, format, recipients, sample: readLines(first.text), parameters: [] };
  return { file, format, recipients, ...(await readTable(first.text)) };
}

function readLines(text: string): Named[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, MAX_IN_CALL)
    .map((line, index) => {
      try {
        const value: unknown = JSON.parse(line);
        if (typeof value === 'string' || isJsonObject(value)) return value as Named;
      } catch {
        // It is told below.
      }
      throw new UnreadableFile(`Line ${index + 1} is neither an identity in quotes nor a JSON object.`);
    });
}

async function readTable(text: string): Promise<Pick<RecipientsFile, 'sample' | 'parameters'>> {
  // Its parser is loaded when there is something to parse.
  const { readRows } = await import('../../data/read-rows.ts');
  const [header, ...rows] = readRows(text);
  const columns = (header?.cells ?? []).map(columnOf);
  if (!columns.some(({ isIdentity }) => isIdentity))
    throw new UnreadableFile(`Its first line names no column that says who it is: ${IDENTITY_KEYS.join(', ')}.`);
  const sample = rows.slice(0, MAX_IN_CALL).map(({ cells }) => {
    const said = columns.flatMap((column, index) => {
      const cell = (cells[index] ?? '').trim();
      return cell === '' || column.name === 'message' ? [] : [{ ...column, cell }];
    });
    const named = said.filter(({ isIdentity }) => isIdentity).map(({ name, cell }) => [name, cell]);
    const parameters = said.filter(({ isIdentity }) => !isIdentity).map(({ name, cell }) => [name, cell]);
    return {
      ...Object.fromEntries(named),
      ...(parameters.length > 0 && { parameters: Object.fromEntries(parameters) }),
    } as SendRecipient;
  });
  const parameters = columns.filter(({ isIdentity, name }) => !isIdentity && name !== 'message');
  return { sample, parameters: parameters.map(({ name }) => name) };
}

function columnOf(cell: string): { readonly name: string; readonly isIdentity: boolean } {
  const name = cell.trim();
  const key = IDENTITY_KEYS.find((known) => known.toLowerCase() === name.toLowerCase());
  return { name: key ?? (name.toLowerCase() === 'message' ? 'message' : name), isIdentity: key !== undefined };
}

export interface Upload {
  readonly botId: string;
  readonly notificationId: string;
  readonly file: Blob;
  readonly format: FileFormat;
  readonly signal: AbortSignal;
  /** How much of the file the server has, and how many recipients. */
  readonly tell: (share: number, recipients: number) => void;
}

/** Takes the recipients to the server, but what is there already; answers what a seal has to name. */
export async function uploadRecipients(
  client: Client,
  { botId, notificationId, file, format, signal, tell }: Upload,
): Promise<{ readonly recipients: number; readonly chunks: number }> {
  const key = { botId, notificationId, signal };
  const known = new Map<number, { readonly recipients: number; readonly sha256: string }>();
  for await (const chunk of client.audience.chunks(key)) known.set(chunk.chunk, chunk);
  let [recipients, chunks] = [0, 0];
  for await (const piece of cutFile(file, { format, records: RECORDS_OF_PIECE })) {
    const digest = await digestOf(piece.text);
    const before = known.get(piece.number);
    const isThere = before !== undefined && digest !== null && before.sha256 === hex(digest);
    const taken = isThere
      ? before
      : await client.audience.add({
          ...key,
          chunk: piece.number,
          body: piece.text,
          mediaType: mediaTypeOf(format),
          ...(digest !== null && { sha256: base64(digest) }),
        });
    recipients += taken.recipients;
    chunks += 1;
    tell(piece.share, recipients);
  }
  return { recipients, chunks };
}

/** Null on a page that came over plain HTTP: there the server tells whether what comes again is the same. */
async function digestOf(text: string): Promise<Uint8Array | null> {
  const { subtle } = globalThis.crypto;
  if (subtle === undefined) return null;
  return new Uint8Array(await subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
