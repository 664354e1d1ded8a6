import { setTimeout as pause } from 'node:timers/promises';
import type { Client, NotificationRequest } from '../../src/client/client.ts';
import type { Notification } from '../../src/client/notification-documents.ts';
import { residentMb } from '../support/resident-memory.ts';

const LOOK_MS = 250;

/** Looks at a notification as a client would, and at its server's memory: totals have to add up and to go one way. */
export class Watch {
  readonly findings: string[] = [];
  looks = 0;
  peakMb = 0;
  readonly #client: Client;
  readonly #key: NotificationRequest;
  readonly #pid: number;
  readonly #recipients: number;
  #isSealed = false;
  #isRetried = false;
  #total = 0;
  #final = 0;
  #delivered = 0;

  constructor(client: Client, key: NotificationRequest, pid: number, recipients: number) {
    this.#client = client;
    this.#key = key;
    this.#pid = pid;
    this.#recipients = recipients;
  }

  /** From now on its total is what it will always be. */
  noteSealed(): void {
    this.#isSealed = true;
  }

  /** From now on those who had failed, and nobody else, are pending again, a stretch of the recipients after the other. */
  noteRetry(): void {
    this.#isRetried = true;
  }

  async until(isOver: (seen: Notification) => boolean | Promise<boolean>): Promise<Notification> {
    for (;;) {
      const seen = await this.look();
      if (await isOver(seen)) return seen;
      await pause(LOOK_MS);
    }
  }

  async look(): Promise<Notification> {
    const seen = await this.#client.notification(this.#key);
    const { total, pending, delivered, failed, suppressed, expired, cancelled, unknown } = seen.counts;
    const final = delivered + failed + suppressed + expired + cancelled + unknown;
    const reasons = Object.values(seen.reasons ?? {}).reduce((sum, count) => sum + count, 0);
    this.#expect(total === pending + final, `${total} is not ${pending} + ${final}`);
    this.#expect(total >= this.#total, `the total went from ${this.#total} to ${total}`);
    this.#expect(this.#isRetried || final >= this.#final, `those who have ended went from ${this.#final} to ${final}`);
    this.#expect(delivered >= this.#delivered, `those who were reached went from ${this.#delivered} to ${delivered}`);
    this.#expect(seen.state !== 'receiving' || final === 0, `${final} ended before the seal`);
    this.#expect(!this.#isSealed || total === this.#recipients, `sealed with ${total}`);
    this.#expect(reasons === final - delivered, `${reasons} reasons for ${final - delivered} who were not reached`);
    this.#total = total;
    this.#final = final;
    this.#delivered = delivered;
    this.looks += 1;
    this.sample();
    return seen;
  }

  sample(): void {
    this.peakMb = Math.max(this.peakMb, residentMb(this.#pid));
  }

  #expect(isSo: boolean, otherwise: string): void {
    if (!isSo) this.findings.push(otherwise);
  }
}
