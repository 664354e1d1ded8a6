import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import { Agent, setGlobalDispatcher } from 'undici';
import { ClientError } from '../client/client-error.ts';
import type { ImportReport, OnError } from '../directory/import-people.ts';
import type { Format } from '../directory/read-people.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { openInput } from './open-input.ts';
import { mediaTypeOf } from './people-format.ts';
import { readReport, reportLines } from './people-report.ts';
import { NO_PROGRESS, openProgress } from './progress.ts';
import { openTarget, type TargetOptions } from './target.ts';

export interface ImportOptions extends TargetOptions {
  readonly format?: Format;
  readonly onError: OnError;
  readonly json?: boolean;
}

/** Streams a file (`-`: standard input) to the server and prints its report; bad lines make the exit code 1. */
export async function importFile(command: Command, file: string, options: ImportOptions): Promise<void> {
  const { client, botId } = await openTarget(command, options);
  const mediaType = mediaTypeOf(file, options.format);
  const input = await openInput(file);
  const progress = input.size === null ? NO_PROGRESS : openProgress('Importing');
  const chunks = countBytes(input.stream, (sent) => progress.update(sent, input.size ?? sent, 'bytes sent'));
  waitLong();
  try {
    const query = { onError: options.onError };
    const answer = await client.importPeople({ botId, people: ReadableStream.from(chunks), mediaType, query });
    progress.stop();
    print(requireReport(answer), options);
  } catch (error) {
    progress.stop();
    const refused = error instanceof ClientError ? readReport(error.body) : null;
    if (refused !== null) print(refused, options);
    throw error;
  }
}

/** `fetch` gives up when no answer has begun after five minutes, and this one begins when everybody is imported. */
function waitLong(): void {
  setGlobalDispatcher(new Agent({ headersTimeout: 0, bodyTimeout: 0 }));
}

async function* countBytes(source: Readable, onBytes: (total: number) => void): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const chunk of source) {
    total += chunk.length;
    onBytes(total);
    yield chunk;
  }
}

function requireReport(answer: unknown): ImportReport {
  const report = readReport(answer);
  if (report !== null) return report;
  throw new CommandFailure('The server gave an answer that is no report of an import; is the URL right?', EXIT.failure);
}

function print(report: ImportReport, { json }: ImportOptions): void {
  console.log(json ? JSON.stringify(report, null, 2) : reportLines(report).join('\n'));
  if (report.bad > 0) process.exitCode = EXIT.failure;
}
