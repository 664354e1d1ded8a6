import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../model/clock.ts';
import type { Person } from '../model/person.ts';
import type { Audited } from '../store/port/audit.ts';
import type { FindChannel } from './parse-person.ts';
import type { Problem } from './problem.ts';
import { type Format, type PersonLine, readPeople } from './read-people.ts';

export interface PeopleSink {
  upsertPeople(request: Audited & { readonly people: readonly Person[] }): Promise<void>;
}

/** Who asked for it is kept once, with the first that is written. */
export interface ImportRequest extends Audited {
  readonly store: PeopleSink;
  readonly clock: Pick<Clock, 'now'>;
  readonly botId: string;
  readonly format: Format;
  readonly findChannel: FindChannel;
  /** Called once; twice with `onError: 'abort'`, which reads everything before it writes anything. */
  readonly open: () => AsyncIterable<Uint8Array>;
  readonly onError: OnError;
  /** Told after every transaction. */
  readonly onProgress?: (report: ImportReport) => void;
}

/** `skip` imports the good lines; `abort` imports nothing when a line is bad. */
export const ON_ERROR = ['skip', 'abort'] as const;
export type OnError = (typeof ON_ERROR)[number];

export interface ImportReport {
  /** Lines that should hold a person: imported + bad, or with `abort` and bad lines just read. */
  readonly read: number;
  readonly imported: number;
  /** Lines, exactly; `errors` is cut. */
  readonly bad: number;
  readonly errors: readonly LineProblem[];
}

export interface LineProblem extends Problem {
  readonly line: number;
}

export const MAX_REPORTED_ERRORS = 1_000;

/**
 * People in one transaction. On SQLite a transaction stops everything else in the process, so it must be short; yet each
 * costs an fsync. 100 people (some 500 rows) take about 20 ms on a slow machine; larger ones gain a tenth at most.
 */
export const CHUNK_SIZE = 100;

/**
 * Imports people in short transactions with a turn of the event loop between them; memory does not grow with the input.
 * An import is an upsert: doing it again changes nothing. When the store fails midway, the error is thrown and the
 * people before it stay imported. So they do with `abort`: its promise is that no bad line is met after the first write.
 */
export async function importPeople(request: ImportRequest): Promise<ImportReport> {
  if (request.onError === 'abort') {
    const verdict = await judgePeople(request);
    if (verdict.bad > 0) return verdict;
  }
  return writePeople(request);
}

async function judgePeople(request: ImportRequest): Promise<ImportReport> {
  const tally = new Tally();
  for await (const lines of readLines(request)) tally.countLines(lines);
  return tally.report();
}

async function writePeople(request: ImportRequest): Promise<ImportReport> {
  const tally = new Tally();
  let chunk = new Map<string, Person>();
  for await (const lines of readLines(request)) {
    tally.countLines(lines);
    for (const { person } of lines) {
      if (person === null) continue;
      // The same person twice needs two transactions: the later line adds to the earlier one, it does not undo it.
      if (chunk.size === CHUNK_SIZE || chunk.has(person.id)) {
        await writeChunk(chunk, tally, request);
        // Not `clear`: V8 chains a map's tables, and an old one would keep all that came after it from dying young.
        chunk = new Map();
      }
      chunk.set(person.id, person);
    }
  }
  await writeChunk(chunk, tally, request);
  return tally.report();
}

function readLines({ open, format, botId, findChannel, clock }: ImportRequest): AsyncGenerator<readonly PersonLine[]> {
  return readPeople(open(), { format, botId, findChannel, now: clock.now() });
}

async function writeChunk(
  chunk: ReadonlyMap<string, Person>,
  tally: Tally,
  { store, onProgress, audit }: ImportRequest,
): Promise<void> {
  if (chunk.size === 0) return;
  const asked = audit !== undefined && tally.isUntouched ? { audit } : {};
  await store.upsertPeople({ people: [...chunk.values()], ...asked });
  tally.countImported(chunk.size);
  onProgress?.(tally.report());
  await nextTurn();
}

class Tally {
  readonly #errors: LineProblem[] = [];
  #read = 0;
  #bad = 0;
  #imported = 0;

  countLines(lines: readonly PersonLine[]): void {
    this.#read += lines.length;
    for (const line of lines) if (line.person === null) this.#countBad(line.line, line.problems);
  }

  get isUntouched(): boolean {
    return this.#imported === 0;
  }

  countImported(people: number): void {
    this.#imported += people;
  }

  #countBad(line: number, problems: readonly Problem[]): void {
    this.#bad += 1;
    const room = MAX_REPORTED_ERRORS - this.#errors.length;
    this.#errors.push(...problems.slice(0, room).map((problem) => ({ line, ...problem })));
  }

  report(): ImportReport {
    return { read: this.#read, imported: this.#imported, bad: this.#bad, errors: [...this.#errors] };
  }
}
