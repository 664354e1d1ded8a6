import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { AuditEntry } from '../client/admin.ts';
import { type AuditHead, findBreak, NO_HEAD } from '../model/audit.ts';
import { type JsonObject, parseJsonObject } from '../model/json.ts';

export interface AuditVerdict {
  readonly botId: string | null;
  readonly entries: number;
  readonly sends: number;
  /** The hash the chain ends with; empty: nothing was changed yet. */
  readonly head: string;
  /** In a sentence without its full stop; null: the chain is whole. */
  readonly fault: string | null;
}

/** Reads an export to its end, a line at a time. `expected` is a hash that has to be in it; null: none. */
export async function checkAudit(export_: Readable, expected: string | null): Promise<AuditVerdict> {
  const check = new AuditCheck(expected);
  for await (const line of createInterface({ input: export_, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line !== '') check.read(parseJsonObject(line));
  }
  return check.verdict();
}

class AuditCheck {
  #isExpectedMissing: boolean;
  readonly #expected: string | null;
  #head: AuditHead = NO_HEAD;
  #end: JsonObject | null = null;
  #sends = 0;
  #fault: string | null = null;

  constructor(expected: string | null) {
    this.#expected = expected;
    this.#isExpectedMissing = expected !== null && expected !== NO_HEAD.hash;
  }

  read(line: JsonObject | null): void {
    const kind = line?.['kind'];
    if (kind === 'send') this.#sends += 1;
    else if (kind === 'head') this.#end = line;
    else if (kind === 'change' && line !== null) this.#readEntry(line);
    else this.#fault ??= 'a line is none of an export';
  }

  #readEntry(line: JsonObject): void {
    const entry = line as unknown as AuditEntry;
    const at = Date.parse(String(entry.at));
    this.#fault ??= Number.isNaN(at) ? `entry ${entry.seq} was changed` : findBreak({ ...entry, at }, this.#head);
    this.#head = { seq: entry.seq, hash: entry.hash };
    if (entry.hash === this.#expected) this.#isExpectedMissing = false;
  }

  verdict(): AuditVerdict {
    const botId = this.#end?.['botId'];
    return {
      botId: typeof botId === 'string' ? botId : null,
      entries: this.#head.seq,
      sends: this.#sends,
      head: this.#head.hash,
      fault: this.#fault ?? this.#findMissing(),
    };
  }

  #findMissing(): string | null {
    if (this.#end === null) return 'it breaks off before its end';
    const { seq, hash } = this.#head;
    if (this.#end['seq'] !== seq || this.#end['hash'] !== hash)
      return `entries after ${seq} are missing: it ended with ${this.#end['seq']}`;
    return this.#isExpectedMissing ? 'it does not lead through the hash that is expected' : null;
  }
}
