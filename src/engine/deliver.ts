import type { Channel } from '../channels/contract.ts';
import { type ResolvedRecipient, resolveRecipients } from '../directory/resolve.ts';
import type { Clock, Random } from '../model/clock.ts';
import type { Content } from '../model/message.ts';
import type { Notification, Recipient } from '../model/notification.ts';
import type { Busy, Rejected } from '../model/outcome.ts';
import { fillCustom, fillMessage } from '../render/fill.ts';
import { type Printed, readPrinted } from '../render/printed.ts';
import { describeFault } from '../render/script/fault.ts';
import { type ClaimedBatch, type Queue, type Store, StoreUnavailable } from '../store/port.ts';
import type { Attempt, Job, Outlet } from './outlet.ts';
import { concludeUntried, deadlineOf, decide, type Final, MAX_TAKEOVERS } from './policy.ts';
import type { Recorder } from './recorder.ts';
import type { Report } from './report.ts';
import { runScript, type ScriptParts } from './scripts.ts';
import { Work } from './work.ts';

export interface DeliverParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly recorder: Recorder;
  readonly findNotification: (batch: ClaimedBatch) => Promise<Notification | null>;
  readonly isStopping: () => boolean;
  readonly report: Report;
  readonly renderer: ScriptParts['renderer'];
  readonly botName: (botId: string) => string;
}

export interface Claimed {
  readonly queue: Queue;
  readonly batches: readonly ClaimedBatch[];
  /** Null: the connection is gone from the configuration. */
  readonly outlet: Outlet | null;
  /** Monotonic ms, counted from before the claim was sent. */
  readonly leaseEndsAt: number;
}

/**
 * Brings claimed batches on their way: everybody in them is concluded, or handed to the outlet. `writing` goes on with
 * those whose message a script has to write first: it takes its time, and nobody else shall wait for it.
 */
export async function deliver(
  parts: DeliverParts,
  claimed: Claimed,
  onWork: (work: Work) => void,
): Promise<{ readonly writing: Promise<void> | null }> {
  const works = await openWorks(parts, claimed);
  for (const { work } of works) onWork(work);
  const open = (await Promise.all(works.map((entry) => skipLogged(parts, claimed, entry)))).flat();
  const due = open.filter((entry) => !concludeUntriedIfHopeless(parts, claimed, entry));
  const unwritten = await sendOut(parts, claimed, due);
  return { writing: unwritten.length === 0 ? null : writeAndSend(parts, claimed, unwritten) };
}

/** While the database is away nothing has been sent yet, so a read is repeated for as long as the lease lasts. */
async function patiently<T>(parts: DeliverParts, { leaseEndsAt }: Claimed, read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      const over = parts.isStopping() || parts.clock.monotonic() >= leaseEndsAt;
      if (over || !(error instanceof StoreUnavailable)) throw error;
      await new Promise<void>((resolve) => parts.clock.after(READ_AGAIN_MS, resolve));
    }
  }
}

const READ_AGAIN_MS = 250;

interface Opened {
  readonly work: Work;
  readonly batch: ClaimedBatch;
}

interface Entry {
  readonly work: Work;
  readonly recipient: Recipient;
  readonly takeovers: number;
}

async function openWorks(parts: DeliverParts, claimed: Claimed): Promise<Opened[]> {
  const opened = claimed.batches.map(async (batch) => {
    const notification = await patiently(parts, claimed, () => parts.findNotification(batch));
    if (notification === null) throw new Error(`batch ${batch.batchNo} of ${batch.notificationId} has no notification`);
    return { work: new Work(batch, notification, parts.clock.monotonic(), claimed.leaseEndsAt), batch };
  });
  return Promise.all(opened);
}

/** After a take-over, logged recipients are done; any other may have been sent the message by the owner that died. */
async function skipLogged(parts: DeliverParts, claimed: Claimed, { work, batch }: Opened): Promise<Entry[]> {
  const entries = batch.recipients.map((recipient) => ({ work, recipient, takeovers: batch.takeovers }));
  if (batch.takeovers === 0) return entries;
  const seqs = batch.recipients.map((recipient) => recipient.seq);
  const logged = new Set(await patiently(parts, claimed, () => parts.store.listLoggedSeqs({ batch, seqs })));
  for (const _seq of logged) work.skip();
  if (work.open === 0) parts.recorder.note(work);
  return entries
    .filter((entry) => !logged.has(entry.recipient.seq))
    .map((entry) => ({ ...entry, recipient: { ...entry.recipient, maybeSent: true } }));
}

function concludeUntriedIfHopeless(parts: DeliverParts, claimed: Claimed, entry: Entry): boolean {
  const final = hopeless(parts, claimed, entry);
  if (final === null) return false;
  const nobody = { recipient: entry.recipient, personId: null, address: null, providerMessageId: null };
  entry.work.conclude(nobody, final, parts.clock.now());
  parts.recorder.note(entry.work);
  return true;
}

/** Why no attempt will be made; null when one will. */
function hopeless(parts: DeliverParts, { outlet }: Claimed, { work, recipient, takeovers }: Entry): Final | null {
  const { notification } = work;
  if (takeovers > 0 && outlet?.channel.afterUnknown === 'hold') {
    return concludeUntried(recipient, 'unknown', 'answer_lost', 'the server stopped while it was being sent');
  }
  if (takeovers >= MAX_TAKEOVERS) return concludeUntried(recipient, 'failed', 'poison', null);
  if (parts.clock.now() >= deadlineOf(notification)) return concludeUntried(recipient, 'expired', 'expired', null);
  if (outlet === null) return concludeUntried(recipient, 'failed', 'connection_missing', null);
  return null;
}

interface Found extends Entry {
  readonly personId: string | null;
  readonly address: ResolvedRecipient['address'];
}

/** One query for everybody; identities that are channel ids already need none. Answers who has no message yet. */
async function sendOut(parts: DeliverParts, claimed: Claimed, entries: readonly Entry[]): Promise<Found[]> {
  const groups = Map.groupBy(entries, (entry) => entry.work.notification.resolve);
  const unwritten = [...groups].map(([resolve, group]) => sendGroup(parts, claimed, resolve, group));
  return (await Promise.all(unwritten)).flat();
}

async function sendGroup(
  parts: DeliverParts,
  claimed: Claimed,
  resolve: boolean,
  entries: readonly Entry[],
): Promise<Found[]> {
  const { store } = parts;
  const { queue, outlet } = claimed;
  if (outlet === null) return [];
  const { botId, connectionId } = queue;
  const { addressing } = outlet.channel;
  const recipients = entries.map((entry) => entry.recipient);
  const question = { store, botId, connectionId, addressing, resolve, recipients };
  const answers = await patiently(parts, claimed, () => resolveRecipients(question));
  const found = entries.map((entry, index) => ({
    ...entry,
    personId: answers[index]?.personId ?? null,
    address: answers[index]?.address ?? null,
  }));
  handOver(
    parts,
    outlet,
    found.filter((entry) => !isUnwritten(entry)),
  );
  return found.filter(isUnwritten);
}

const isUnwritten = ({ work, recipient }: Found): boolean =>
  work.notification.message.type === 'script' && recipient.customMessage === null && recipient.printed === undefined;

/** Batch by batch: the first are sent while the script runs for the next. */
async function writeAndSend(parts: DeliverParts, claimed: Claimed, unwritten: readonly Found[]): Promise<void> {
  for (const [work, entries] of Map.groupBy(unwritten, (entry) => entry.work)) {
    if (parts.isStopping()) giveBack(parts, entries);
    else await writeBatch(parts, claimed, work, entries);
  }
}

async function writeBatch(parts: DeliverParts, claimed: Claimed, work: Work, entries: readonly Found[]): Promise<void> {
  const { store, renderer } = parts;
  const { notification } = work;
  const { botId, message: script } = notification;
  if (claimed.outlet === null || script.type !== 'script') return;
  const recipients = entries.map(({ recipient, personId }) => ({ recipient, personId: personId ?? '' }));
  const findPeople = (personIds: readonly string[]) =>
    patiently(parts, claimed, () => store.findPeople({ botId, personIds }));
  const tools = { renderer, findPeople, botName: parts.botName(botId) };
  const renderings = await runScript(tools, { script, notification, recipients });
  if (work.lost) return;
  const written: Found[] = [];
  for (const [index, entry] of entries.entries()) {
    const rendering = renderings[index];
    if (rendering?.ok) written.push({ ...entry, recipient: { ...entry.recipient, printed: rendering.output } });
    else concludeUnwritten(parts, entry, rendering === undefined ? null : describeFault(rendering.fault));
  }
  handOver(parts, claimed.outlet, written);
}

function concludeUnwritten(parts: DeliverParts, { work, recipient, personId }: Found, detail: string | null): void {
  const final = concludeUntried(recipient, 'failed', 'render_failed', detail);
  work.conclude({ recipient, personId, address: null, providerMessageId: null }, final, parts.clock.now());
  parts.recorder.note(work);
}

function giveBack(parts: DeliverParts, entries: readonly Found[]): void {
  for (const { work, recipient } of entries) {
    if (work.lost) continue;
    work.giveBack(recipient);
    parts.recorder.note(work);
  }
}

function handOver(parts: DeliverParts, outlet: Outlet, entries: readonly Found[]): void {
  const jobs: Job[] = [];
  for (const entry of entries) {
    const { work, recipient, personId, address } = entry;
    const written = messageFor(work.notification.message, recipient, outlet.channel.escapeValue);
    if (written.ok) jobs.push({ work, recipient, personId, address, message: written.message });
    else concludeUnwritten(parts, entry, describeFault({ kind: 'output', line: null, reason: written.reason }));
  }
  outlet.add(jobs);
}

function messageFor(content: Content, recipient: Recipient, escapeValue: Channel['escapeValue']): Printed {
  const { customMessage, parameters, printed } = recipient;
  if (content.type !== 'script') {
    return { ok: true, message: fillMessage(content, customMessage, parameters, escapeValue) };
  }
  if (customMessage !== null) {
    return { ok: true, message: fillCustom(content, customMessage, parameters, escapeValue) };
  }
  const written = readPrinted(content, printed ?? '');
  if (!written.ok) return written;
  return { ok: true, message: fillMessage(written.message, null, parameters, escapeValue) };
}

/** What an attempt means: for the recipient, for its address, and for the connection as a whole. */
export function settle(parts: DeliverParts, outlet: Outlet, job: Job, attempt: Attempt): void {
  const holdMs = minePace(parts, outlet, attempt);
  if (job.work.lost) return;
  learnAddress(parts, outlet, job, attempt);
  conclude(parts, outlet, job, attempt, holdMs);
  parts.recorder.note(job.work);
}

/** Wrong for everybody: the notification fails at once instead of burning a call for each of its recipients. */
export function settleRefused(parts: DeliverParts, { work, recipient, personId }: Job, refusal: Rejected): void {
  const final = concludeUntried(recipient, 'failed', refusal.reason, refusal.detail);
  work.conclude({ recipient, personId, address: null, providerMessageId: null }, final, parts.clock.now());
  parts.recorder.note(work);
}

/** Answers how long the connection is held, when the outcome was about the connection. */
function minePace(parts: DeliverParts, outlet: Outlet, { outcome }: Attempt): number {
  const now = parts.clock.monotonic();
  if (outcome.kind === 'accepted' && outlet.pace.succeed()) parts.report.mended(outlet);
  if (outcome.kind === 'busy' && outcome.scope === 'connection') slowDown(parts, outlet, outcome, now);
  if (outcome.kind !== 'rejected' || outcome.scope !== 'connection') return 0;
  const fresh = outlet.pace.blockedMs(now) === 0;
  const holdMs = outlet.pace.hold(now);
  if (fresh) parts.report.held(outlet, outcome.detail, holdMs);
  return holdMs;
}

function slowDown(parts: DeliverParts, outlet: Outlet, { retryAfterMs, detail }: Busy, now: number): void {
  const fresh = outlet.pace.blockedMs(now) === 0;
  const pausedMs = outlet.pace.slowDown(now, retryAfterMs);
  if (fresh) parts.report.slowed(outlet, detail, pausedMs);
}

function learnAddress(parts: DeliverParts, outlet: Outlet, job: Job, { outcome, address, lookedUp }: Attempt): void {
  const { id: connectionId, botId, channel, name: connectionName } = outlet.connection;
  const learned =
    outcome.kind === 'accepted' ? (outcome.learned ?? (lookedUp ? address : null)) : lookedUp ? address : null;
  if (learned !== null && job.work.notification.resolve) {
    const source = lookedUp ? 'lookup' : 'send';
    const { identity } = job.recipient;
    const at = parts.clock.now();
    parts.recorder.learn({ botId, connectionId, channel, connectionName, identity, address: learned, source, at });
  }
  if (outcome.kind === 'rejected' && outcome.forgetAddress && job.address !== null && job.personId !== null) {
    parts.recorder.forget({ botId, connectionId, personId: job.personId, channelId: job.address.channelId });
  }
}

function conclude(parts: DeliverParts, outlet: Outlet, job: Job, { outcome, address }: Attempt, holdMs: number): void {
  const { work, recipient, personId } = job;
  const { lane, createdAt, expiresAt } = work.notification;
  const now = parts.clock.now();
  const { afterUnknown } = outlet.channel;
  const decision = decide(outcome, { recipient, lane, createdAt, expiresAt, now, afterUnknown, holdMs }, parts.random);
  if (decision.kind === 'retry') {
    work.retryLater(decision);
    return;
  }
  const providerMessageId = outcome.kind === 'accepted' ? outcome.providerMessageId : null;
  work.conclude({ recipient, personId, address, providerMessageId }, decision, now);
}
