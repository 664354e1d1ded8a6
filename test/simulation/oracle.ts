import { hash } from 'node:crypto';
import type { SendRequest } from '../../src/channels/contract.ts';
import type { Clock } from '../../src/model/clock.ts';
import { recipientRef } from '../../src/model/ids.ts';
import type { Log, Notification } from '../../src/model/notification.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { CancelTally, PauseTally } from '../../src/store/port/interventions.ts';
import type { NotificationKey } from '../../src/store/port/notifications.ts';
import type { BatchKey, CheckpointRequest, ClaimedBatch, HeldBatch } from '../../src/store/port/work.ts';
import { Limits } from './limits.ts';
import type { Node } from './node.ts';
import { dueBy } from './rules.ts';
import type { Scenario } from './scenario.ts';

/** Everything that was done for one recipient, as it really was. */
export interface Story {
  /** When its sends began, by whom, and what came of them; null: nobody knows. */
  readonly sends: { readonly node: string; readonly at: number; outcome: Outcome | null }[];
  /** How often the provider took the message. */
  taken: number;
  /** The log that took effect; null: none yet. */
  log: Log | null;
  /** A process was told that this is recorded. */
  acknowledged: Log | null;
  /** Whoever claimed it last, while that claim stands. */
  holder: string | null;
  /** A caller was told that this recipient is not sent it any more. */
  isWithdrawn: boolean;
  /** A caller was told that this recipient is not sent it before a resume, which nobody has asked for yet. */
  isStill: boolean;
  /** An answer asked to wait until then, and to whom it was given. */
  wait: { readonly until: number; readonly heardAt: number; readonly node: string } | null;
}

interface Claim {
  readonly node: string;
  readonly token: number;
  readonly refs: readonly string[];
}

/** Sees everything from outside, knows what really happened, and says at once when a promise is broken. */
export class Oracle {
  readonly violations: string[] = [];
  readonly stories = new Map<string, Story>();
  readonly notifications: Notification[] = [];
  readonly #lines: string[] = [];
  readonly #claims = new Map<string, Claim>();
  readonly #scenario: Scenario;
  readonly #clock: Clock;
  readonly #startsAt: number;
  /** By node and notification: since when it knows of the cancel. */
  readonly #heard = new Map<string, number>();
  /** Notifications that were ever to be paused. */
  readonly #paused = new Set<string>();
  readonly #resumed = new Set<string>();
  readonly #limits: Limits;
  #ends = 0;

  constructor(scenario: Scenario, clock: Clock) {
    this.#scenario = scenario;
    this.#clock = clock;
    this.#startsAt = clock.now();
    this.#limits = new Limits(scenario);
  }

  get trace(): readonly string[] {
    return this.#lines;
  }

  get traceHash(): string {
    return hash('sha256', this.#lines.join('\n'));
  }

  note(line: string): void {
    this.#lines.push(`${String(this.#clock.now() - this.#startsAt).padStart(7)} ${line}`);
  }

  violate(what: string): void {
    this.note(`VIOLATION ${what}`);
    this.violations.push(what);
  }

  accepted(notification: Notification): void {
    this.notifications.push(notification);
    const { id, lane, total, expiresAt } = notification;
    this.note(`accepted ${this.#name(id)}: ${total} ${lane}, expires ${expiresAt - this.#startsAt}`);
  }

  /** When nothing goes wrong any more. */
  get calmFrom(): number {
    return this.#startsAt + this.#scenario.calmAt;
  }

  /** Everybody who was accepted has a log. */
  get isFinished(): boolean {
    return this.#ends === this.notifications.reduce((sum, { total }) => sum + total, 0);
  }

  storyOf(notificationId: string, seq: number): Story {
    const ref = recipientRef(notificationId, seq);
    const known = this.stories.get(ref);
    if (known !== undefined) return known;
    const story: Story = {
      sends: [],
      taken: 0,
      log: null,
      acknowledged: null,
      holder: null,
      isWithdrawn: false,
      isStill: false,
      wait: null,
    };
    this.stories.set(ref, story);
    return story;
  }

  // --- the provider's side

  startSend(node: Node, request: SendRequest): void {
    const { notificationId, seq } = request;
    const [now, story] = [this.#clock.now(), this.storyOf(notificationId, seq)];
    const who = `${node.name} sends to ${this.#name(notificationId)}.${seq}`;
    this.note(who);
    story.sends.push({ node: node.name, at: now, outcome: null });
    const notification = this.notifications.find(({ id }) => id === notificationId);
    if (notification === undefined) {
      this.violate(`${who}, which nobody asked for`);
      return;
    }
    if (story.isStill) this.violate(`${who} after its caller was told that it is paused`);
    if (story.isWithdrawn) this.violate(`${who} after its caller was told that it is cancelled`);
    if (now > (this.#heard.get(`${node.name} ${notificationId}`) ?? now)) {
      this.violate(`${who} after it heard that it is cancelled`);
    }
    const isExtended = this.#paused.has(notificationId);
    if (now >= dueBy({ ...notification, isExtended })) this.violate(`${who} after it expired`);
    if (story.log !== null) this.violate(`${who} after it was recorded as ${story.log.state}`);
    if (story.holder !== node.name) this.violate(`${who}, which is ${story.holder ?? 'nobody'}'s`);
    const wait = this.#mustWait(story, node);
    if (wait !== null) this.violate(`${who} ${wait - now} ms before the end of the wait it was told`);
    const pausedMs = this.#limits.pausedMs(node, notification.connectionId, now);
    if (pausedMs > 0) this.violate(`${who} ${pausedMs} ms before the end of the account's pause`);
  }

  endSend(node: Node, { notificationId, seq }: SendRequest, outcome: Outcome): void {
    const [now, story] = [this.#clock.now(), this.storyOf(notificationId, seq)];
    this.note(`${node.name} hears of ${this.#name(notificationId)}.${seq}: ${describe(outcome)}`);
    const send = story.sends.findLast((one) => one.node === node.name && one.outcome === null);
    if (send !== undefined) send.outcome = outcome;
    const notification = this.notifications.find(({ id }) => id === notificationId);
    const waitMs = 'retryAfterMs' in outcome ? (outcome.retryAfterMs ?? 0) : 0;
    if (waitMs === 0 || notification === undefined) return;
    story.wait = { until: now + waitMs, heardAt: now, node: node.name };
    if (outcome.kind === 'busy' && outcome.scope === 'connection') {
      this.#limits.pause(node, notification.connectionId, { until: now + waitMs, heardAt: now });
    }
  }

  arrive(node: Node, request: SendRequest, isTaken: boolean): void {
    const { notificationId, seq } = request;
    if (isTaken) this.storyOf(notificationId, seq).taken += 1;
    const notification = this.notifications.find(({ id }) => id === notificationId);
    if (notification === undefined) return;
    const broken = this.#limits.arrive(node, notification.connectionId, request.address.channelId, this.#clock.now());
    if (broken !== null) this.violate(`${node.name} exceeds ${broken} with ${this.#name(notificationId)}.${seq}`);
  }

  /** Other processes learn of a wait by the store alone, which may not have heard of it when there was trouble. */
  #mustWait({ wait }: Story, node: Node): number | null {
    if (wait === null || this.#clock.now() >= wait.until || this.#clock.now() === wait.heardAt) return null;
    return wait.node === node.name && !this.isTroubled ? wait.until : null;
  }

  /** Something happened to processes or to the store, so that what they knew may be lost. */
  get isTroubled(): boolean {
    const { incidents, storeFaults } = this.#scenario;
    const isStopped = incidents.some(({ kind }) => kind !== 'drain');
    return isStopped || storeFaults.share > 0 || storeFaults.outage !== null;
  }

  // --- the store's side, at the moment it takes effect

  claimed(node: Node, batches: readonly ClaimedBatch[]): void {
    for (const batch of batches) {
      const refs = batch.recipients.map(({ seq }) => recipientRef(batch.notificationId, seq));
      this.#claims.set(keyOf(batch), { node: node.name, token: batch.token, refs });
      for (const { seq } of batch.recipients) this.storyOf(batch.notificationId, seq).holder = node.name;
      this.note(`${node.name} claims ${this.#describe(batch)}: ${refs.length}, takeovers ${batch.takeovers}`);
    }
  }

  checkpointed(node: Node, { batches }: CheckpointRequest, lost: readonly HeldBatch[]): void {
    const gone = new Set(lost.map(heldKeyOf));
    for (const { batch, logs, remainder } of batches) {
      const left = remainder === null ? 'held' : `ended, ${remainder.length} left`;
      const fate = gone.has(heldKeyOf(batch)) ? 'LOST' : left;
      this.note(`${node.name} records ${logs.length} of ${this.#describe(batch)}: ${fate}`);
      if (gone.has(heldKeyOf(batch))) continue;
      const claim = this.#claims.get(keyOf(batch));
      if (claim?.node !== node.name || claim.token !== batch.token) {
        this.violate(`a stale write of ${node.name} to ${this.#describe(batch)} took effect`);
      }
      for (const log of logs) this.#logged(batch, log);
      if (remainder !== null) this.#ended(batch, claim);
    }
  }

  acknowledged({ batches }: CheckpointRequest, lost: readonly HeldBatch[]): void {
    const gone = new Set(lost.map(heldKeyOf));
    for (const { batch, logs } of batches) {
      if (gone.has(heldKeyOf(batch))) continue;
      for (const log of logs) this.storyOf(batch.notificationId, log.seq).acknowledged = log;
    }
  }

  // --- cancels

  /** The caller's answer, at the moment it was true. */
  tallied({ notificationId }: NotificationKey, tally: CancelTally | null): void {
    const total = this.notifications.find(({ id }) => id === notificationId)?.total ?? 0;
    this.note(`${this.#name(notificationId)} is cancelled: ${JSON.stringify(tally)}`);
    if (tally === null) return;
    const { cancelled, inFlight, alreadyFinal } = tally;
    if (cancelled + inFlight + alreadyFinal !== total || cancelled < 0) this.violate('a tally does not add up');
    for (let seq = 0; seq < total; seq += 1) {
      const story = this.storyOf(notificationId, seq);
      if (story.holder === null && story.log === null) story.isWithdrawn = true;
    }
  }

  heardOfCancel(node: Node, keys: readonly NotificationKey[]): void {
    for (const { notificationId } of keys) {
      const key = `${node.name} ${notificationId}`;
      if (this.#heard.has(key)) continue;
      this.#heard.set(key, this.#clock.now());
      this.note(`${node.name} hears that ${this.#name(notificationId)} is cancelled`);
    }
  }

  /** From then on its deadline alone counts. */
  pausing({ notificationId }: NotificationKey): void {
    this.#paused.add(notificationId);
  }

  /** The caller's answer, at the moment it was true. */
  tallyPaused({ notificationId }: NotificationKey, tally: PauseTally | null): void {
    const total = this.notifications.find(({ id }) => id === notificationId)?.total ?? 0;
    this.note(`${this.#name(notificationId)} is paused: ${JSON.stringify(tally)}`);
    if (tally === null) return;
    const { pausedAt, waiting, inFlight, alreadyFinal } = tally;
    if (waiting + inFlight + alreadyFinal !== total || waiting < 0) this.violate('a tally does not add up');
    if (pausedAt === null || this.#resumed.has(notificationId)) return;
    for (let seq = 0; seq < total; seq += 1) {
      const story = this.storyOf(notificationId, seq);
      if (story.holder === null && story.log === null) story.isStill = true;
    }
  }

  resuming({ notificationId }: NotificationKey): void {
    const total = this.notifications.find(({ id }) => id === notificationId)?.total ?? 0;
    this.note(`${this.#name(notificationId)} is to go on`);
    this.#resumed.add(notificationId);
    for (let seq = 0; seq < total; seq += 1) this.storyOf(notificationId, seq).isStill = false;
  }

  /** What the store ended by itself. */
  endedByCancel(key: NotificationKey, logs: readonly Log[]): void {
    const unknown = logs.filter(({ state, seq }) => {
      return state === 'cancelled' && this.storyOf(key.notificationId, seq).log === null;
    });
    if (unknown.length > 0) this.note(`${unknown.length} of ${this.#name(key.notificationId)} are ended`);
    for (const log of unknown) this.#logged(key, log);
  }

  #logged({ notificationId }: NotificationKey, log: Log): void {
    const story = this.storyOf(notificationId, log.seq);
    // The same checkpoint once more, after an answer that was lost.
    if (story.log !== null && JSON.stringify(story.log) === JSON.stringify(log)) return;
    if (story.log !== null) this.violate(`${this.#name(notificationId)}.${log.seq} was recorded twice`);
    story.log = log;
    this.#ends += 1;
  }

  #ended(batch: HeldBatch, claim: Claim | undefined): void {
    this.#claims.delete(keyOf(batch));
    for (const ref of claim?.refs ?? []) {
      const story = this.stories.get(ref);
      if (story !== undefined) story.holder = null;
    }
  }

  #describe = (batch: HeldBatch): string => `${this.#name(batch.notificationId)}/${batch.batchNo}#${batch.token}`;

  #name(notificationId: string): string {
    return `N${this.notifications.findIndex(({ id }) => id === notificationId)}`;
  }
}

const heldKeyOf = (batch: HeldBatch): string => `${keyOf(batch)}#${batch.token}`;

const keyOf = ({ notificationId, batchNo }: BatchKey): string => `${notificationId}/${batchNo}`;

function describe(outcome: Outcome): string {
  const scope = 'scope' in outcome ? ` (${outcome.scope})` : '';
  const wait = 'retryAfterMs' in outcome && outcome.retryAfterMs != null ? `, wait ${outcome.retryAfterMs}` : '';
  return `${outcome.kind}${scope}${wait}`;
}
