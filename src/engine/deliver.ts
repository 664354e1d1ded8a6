import type { Channel } from '../channels/contract.ts';
import { type ResolvedRecipient, resolveRecipients } from '../directory/resolve.ts';
import type { Clock, Random } from '../model/clock.ts';
import type { Content } from '../model/message.ts';
import type { Notification, Recipient } from '../model/notification.ts';
import { identityKey } from '../model/person.ts';
import { fillCustom, fillMessage } from '../render/fill.ts';
import { type Printed, readPrinted } from '../render/printed.ts';
import { describeFault } from '../render/script/fault.ts';
import { type ClaimedBatch, type Queue, type Store, StoreUnavailable } from '../store/port.ts';
import type { Job } from './job.ts';
import type { Outlet } from './outlet.ts';
import { concludeUntried, deadlineOf, type Final, MAX_TAKEOVERS } from './policy.ts';
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
  readonly isUnproven: boolean;
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
  const found = await dropSilenced(parts, claimed, outlet.channel, entries.map(toFound(answers, parts.clock.now())));
  handOver(
    parts,
    outlet,
    found.filter((entry) => !isUnwritten(entry)),
  );
  return found.filter(isUnwritten);
}

const toFound =
  (answers: readonly ResolvedRecipient[], now: number) =>
  (entry: Entry, index: number): Found => {
    const answer = answers[index];
    const stored = answer?.stored ?? null;
    const isUnproven = stored !== null && now - (stored.workedAt ?? 0) >= PROVEN_MS;
    return { ...entry, personId: answer?.personId ?? null, address: answer?.address ?? null, isUnproven };
  };

/** That an address works is noted once in so long, so that nothing is written per send. */
const PROVEN_MS = 24 * 3_600_000;

/** Who opted out, or whose address is dead, is not written to: by the name the caller used or by the address. */
async function dropSilenced(
  parts: DeliverParts,
  claimed: Claimed,
  { keepsSilence }: Channel,
  entries: readonly Found[],
): Promise<readonly Found[]> {
  if (keepsSilence !== true || entries.length === 0) return entries;
  const { botId, connectionId } = claimed.queue;
  const identities = [...new Set(entries.flatMap(namesOf))];
  const silenced = await patiently(parts, claimed, () => parts.store.listSilenced({ botId, connectionId, identities }));
  return entries.filter((entry) => {
    const name = namesOf(entry).find((key) => silenced.has(key));
    const reason = name === undefined ? undefined : silenced.get(name);
    if (reason === undefined) return true;
    concludeUnsent(parts, entry, concludeUntried(entry.recipient, 'suppressed', reason, null));
    return false;
  });
}

const namesOf = ({ recipient, address }: Found): string[] =>
  [recipient.identity, ...(address === null ? [] : [address.channelId])].map(identityKey);

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

function concludeUnwritten(parts: DeliverParts, entry: Found, detail: string | null): void {
  concludeUnsent(parts, entry, concludeUntried(entry.recipient, 'failed', 'render_failed', detail));
}

function concludeUnsent(parts: DeliverParts, { work, recipient, personId }: Found, final: Final): void {
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
    const { work, recipient, personId, address, isUnproven } = entry;
    const written = messageFor(work.notification.message, recipient, outlet.channel.escapeValue);
    if (written.ok) jobs.push({ work, recipient, personId, address, isUnproven, message: written.message });
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
