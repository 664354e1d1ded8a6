import { atStep, endOf, endUntried, goOn, stepOf } from '../model/fall-back.ts';
import { sizeOf } from '../model/lane.ts';
import { BATCH_SIZE, hasOwn, type Log, type Notification, type Recipient } from '../model/notification.ts';
import type { Address } from '../model/outcome.ts';
import type { Span } from '../model/tracer.ts';
import type { ClaimedBatch, HeldBatch, Remainder } from '../store/port/work.ts';
import { deadlineOf, type Final, type Retry } from './policy.ts';
import { rankOf } from './ranks.ts';

/** A batch this process holds: what is still open in it, and what the next checkpoint will say of it. */
export class Work {
  readonly batch: HeldBatch;
  /** As it is on the channel that the batch is for. */
  notification: Notification;
  /** Which of its channels that is. */
  readonly step: number;
  readonly startedAt: number;
  /** How many owners died with it. */
  readonly takeovers: number;
  /** Where it stands in the order of what waits. */
  readonly rank: number;
  /** Monotonic ms after which the lease may be somebody else's. */
  leaseEndsAt: number;
  /** The fence was lost: nothing about this batch may be written or started any more. */
  lost = false;
  /** Nobody more of its notification shall be sent it; what is in flight ends as it ends. */
  isCancelled = false;
  /** Nobody more of its notification shall be sent it until it is resumed: what is left comes back parked. */
  isPaused = false;
  /** Null: nobody collects its trace. */
  span: Span | null = null;
  #tracedSends = 0;
  /** Recipients without a conclusion. */
  open: number;
  readonly counts = { delivered: 0, failed: 0, other: 0, retried: 0, returned: 0, movedOn: 0 };
  #logs: Log[] = [];
  #kept: Recipient[] = [];
  #retries: Retry[] = [];
  readonly #putOffs: PutOff[] = [];
  /** The longest of the batches it comes back as. */
  #partSize = BATCH_SIZE;

  constructor(batch: ClaimedBatch, notification: Notification, now: number, leaseEndsAt: number) {
    const { botId, notificationId, batchNo, token } = batch;
    this.batch = { botId, notificationId, batchNo, token };
    this.step = stepOf(notification, batch.queue.connectionId);
    this.notification = atStep(notification, this.step);
    this.startedAt = now;
    this.takeovers = batch.takeovers;
    this.rank = rankOf(notification.lane, sizeOf(notification.total));
    this.leaseEndsAt = leaseEndsAt;
    this.open = batch.recipients.length;
  }

  /** Of the first few sends only: a single message is traced in whole, and a million cost a few of each hundred. */
  traceSend(): Span | null {
    if (this.span === null || this.#tracedSends === TRACED_SENDS) return null;
    this.#tracedSends += 1;
    return this.span.child(`send ${this.notification.channel}`, 'client', {
      'beckon.channel': this.notification.channel,
    });
  }

  conclude(job: Concluded, final: Final, at: number): void {
    const { state } = final;
    const delivered = state === 'delivered';
    const { recipient } = job;
    const log: Log = {
      seq: recipient.seq,
      identity: recipient.identity,
      state,
      reason: final.reason,
      detail: final.detail,
      personId: job.personId,
      channelId: delivered ? (job.address?.channelId ?? null) : null,
      providerMessageId: job.providerMessageId,
      attempts: final.attempts,
      maybeDoubled: final.maybeDoubled,
      at,
    };
    const { notification, step } = this;
    const end = { notification, step, recipient, log, deadline: deadlineOf(notification) };
    const onward = goOn(end);
    if (onward === null) {
      const ended = endOf(end);
      this.#logs.push(ended);
      if (isRetryable(ended) && hasOwn(job.recipient)) this.#kept.push(job.recipient);
      this.counts[delivered ? 'delivered' : state === 'failed' ? 'failed' : 'other'] += 1;
    } else {
      this.#retries.push({ kind: 'retry', ...onward });
      this.counts.movedOn += 1;
    }
    this.open -= 1;
  }

  /** Its receipt has come meanwhile, so that nothing more is to be sent. */
  concludeArrived(recipient: Recipient, at: number): void {
    const { seq, identity, attempts, maybeSent } = recipient;
    const nobody = { personId: null, channelId: null, providerMessageId: null };
    const ended = { seq, identity, state: 'delivered', reason: null, detail: null, attempts, ...nobody } as const;
    const log = { ...ended, maybeDoubled: maybeSent, at };
    this.#logs.push(endUntried({ step: this.step, recipient, log }));
    this.counts.delivered += 1;
    this.open -= 1;
  }

  /** Somebody logged this recipient before us: a former owner of the batch. */
  skip(): void {
    this.open -= 1;
  }

  retryLater(retry: Retry): void {
    this.#retries.push(retry);
    this.counts.retried += 1;
    this.open -= 1;
  }

  /** Nothing may be sent to the recipient before `at`, epoch ms: goes back as it was. */
  putOff(recipient: Recipient, at: number): void {
    this.#putOffs.push({ recipient, at });
    this.counts.returned += 1;
    this.open -= 1;
  }

  /** Not started: goes back as it was, the attempt unspent. */
  giveBack(recipient: Recipient, partSize = BATCH_SIZE): void {
    this.#partSize = Math.min(this.#partSize, partSize);
    this.#retries.push({ kind: 'retry', recipient, delayMs: 0 });
    this.counts.returned += 1;
    this.open -= 1;
  }

  /** Those of the logs whom it did not reach and who were to be sent something of their own. */
  takeKept(): Recipient[] {
    const kept = this.#kept;
    this.#kept = [];
    return kept;
  }

  takeLogs(): Log[] {
    const logs = this.#logs;
    this.#logs = [];
    return logs;
  }

  /** What comes back as smaller batches; null while recipients are open. `now`: epoch ms. */
  remainder(now: number): Remainder[] | null {
    if (this.open > 0) return null;
    const parts = [...groupRetries(this.#retries, this.#partSize), ...groupPutOffs(this.#putOffs, this.#partSize, now)];
    return this.isPaused ? parts.map((part) => ({ ...part, isParked: true })) : parts;
  }
}

const TRACED_SENDS = 5;

/** Whoever has it, and whoever shall not have it, is not tried again. */
const isRetryable = ({ state }: Log): boolean => state !== 'delivered' && state !== 'cancelled';

export interface Concluded {
  readonly recipient: Recipient;
  readonly personId: string | null;
  readonly address: Address | null;
  readonly providerMessageId: string | null;
}

interface PutOff {
  readonly recipient: Recipient;
  readonly at: number;
}

/** People of one time zone come due together; hours are waited for exactly, unlike the next attempt. */
function groupPutOffs(putOffs: readonly PutOff[], partSize: number, now: number): Remainder[] {
  const groups = Map.groupBy(putOffs, ({ at }) => at);
  return [...groups].flatMap(([at, group]) => {
    const delayMs = Math.max(0, at - now);
    const retries = group.map(({ recipient }): Retry => ({ kind: 'retry', recipient, delayMs }));
    return split(retries, partSize).map(toRemainder);
  });
}

/** By connection: a batch is in the queue of one. */
export function groupRetries(retries: readonly Retry[], partSize = BATCH_SIZE): Remainder[] {
  const groups = Map.groupBy(retries, (retry) => retry.connectionId);
  return [...groups].flatMap(([connectionId, group]) =>
    groupByTime(group, partSize).map((part) => (connectionId === undefined ? part : { ...part, connectionId })),
  );
}

/** Few batches that come due together instead of a hundred that each cost a claim; nobody comes back too early. */
function groupByTime(retries: readonly Retry[], partSize: number): Remainder[] {
  const longestMs = retries.reduce((longest, retry) => Math.max(longest, retry.delayMs), 0);
  const stepMs = Math.max(MIN_STEP_MS, longestMs / MAX_GROUPS);
  const groups = Map.groupBy(retries, (retry) => Math.ceil(retry.delayMs / stepMs));
  return [...groups.values()].flatMap((group) => split(group, partSize)).map(toRemainder);
}

const MAX_GROUPS = 8;
const MIN_STEP_MS = 250;

function split(group: readonly Retry[], size: number): (readonly Retry[])[] {
  const parts = [];
  for (let from = 0; from < group.length; from += size) parts.push(group.slice(from, from + size));
  return parts;
}

const toRemainder = (group: readonly Retry[]): Remainder => ({
  recipients: group.map((retry) => retry.recipient).sort((a, b) => a.seq - b.seq),
  delayMs: Math.ceil(Math.max(...group.map((retry) => retry.delayMs))),
});
