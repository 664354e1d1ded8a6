import type { LedgerEntry } from '../../src/sandbox/ledger.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { delay } from './delay.ts';
import { teamsIdOf } from './rehearsal.ts';
import { openReader, type Reader } from './until-all-over.ts';

/** What is under way when the server is killed, each to everybody. */
export const WORKS = ['edited', 'recalled', 'filtered', 'uploaded'] as const;
export type Work = (typeof WORKS)[number];

interface Parts {
  readonly sandbox: Sandbox;
  readonly database: string;
  readonly botId: string;
}

/** Holds what Teams was told against what the database of a dead server knows of it. */
export class GatheringWitness {
  readonly #parts: Parts;
  readonly #from: number;
  #seen: number;
  /** `edited 29:person-7`: how often. */
  readonly #times = new Map<string, number>();
  /** Was under way at a kill, so it may come once more. */
  readonly #mayRepeat = new Set<string>();
  readonly #sums = { repeats: 0, unfounded: 0, mostOpen: 0, gathering: 0 };

  /** From now on. */
  constructor(parts: Parts) {
    this.#parts = parts;
    this.#from = parts.sandbox.ledger.size;
    this.#seen = this.#from;
  }

  /** How many things were done to somebody since the last look. */
  done(): number {
    return this.#parts.sandbox.ledger.size - this.#seen;
  }

  /** And since it began to look on. */
  total(): number {
    return this.#parts.sandbox.ledger.size - this.#from;
  }

  /** What the dead process had written may reach the provider a moment after its end. */
  async lookAfterKill(): Promise<void> {
    const { sandbox } = this.#parts;
    await sandbox.until(() => sandbox.stats().openConnections === 0 && sandbox.stats().inFlight === 0);
    await this.look();
  }

  async look(): Promise<void> {
    await this.#untilQuiet();
    const entries = this.#parts.sandbox.ledger.entries({ after: this.#seen });
    this.#seen += entries.length;
    const keys = entries.map((entry) => `${workOf(entry)} ${entry.recipient}`);
    for (const key of keys) this.#count(key);
    const reader = await openReader(this.#parts.database);
    try {
      const known = await this.#listLogged(reader);
      const open = new Set(keys.filter((key) => !known.has(key)));
      for (const key of open) this.#mayRepeat.add(key);
      this.#sums.mostOpen = Math.max(this.#sums.mostOpen, open.size);
      this.#sums.gathering += (await isGathering(reader)) ? 1 : 0;
    } finally {
      await reader.close();
    }
  }

  /** Of everybody: who was passed over, and how it came that others were not. */
  conclude(people: number): { readonly missed: number } & Readonly<Record<keyof typeof this.sums, number>> {
    const everybody = Array.from({ length: people }, (_, index) => teamsIdOf(index));
    const missed = WORKS.flatMap((work) => everybody.filter((who) => !this.#times.has(`${work} ${who}`))).length;
    return { missed, ...this.sums };
  }

  get sums() {
    return { ...this.#sums };
  }

  #count(key: string): void {
    const times = this.#times.get(key) ?? 0;
    this.#times.set(key, times + 1);
    if (times === 0) return;
    this.#sums.repeats += 1;
    if (!this.#mayRepeat.delete(key)) this.#sums.unfounded += 1;
  }

  async #listLogged(reader: Reader): Promise<ReadonlySet<string>> {
    const rows = await reader.ask(
      `SELECT logs.identity AS who, notifications.message AS message, notifications.options AS options
       FROM logs JOIN notifications ON logs.bot_id = notifications.bot_id AND logs.notification_id = notifications.id
       WHERE logs.bot_id = '${this.#parts.botId}'`,
    );
    return new Set(
      rows.map(({ who, message, options }) => {
        const work = String(options).includes('"recalls"')
          ? 'recalled'
          : WORKS.find((one) => String(message).includes(one));
        return `${work} 29:${String(who).split('@')[0]}`;
      }),
    );
  }

  async #untilQuiet(): Promise<void> {
    for (let before = -1; before !== this.done(); await delay(30)) before = this.done();
  }
}

/** Some of the recipients were found and others were not. */
export async function isGathering(reader: Reader): Promise<boolean> {
  const rows = await reader.ask("SELECT id FROM audiences WHERE state = 'collecting' AND progress <> ''");
  return rows.length > 0;
}

const workOf = ({ action, text }: LedgerEntry): string =>
  action === 'update' ? 'edited' : action === 'delete' ? 'recalled' : (text ?? '');
