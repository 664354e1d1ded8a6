import type { Channel } from '../channels/contract.ts';
import { useOtherNames } from '../directory/other-names.ts';
import { type ResolvedRecipient, resolveRecipients } from '../directory/resolve.ts';
import type { Random } from '../model/clock.ts';
import { isArrived } from '../model/fall-back.ts';
import type { Notification, Recipient } from '../model/notification.ts';
import { identityKey } from '../model/person.ts';
import { asksForZone } from '../model/timing.ts';
import type { Span, Tracer } from '../model/tracer.ts';
import { StoreUnavailable } from '../store/port/errors.ts';
import type { Change } from '../store/port/interventions.ts';
import type { ClaimedBatch, Queue } from '../store/port/work.ts';
import type { Store } from '../store/port.ts';
import { notificationsOf } from './interventions.ts';
import type { Outlet } from './outlet.ts';
import { concludeCancelled, concludeUntried, deadlineOf, type Final, MAX_TAKEOVERS } from './policy.ts';
import { spareOthers } from './suspects.ts';
import { heedHours, type Timetable } from './timetable.ts';
import { Work } from './work.ts';
import { concludeUnsent, type Found, handOver, isUnwritten, type WriteParts, writeAndSend } from './write.ts';

export interface DeliverParts extends WriteParts {
  readonly store: Store;
  readonly random: Random;
  readonly timetable: Timetable;
  readonly tracer: Tracer;
  readonly findNotification: (batch: ClaimedBatch) => Promise<Notification | null>;
  /** Tells all that this process holds, not only what was just claimed. */
  readonly hearChanged: (changes: readonly Change[]) => void;
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
  // Held first, then asked: of a cancel or a pause that comes in between, those that are held hear.
  for (const { work } of works) onWork(work);
  parts.hearChanged(await listChanged(parts, claimed));
  const open = (await Promise.all(works.map((entry) => skipLogged(parts, claimed, entry)))).flat();
  const due = open.filter((entry) => !isLetGo(parts, claimed, entry));
  const spared = await spareOthers(parts.recorder, due);
  const unwritten = await sendOut(parts, claimed, await dropArrived(parts, claimed, spared));
  const { outlet } = claimed;
  if (outlet === null || unwritten.length === 0) return { writing: null };
  return { writing: writeAndSend(parts, outlet, unwritten, (read) => patiently(parts, claimed, read)) };
}

/** While the database is away nothing has been sent yet, so a read is repeated for as long as the lease lasts. */
async function patiently<T>(parts: DeliverParts, { leaseEndsAt }: Claimed, read: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await read();
    } catch (error) {
      const over = parts.isStopping() || parts.clock.monotonic() >= leaseEndsAt;
      if (over || !(error instanceof StoreUnavailable)) throw error;
      // The first may have met no more than a connection that broke, and the next is sound.
      if (tries > 0) await new Promise<void>((resolve) => parts.clock.after(READ_AGAIN_MS, resolve));
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
    const work = new Work(batch, notification, parts.clock.monotonic(), claimed.leaseEndsAt);
    if (notification.options?.trace !== undefined) work.span = traceBatch(parts.tracer, batch, notification);
    return { work, batch };
  });
  return Promise.all(opened);
}

function traceBatch(tracer: Tracer, batch: ClaimedBatch, { options, channel }: Notification): Span | null {
  const { botId, notificationId, batchNo, recipients, takeovers, queue } = batch;
  return tracer.start(`deliver ${channel}`, 'consumer', options?.trace ?? null, {
    'beckon.bot': botId,
    'beckon.notification': notificationId,
    'beckon.batch': batchNo,
    'beckon.connection': queue.connectionId,
    'beckon.recipients': recipients.length,
    'beckon.takeovers': takeovers,
  });
}

/** After the claim was committed, or a cancel in between would be seen by nobody (`store/cancel.ts`). */
function listChanged(parts: DeliverParts, claimed: Claimed): Promise<readonly Change[]> {
  const notifications = notificationsOf(claimed.batches);
  return patiently(parts, claimed, () => parts.store.listChanged({ notifications }));
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

/** Concluded without an attempt, or given back for as long as its notification is paused. */
function isLetGo(parts: DeliverParts, claimed: Claimed, { work, recipient, takeovers }: Entry): boolean {
  const final = hopeless(parts, claimed, { work, recipient, takeovers });
  if (final === null && !work.isPaused) return false;
  const nobody = { recipient, personId: null, address: null, providerMessageId: null };
  if (final === null) work.giveBack(recipient);
  else work.conclude(nobody, final, parts.clock.now());
  parts.recorder.note(work);
  return true;
}

/** Why no attempt will be made; null when one will. */
function hopeless(parts: DeliverParts, { outlet }: Claimed, { work, recipient, takeovers }: Entry): Final | null {
  const { notification } = work;
  if (work.isCancelled) return concludeCancelled(recipient);
  if (takeovers > 0 && outlet?.afterUnknown === 'hold') {
    return concludeUntried(recipient, 'unknown', 'answer_lost', 'the server stopped while it was being sent');
  }
  if (takeovers >= MAX_TAKEOVERS) return concludeUntried(recipient, 'failed', 'poison', null);
  if (parts.clock.now() >= deadlineOf(notification)) return concludeUntried(recipient, 'expired', 'expired', null);
  if (outlet === null && !work.isPaused) return concludeUntried(recipient, 'failed', 'connection_missing', null);
  return null;
}

/** Whose receipt came after all, or in time and was not looked at before, has it: nothing more is sent. */
async function dropArrived(
  parts: DeliverParts,
  claimed: Claimed,
  entries: readonly Entry[],
): Promise<readonly Entry[]> {
  const taken = entries.filter(({ recipient }) => recipient.route?.taken !== undefined);
  if (taken.length === 0) return entries;
  const arrived = new Set<Entry>();
  for (const [{ batch }, group] of Map.groupBy(taken, ({ work }) => work)) {
    const seqs = group.map(({ recipient }) => recipient.seq);
    const stretch = { fromSeq: Math.min(...seqs), toSeq: Math.max(...seqs) };
    const receipts = await patiently(parts, claimed, () => parts.store.listReceipts({ ...batch, ...stretch }));
    const told = new Set(receipts.filter(isArrived).map(({ seq }) => seq));
    for (const entry of group) if (told.has(entry.recipient.seq)) arrived.add(entry);
  }
  for (const { work, recipient } of arrived) {
    work.concludeArrived(recipient, parts.clock.now());
    parts.recorder.note(work);
  }
  return entries.filter((entry) => !arrived.has(entry));
}

/** One query for everybody; identities that are channel ids already need none. Answers who has no message yet. */
async function sendOut(parts: DeliverParts, claimed: Claimed, entries: readonly Entry[]): Promise<Found[]> {
  const groups = Map.groupBy(entries, ({ work }) => needOf(work.notification));
  const unwritten = [...groups].map(([need, group]) => sendGroup(parts, claimed, need, group));
  return (await Promise.all(unwritten)).flat();
}

/** What the directory is asked for. */
type Need = 'nothing' | 'addresses' | 'addresses and people';

const needOf = ({ resolve, message, options }: Notification): Need => {
  if (!resolve) return 'nothing';
  return message.type === 'localised' || asksForZone(options) ? 'addresses and people' : 'addresses';
};

async function sendGroup(
  parts: DeliverParts,
  claimed: Claimed,
  need: Need,
  entries: readonly Entry[],
): Promise<Found[]> {
  const { store } = parts;
  const { queue, outlet } = claimed;
  if (outlet === null) return [];
  const { botId, connectionId } = queue;
  const { addressing } = outlet.channel;
  const recipients = entries.map((entry) => entry.recipient);
  const asked = { resolve: need !== 'nothing', about: need === 'addresses and people' };
  const question = { store, botId, connectionId, addressing, recipients, ...asked };
  const named = await patiently(parts, claimed, () => resolveRecipients(question));
  const answers = await nameForChannel(parts, claimed, outlet.channel, recipients, named);
  const all = entries.map(toFound(answers, parts.clock.now()));
  const inTime = all.flatMap((entry, index) => heedHours(parts, entry, named[index]?.about?.timeZone ?? null) ?? []);
  const wanted = await dropDeclined(parts, claimed, inTime);
  const found = await dropSilenced(parts, claimed, outlet.channel, wanted);
  handOver(
    parts,
    outlet,
    found.filter((entry) => !isUnwritten(entry)),
  );
  return found.filter(isUnwritten);
}

/** Who came over from another channel was named for that one. */
async function nameForChannel(
  parts: DeliverParts,
  claimed: Claimed,
  { addressing, identityKey }: Channel,
  recipients: readonly Recipient[],
  answers: readonly ResolvedRecipient[],
): Promise<readonly ResolvedRecipient[]> {
  if (addressing === 'directory' || recipients.every(({ route }) => route === undefined)) return answers;
  const { botId } = claimed.queue;
  const question = { store: parts.store, botId, identityKey, recipients, answers };
  return patiently(parts, claimed, () => useOtherNames(question));
}

const toFound =
  (answers: readonly ResolvedRecipient[], now: number) =>
  (entry: Entry, index: number): Found => {
    const answer = answers[index];
    const stored = answer?.stored ?? null;
    const isUnproven = stored !== null && now - (stored.workedAt ?? 0) >= PROVEN_MS;
    const [personId, address] = [answer?.personId ?? null, answer?.address ?? null];
    const locale = answer?.about?.locale ?? null;
    return { ...entry, personId, address, isUnproven, locale, closesAt: Number.POSITIVE_INFINITY };
  };

/** That an address works is noted once in so long, so that nothing is written per send. */
const PROVEN_MS = 24 * 3_600_000;

/** Who wants nothing of a category is not sent it, unless the sender said why they must. Asks nothing without one. */
async function dropDeclined(
  parts: DeliverParts,
  claimed: Claimed,
  entries: readonly Found[],
): Promise<readonly Found[]> {
  if (entries.every((entry) => categoryOf(entry) === null)) return entries;
  const { botId } = claimed.queue;
  const kept = [...Map.groupBy(entries, categoryOf)].map(async ([category, group]) => {
    const [first] = group;
    if (category === null || first === undefined) return group;
    const { channel } = first.work.notification;
    const personIds = [...new Set(group.flatMap(({ personId }) => personId ?? []))];
    const question = { botId, category, channel, personIds };
    const declined = new Set(await patiently(parts, claimed, () => parts.store.listOptedOut(question)));
    return group.filter((entry) => {
      if (!declined.has(entry.personId ?? '')) return true;
      concludeUnsent(parts, entry, concludeUntried(entry.recipient, 'suppressed', 'category_declined', category));
      return false;
    });
  });
  return (await Promise.all(kept)).flat();
}

const categoryOf = ({ work }: Found): string | null => {
  const { category = null, preferencesOverride } = work.notification.options ?? {};
  return preferencesOverride === undefined ? category : null;
};

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
