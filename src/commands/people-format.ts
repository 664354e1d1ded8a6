import { extname } from 'node:path';
import type { PeopleImport } from '../client/client.ts';
import type { Format } from '../directory/read-people.ts';
import { CommandFailure, EXIT } from './exit.ts';

const MEDIA_TYPES: Readonly<Record<Format, PeopleImport['mediaType']>> = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
};

const FORMAT_OF_ENDING: Readonly<Record<string, Format>> = {
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.csv': 'csv',
};

/** By `--format`, else by the ending of the file; standard input and output are NDJSON. */
export function mediaTypeOf(file: string, format: Format | undefined): PeopleImport['mediaType'] {
  const found = format ?? (file === '-' ? 'ndjson' : FORMAT_OF_ENDING[extname(file).toLowerCase()]);
  if (found !== undefined) return MEDIA_TYPES[found];
  throw new CommandFailure(`${file}: is it NDJSON or CSV? Give --format ndjson or --format csv.`, EXIT.usage);
}
