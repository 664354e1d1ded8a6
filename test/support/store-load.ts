import { setTimeout as wait } from 'node:timers/promises';
import { connectionId, derivedId } from '../../src/model/ids.ts';
import { sizeOf } from '../../src/model/lane.ts';
import { StoreUnavailable } from '../../src/store/port/errors.ts';
import type { ClaimedBatch, Queue } from '../../src/store/port/work.ts';
import type { Store } from '../../src/store/port.ts';

/** What a caller was told: `ack` a notification was accepted, `done` all of its recipients were recorded as reached. */
export interface Told {
  readonly kind: 'ack' | 'done';
  readonly botId: string;
  readonly notificationId: string;
}

export interface LoadOptions {
  readonly clients: number;
  /** Makes the ids of this run different from those of another. */
  readonly run: string;
  readonly goesOn: () => boolean;
  readonly onTold: (told: Told) => void;
  /** A call that the store refused as unavailable, and how long that took. */
  readonly onRefused?: (durationMs: number) => void;
  /** Null: calls that failed are not repeated. `same`: with the same idempotency key; `new`: as if it were another. */
  readonly repeat?: 'same' | 'new' | null;
}

const RECIPIENTS = 3;

/** Clients that each accept a notification, deliver it and go on, as fast as the store answers. */
export async function loadStore(store: Store, options: LoadOptions): Promise<void> {
  const clients = Array.from({ length: options.clients }, (_, index) => runClient(store, options, index));
  await Promise.all(clients);
}

async function runClient(store: Store, options: LoadOptions, index: number): Promise<void> {
  const botId = derivedId('st', `${options.run}/${index}`);
  for (let count = 0; options.goesOn(); count += 1) {
    const accepted = await attempt(options, (tries) => {
      const id = derivedId('ds', `${botId}/${count}/${tries}`);
      return acceptOne(store, botId, { id, key: keyOf(options, count, tries) });
    });
    if (accepted === null) continue;
    options.onTold({ kind: 'ack', botId, notificationId: accepted });
    const delivered = await attempt({ ...options, repeat: null }, () => deliverNext(store, botId));
    for (const notificationId of delivered ?? []) options.onTold({ kind: 'done', botId, notificationId });
  }
}

const keyOf = ({ run, repeat }: LoadOptions, count: number, tries: number): string | null =>
  repeat === 'same' ? `${run}-${count}` : repeat === 'new' ? `${run}-${count}-${tries}` : null;

/** A caller who repeats goes on until it knows, also when the load is over. */
const MAX_TRIES = 500;

/** Null: the store was unavailable, and stays so or is not asked again. */
async function attempt<T>(options: LoadOptions, work: (tries: number) => Promise<T>): Promise<T | null> {
  for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
    const startedAt = performance.now();
    try {
      return await work(tries);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      options.onRefused?.(performance.now() - startedAt);
      if (!options.repeat) return null;
      await wait(20);
    }
  }
  return null;
}

/** Answers the id under which it is known: an earlier one when the key was used before. */
async function acceptOne(
  store: Store,
  botId: string,
  { id, key }: { readonly id: string; readonly key: string | null },
): Promise<string> {
  const reply = { fingerprint: 'f', status: 200, body: id, createdAt: 1 };
  const result = await store.accept({
    notification: {
      botId,
      id,
      api: 'native',
      appId: 'cs-load',
      createdBy: 'u-load',
      channel: 'slack',
      channelSpelling: 'slack',
      connectionId: connectionId(botId, 'slack', null),
      resolve: true,
      lane: 'normal',
      message: { type: 'text', text: 'x'.repeat(200) },
      total: RECIPIENTS,
      createdAt: 1,
      expiresAt: 2,
    },
    recipients: Array.from({ length: RECIPIENTS }, (_, seq) => ({
      seq,
      identity: `person-${seq}@example.com`,
      customMessage: null,
      parameters: null,
      attempts: 0,
      maybeSent: false,
    })),
    delayMs: 0,
    idempotency: key === null ? null : { botId, appId: 'cs-load', route: 'load', key, ...reply },
  });
  return result.kind === 'replay' ? result.reply.body : id;
}

/** Claims what is due of the bot and records it as delivered; answers which notifications are now over. */
async function deliverNext(store: Store, botId: string): Promise<string[]> {
  const queue: Queue = { ...FROM, botId, connectionId: connectionId(botId, 'slack', null) };
  const batches = await store.claimDue({ queue, owner: 'load', leaseMs: 60_000, limit: 5 });
  const { lost } = await store.checkpoint({ batches: batches.map(allDelivered), again: false });
  const gone = new Set(lost.map((batch) => batch.notificationId));
  return batches.map((batch) => batch.notificationId).filter((id) => !gone.has(id));
}

const FROM = { lane: 'normal', size: sizeOf(RECIPIENTS) } as const;

const allDelivered = (batch: ClaimedBatch) => ({
  batch,
  logs: batch.recipients.map(({ seq, identity }) => ({
    seq,
    identity,
    state: 'delivered' as const,
    reason: null,
    detail: null,
    personId: null,
    channelId: 'c',
    providerMessageId: 'm',
    attempts: 1,
    maybeDoubled: false,
    at: 2,
  })),
  remainder: [],
});

/** How many of the things that were told are not so: the oracle of every fault test on the store. */
export async function countLost(store: Store, told: readonly Told[]): Promise<number> {
  let lost = 0;
  for (const { kind, botId, notificationId } of told) {
    const found = await store.findNotification({ botId, notificationId });
    if (found === null || (kind === 'done' && found.counts.delivered !== RECIPIENTS)) lost += 1;
  }
  return lost;
}
