import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../model/clock.ts';
import type { Person } from '../model/person.ts';
import type { FindChannel } from './parse-person.ts';
import type { Problem } from './problem.ts';
import { type Format, type PersonLine, readPeople } from './read-people.ts';

export interface PeopleSink {
  upsertPeople(request: { readonly people: readonly Person[] }): Promise<void>;
}

export interface ImportRequest {
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
 * costs an fsync. 250 people (some 1,250 rows) take about 20 ms, and twice as many are hardly faster.
 */
export const CHUNK_SIZE = 250;

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
  for await (const line of readLines(request)) tally.countLine(line);
  return tally.report();
}

async function writePeople(request: ImportRequest): Promise<ImportReport> {
  const tally = new Tally();
  const chunk = new Chunk();
  for await (const line of readLines(request)) {
    tally.countLine(line);
    if (line.person === null) continue;
    if (!chunk.hasRoomFor(line.person)) await writeChunk(chunk, tally, request);
    chunk.add(line.person);
  }
  await writeChunk(chunk, tally, request);
  return tally.report();
}

function readLines({ open, format, botId, findChannel, clock }: ImportRequest): AsyncGenerator<PersonLine> {
  return readPeople(open(), { format, botId, findChannel, now: clock.now() });
}

async function writeChunk(chunk: Chunk, tally: Tally, { store, onProgress }: ImportRequest): Promise<void> {
  const people = chunk.people();
  if (people.length === 0) return;
  await store.upsertPeople({ people });
  chunk.clear();
  tally.countImported(people.length);
  onProgress?.(tally.report());
  await nextTurn();
}

/** The people of the next transaction. */
class Chunk {
  readonly #byId = new Map<string, Person>();

  /** The same person twice needs two transactions: the later line adds to the earlier one, it does not undo it. */
  hasRoomFor(person: Person): boolean {
    return this.#byId.size < CHUNK_SIZE && !this.#byId.has(person.id);
  }

  add(person: Person): void {
    this.#byId.set(person.id, person);
  }

  people(): Person[] {
    return [...this.#byId.values()];
  }

  clear(): void {
    this.#byId.clear();
  }
}

class Tally {
  readonly #errors: LineProblem[] = [];
  #read = 0;
  #bad = 0;
  #imported = 0;

  countLine(line: PersonLine): void {
    this.#read += 1;
    if (line.person !== null) return;
    this.#bad += 1;
    const room = MAX_REPORTED_ERRORS - this.#errors.length;
    this.#errors.push(...line.problems.slice(0, room).map((problem) => ({ line: line.line, ...problem })));
  }

  countImported(people: number): void {
    this.#imported += people;
  }

  report(): ImportReport {
    return { read: this.#read, imported: this.#imported, bad: this.#bad, errors: [...this.#errors] };
  }
}
