import type { Random } from '../../src/model/clock.ts';
import { isJsonObject } from '../../src/model/json.ts';
import type { Reply } from '../support/http-rig.ts';

/** Lists that are read page by page, each a path with its filters; how it is asked is the caller's. */
export interface PagedLists {
  readonly lists: readonly string[];
  ask(path: string): Promise<Reply>;
}

export interface ForgedReport {
  readonly refused: number;
  readonly answered: number;
  readonly findings: readonly string[];
}

interface Page {
  /** What it was asked with; empty: the first. */
  readonly cursor: string;
  readonly text: string;
}

/**
 * Asks for the page after one with a cursor that is not the one which was told: with bits flipped, cut, of another list,
 * bot or filter, huge. It is refused by its name, or what comes is the page that the true one leads to and nothing else.
 */
export async function forgeCursors(
  { lists, ask }: PagedLists,
  { random, tries }: { readonly random: Random; readonly tries: number },
): Promise<ForgedReport> {
  const pick = <T>(things: readonly T[]): T => things[Math.floor(random() * things.length)] as T;
  const read = await Promise.all(lists.map(async (path) => ({ path, pages: await readPages(path, ask) })));
  const findings: string[] = [];
  let [refused, answered] = [0, 0];
  for (let count = 0; count < tries; count += 1) {
    const { path, pages } = read[count % read.length] ?? pick(read);
    const page = pick(pages.filter(({ cursor }) => cursor !== ''));
    const another = pick(read.filter((one) => one.path !== path));
    const cursor = pick(FORGERIES)(page.cursor, { random, another: pick(another.pages).cursor });
    const { status, json, text } = await ask(paged(path, cursor));
    const isRefused = status === 400 && isJsonObject(json) && /\bcursor\b/.test(String(json['detail']));
    const expected = cursor === '' ? pages[0] : page;
    if (isRefused) refused += 1;
    else if (status === 200 && text === expected?.text) answered += 1;
    else findings.push(`${status} for ${paged(path, cursor).slice(0, 300)}: ${text.slice(0, 300)}`);
  }
  return { refused, answered, findings };
}

async function readPages(path: string, ask: PagedLists['ask']): Promise<Page[]> {
  const pages: Page[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { status, text, json } = await ask(cursor === '' ? paged(path) : paged(path, cursor));
    if (status !== 200 || !isJsonObject(json)) throw new Error(`${path} answers ${status} ${text}`);
    pages.push({ cursor, text });
    cursor = typeof json['nextCursor'] === 'string' ? json['nextCursor'] : null;
  }
  if (pages.length < 3) throw new Error(`${path} has too few pages to forge anything`);
  return pages;
}

const paged = (path: string, cursor?: string): string => {
  const query = new URLSearchParams({ limit: '2', ...(cursor !== undefined && { cursor }) });
  return `${path}${path.includes('?') ? '&' : '?'}${query}`;
};

interface Given {
  readonly random: Random;
  readonly another: string;
}

const FORGERIES: readonly ((cursor: string, given: Given) => string)[] = [
  flipBit,
  flipBit,
  (cursor, { random }) => cursor.slice(0, Math.floor(random() * cursor.length)),
  (cursor, { random }) => cursor.slice(1 + Math.floor(random() * (cursor.length - 1))),
  (_cursor, { another }) => another,
  (cursor, { another }) => another.slice(0, 16) + cursor.slice(16),
  (cursor, { another }) => cursor.slice(0, 16) + another.slice(16),
  (cursor) => cursor.replace(/\d(?=\D*$)/, (digit) => String((Number(digit) + 1) % 10)),
  (cursor) => Buffer.from(cursor).toString('base64url'),
  (cursor) => `${cursor}=`,
  (cursor) => ` ${cursor}`,
  (cursor) => cursor.toUpperCase(),
  (cursor) => cursor.repeat(1 + Math.ceil(6_000 / cursor.length)),
  (_cursor, { random }) => String(Math.floor(random() * 1_000)),
  (_cursor, { random }) => '9'.repeat(1 + Math.floor(random() * 40)),
  () => '-1',
  () => '\0',
  () => '\ud800',
  () => "'; DROP TABLE people; --",
  () => '',
];

function flipBit(cursor: string, { random }: Given): string {
  const bytes = Buffer.from(cursor);
  const bit = Math.floor(random() * bytes.length * 8);
  bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return bytes.toString('latin1');
}
