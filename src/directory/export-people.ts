import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Person } from '../model/person.ts';
import type { FindChannel } from './parse-person.ts';
import { toJson } from './person-json.ts';
import type { Format } from './read-people.ts';
import { CsvWriter } from './write-csv.ts';

export interface PeopleSource {
  listPeople(page: { readonly botId: string; readonly afterId: string; readonly limit: number }): Promise<Person[]>;
}

export interface ExportRequest {
  readonly store: PeopleSource;
  readonly botId: string;
  readonly format: Format;
  readonly findChannel: FindChannel;
  readonly pageSize?: number;
}

const PAGE_SIZE = 200;

/**
 * All people of a bot as text, page by page and only as fast as it is read. Who is added or removed meanwhile may or
 * may not be in it. What comes out can be imported again, in either format.
 */
export async function* exportPeople(request: ExportRequest): AsyncGenerator<string, void, undefined> {
  const pages = listPages(request);
  if (request.format === 'csv') yield* writeCsv(pages, request.findChannel);
  else for await (const page of pages) yield page.map((person) => `${JSON.stringify(toJson(person))}\n`).join('');
}

async function* writeCsv(pages: AsyncGenerator<readonly Person[]>, findChannel: FindChannel): AsyncGenerator<string> {
  let writer: CsvWriter | null = null;
  for await (const page of pages) {
    if (writer === null) {
      writer = new CsvWriter(page, findChannel);
      yield writer.header();
    }
    yield writer.page(page);
  }
  if (writer === null) yield new CsvWriter([], findChannel).header();
}

async function* listPages({ store, botId, pageSize = PAGE_SIZE }: ExportRequest): AsyncGenerator<readonly Person[]> {
  let afterId = '';
  for (;;) {
    const page = await store.listPeople({ botId, afterId, limit: pageSize });
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return;
    afterId = last.id;
    // SQLite answers at once and a near client takes all it gets, so without this nobody else would have a turn.
    await nextTurn();
  }
}
