import type { Clock } from '../../model/clock.ts';
import type { Store } from '../../store/port.ts';
import { Fault } from '../faults.ts';

/** Recipients that may wait to be sent to; 0: however many there are. */
export interface BacklogLimits {
  readonly maxBotBacklog: number;
  readonly maxBacklog: number;
}

export interface BoundedBacklogParts {
  readonly store: Pick<Store, 'tellAccepted'>;
  readonly clock: Clock;
  readonly limits: BacklogLimits;
  readonly onError: (error: unknown) => void;
}

/** So late other nodes learn what was accepted here, and whoever is refused that there is room again. */
const TELL_EVERY_MS = 500;
const COME_AGAIN = { 'retry-after': '5' };

/**
 * Takes nothing more while too much waits: what is accepted faster than providers take it would fill the disk. A call is
 * judged by numbers that are kept here; the store is told and asked twice a second, however many calls there are.
 */
export class BoundedBacklog {
  readonly #parts: BoundedBacklogParts;
  /** As the store last said, and when. */
  readonly #known = new Map<string, { readonly recipients: number; readonly at: number }>();
  #knownOfAll = 0;
  /** Accepted here, or about to be, and not told yet; 0: only asked about. */
  readonly #untold = new Map<string, number>();
  #untoldOfAll = 0;
  #telling: Promise<void> | null = null;
  #cancelTimer: (() => void) | null = null;

  constructor(parts: BoundedBacklogParts) {
    this.#parts = parts;
  }

  /** Rejects with what a caller is told when there is none. */
  async assertRoom(botId: string): Promise<void> {
    if (this.#isToBeAsked(botId)) await this.#ask(botId);
    const { maxBotBacklog, maxBacklog } = this.#parts.limits;
    if (this.#isBotFull(botId)) {
      throw new Fault('bot_backlog_full', full('of this bot', maxBotBacklog, '--max-bot-backlog'), COME_AGAIN);
    }
    if (this.#isFull()) throw new Fault('backlog_full', full('of all bots', maxBacklog, '--max-backlog'), COME_AGAIN);
  }

  /** Counted from before it is accepted, or calls of the same moment would all find the same room. */
  async count<Result extends { readonly kind: string }>(
    botId: string,
    recipients: number,
    accept: () => Promise<Result>,
  ): Promise<Result> {
    this.#add(botId, recipients);
    let kind: string | null = null;
    try {
      const result = await accept();
      kind = result.kind;
      return result;
    } finally {
      if (kind !== 'accepted') this.#add(botId, -recipients);
    }
  }

  /** Tells the rest. */
  async close(): Promise<void> {
    await this.#telling;
    this.#cancelTimer?.();
    if (this.#untold.size > 0) await this.#tell().catch(this.#parts.onError);
  }

  /** After a start nothing is known, and nobody is refused for what was true a while ago. */
  #isToBeAsked(botId: string): boolean {
    const known = this.#known.get(botId);
    if (known === undefined) return this.#isLimited;
    const isStale = this.#parts.clock.monotonic() - known.at >= TELL_EVERY_MS;
    return isStale && (this.#isBotFull(botId) || this.#isFull());
  }

  get #isLimited(): boolean {
    const { maxBotBacklog, maxBacklog } = this.#parts.limits;
    return maxBotBacklog > 0 || maxBacklog > 0;
  }

  #isBotFull(botId: string): boolean {
    const { maxBotBacklog } = this.#parts.limits;
    const recipients = (this.#known.get(botId)?.recipients ?? 0) + (this.#untold.get(botId) ?? 0);
    return maxBotBacklog > 0 && recipients >= maxBotBacklog;
  }

  #isFull(): boolean {
    const { maxBacklog } = this.#parts.limits;
    return maxBacklog > 0 && this.#knownOfAll + this.#untoldOfAll >= maxBacklog;
  }

  async #ask(botId: string): Promise<void> {
    const askedAt = this.#parts.clock.monotonic();
    while ((this.#known.get(botId)?.at ?? Number.NEGATIVE_INFINITY) < askedAt) {
      this.#untold.set(botId, this.#untold.get(botId) ?? 0);
      await this.#tell();
    }
  }

  #add(botId: string, recipients: number): void {
    this.#untold.set(botId, (this.#untold.get(botId) ?? 0) + recipients);
    this.#untoldOfAll += recipients;
    this.#tellLater();
  }

  #tellLater(): void {
    this.#cancelTimer ??= this.#parts.clock.after(TELL_EVERY_MS, () => {
      this.#cancelTimer = null;
      this.#tell().catch(this.#parts.onError);
    });
  }

  /** One at a time; what comes meanwhile is told by the next. */
  #tell(): Promise<void> {
    this.#telling ??= this.#tellOnce().finally(() => {
      this.#telling = null;
      if (this.#untoldOfAll !== 0) this.#tellLater();
    });
    return this.#telling;
  }

  async #tellOnce(): Promise<void> {
    const accepted = [...this.#untold].map(([botId, recipients]) => ({ botId, recipients }));
    const { bots, all } = await this.#parts.store.tellAccepted({ accepted });
    const at = this.#parts.clock.monotonic();
    for (const { botId, recipients } of bots) this.#known.set(botId, { recipients, at });
    this.#knownOfAll = all;
    for (const { botId, recipients } of accepted) {
      const left = (this.#untold.get(botId) ?? 0) - recipients;
      this.#untoldOfAll -= recipients;
      if (left === 0) this.#untold.delete(botId);
      else this.#untold.set(botId, left);
    }
  }
}

const full = (whose: string, limit: number, flag: string): string =>
  `${limit} recipients ${whose} wait to be sent to, which is the limit; come again when some are done, or raise ${flag}`;
