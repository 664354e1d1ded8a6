import { messageId } from '../../src/model/ids.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { delay } from './delay.ts';
import { openReader } from './until-all-over.ts';

/** What one kill left behind. */
export interface Look {
  /** Messages that the provider took since the last kill and the dead database knows nothing of. */
  readonly open: number;
  /** Messages the provider got again. */
  readonly repeats: number;
  /** Those of them that no kill explains. */
  readonly unfounded: number;
}

/** Compares the provider's ledger with the logs of a database whose server has just been killed. */
export class KillWitness {
  readonly #parts: { readonly sandbox: Sandbox; readonly database: string; readonly botId: string };
  #seen = 0;
  /** By `webhook-id`: which recipient it is. */
  readonly #recipients = new Map<string, { readonly notificationId: string; readonly seq: number }>();
  readonly #known = new Set<string>();
  /** Was under way at a kill, so it may come once more. */
  readonly #mayRepeat = new Set<string>();

  constructor(parts: { readonly sandbox: Sandbox; readonly database: string; readonly botId: string }) {
    this.#parts = parts;
  }

  /** What the dead process had written may reach the provider a moment after its end. */
  async lookAfterKill(): Promise<Look> {
    const { sandbox } = this.#parts;
    await sandbox.until(() => sandbox.stats().openConnections === 0 && sandbox.stats().inFlight === 0);
    return this.look();
  }

  async look(): Promise<Look> {
    const { sandbox, database } = this.#parts;
    await this.#untilQuiet();
    const entries = sandbox.ledger.entries({ provider: 'hooks', after: this.#seen });
    this.#seen += entries.length;
    const reader = await openReader(database);
    try {
      await this.#learnNotifications(reader.ask);
      const [repeats, unfounded] = this.#judge(entries.filter(({ replay }) => replay).map(({ key }) => key ?? ''));
      const sent = new Set(entries.map(({ key }) => key ?? ''));
      const open = await this.#unrecorded(reader.ask, sent);
      for (const key of open) this.#mayRepeat.add(key);
      return { open: open.length, repeats, unfounded };
    } finally {
      await reader.close();
    }
  }

  /** How many recipients of these notifications the provider has never heard of. */
  countLost(notificationIds: readonly string[], recipients: number): number {
    const keys = new Set(this.#parts.sandbox.ledger.entries({ provider: 'hooks' }).map(({ key }) => key));
    const seqs = Array.from({ length: recipients }, (_, seq) => seq);
    return notificationIds.flatMap((id) => seqs.filter((seq) => !keys.has(messageId(id, seq)))).length;
  }

  async #untilQuiet(): Promise<void> {
    const { ledger } = this.#parts.sandbox;
    for (let before = -1; before !== ledger.counts('hooks').total + ledger.counts('hooks').replays; await delay(30)) {
      const { total, replays } = ledger.counts('hooks');
      before = total + replays;
    }
  }

  #judge(repeated: readonly string[]): readonly [repeats: number, unfounded: number] {
    const founded = repeated.filter((key) => this.#mayRepeat.delete(key));
    return [repeated.length, repeated.length - founded.length];
  }

  async #learnNotifications(ask: Ask): Promise<void> {
    const rows = await ask(`SELECT id, total FROM notifications WHERE bot_id = '${this.#parts.botId}'`);
    for (const { id, total } of rows) {
      const notificationId = String(id);
      if (this.#known.has(notificationId)) continue;
      this.#known.add(notificationId);
      for (let seq = 0; seq < Number(total); seq += 1) {
        this.#recipients.set(messageId(notificationId, seq), { notificationId, seq });
      }
    }
  }

  async #unrecorded(ask: Ask, keys: ReadonlySet<string>): Promise<string[]> {
    const byNotification = Map.groupBy(keys, (key) => this.#recipients.get(key)?.notificationId ?? '');
    const open: string[] = [];
    for (const [notificationId, sent] of byNotification) {
      const rows = await ask(
        `SELECT seq FROM logs WHERE bot_id = '${this.#parts.botId}' AND notification_id = '${notificationId}'`,
      );
      const logged = new Set(rows.map(({ seq }) => Number(seq)));
      open.push(...sent.filter((key) => !logged.has(this.#recipients.get(key)?.seq ?? -1)));
    }
    return open;
  }
}

type Ask = (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;
