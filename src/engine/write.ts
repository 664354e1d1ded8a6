import type { Clock } from '../model/clock.ts';
import type { Script } from '../model/message.ts';
import { startOf } from '../model/timing.ts';
import { writeContext } from '../render/script/context.ts';
import { describeFault, type Rendering } from '../render/script/fault.ts';
import type { ScriptRenderer } from '../render/script/renderer.ts';
import { writeFor } from '../render/write-for.ts';
import type { Store } from '../store/port.ts';
import type { Job } from './job.ts';
import type { Outlet } from './outlet.ts';
import { concludeCancelled, concludeUntried, type Final } from './policy.ts';
import type { Recorder } from './recorder.ts';
import type { Report } from './report.ts';
import type { Work } from './work.ts';

export interface WriteParts {
  readonly store: Pick<Store, 'findPeople'>;
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly renderer: ScriptRenderer;
  readonly botName: (botId: string) => string;
  readonly isStopping: () => boolean;
  readonly report: Report;
  /** Leaves a batch to whoever takes it over. */
  readonly abandon: (work: Work) => void;
}

/** A recipient, where it is reached and what it speaks: all a job needs, and what its message is made of. */
export interface Found extends Omit<Job, 'message'> {
  /** Null: not known, or not asked for. */
  readonly locale: string | null;
}

/** Reads once the database is there to be read. */
type Patiently = <T>(read: () => Promise<T>) => Promise<T>;

/** A script has to be run for them first. */
export const isUnwritten = ({ work, recipient }: Found): boolean =>
  work.notification.message.type === 'script' && recipient.customMessage === null && recipient.printed === undefined;

/** Batch by batch, so that the first are sent while the script runs for the next. Never rejects. */
export async function writeAndSend(
  parts: WriteParts,
  outlet: Outlet,
  unwritten: readonly Found[],
  patiently: Patiently,
): Promise<void> {
  for (const [work, entries] of Map.groupBy(unwritten, (entry) => entry.work)) {
    try {
      if (work.lost) continue;
      if (parts.isStopping() || (work.isPaused && !work.isCancelled)) giveBack(parts, work, entries);
      else if (work.isCancelled) {
        for (const entry of entries) concludeUnsent(parts, entry, concludeCancelled(entry.recipient));
      } else await writeBatch(parts, outlet, work, entries, patiently);
    } catch (error) {
      parts.report.failed('writing messages failed', error);
      parts.abandon(work);
    }
  }
}

async function writeBatch(
  parts: WriteParts,
  outlet: Outlet,
  work: Work,
  entries: readonly Found[],
  patiently: Patiently,
): Promise<void> {
  const { message } = work.notification;
  if (message.type !== 'script') return;
  const renderings = await runScript(parts, message, work, entries, patiently);
  if (work.lost) return;
  const written: Found[] = [];
  for (const [index, entry] of entries.entries()) {
    const rendering = renderings[index];
    if (rendering?.ok) written.push({ ...entry, recipient: { ...entry.recipient, printed: rendering.output } });
    else concludeUnwritten(parts, entry, rendering === undefined ? null : describeFault(rendering.fault));
  }
  handOver(parts, outlet, written);
}

async function runScript(
  parts: WriteParts,
  { source }: Script,
  { notification }: Work,
  entries: readonly Found[],
  patiently: Patiently,
): Promise<readonly Rendering[]> {
  const { botId, id: notificationId } = notification;
  const personIds = [...new Set(entries.flatMap(({ personId }) => personId ?? []))];
  const found = await patiently(() => parts.store.findPeople({ botId, personIds }));
  const people = new Map(found.map((person) => [person.id, person]));
  const botName = parts.botName(botId);
  const recipients = entries.map(({ recipient, personId }) => {
    const person = people.get(personId ?? '') ?? null;
    const context = writeContext({ botName, notification, recipient, personId: personId ?? '', person });
    return { seq: recipient.seq, context };
  });
  return parts.renderer.render({ botId, notificationId, source, createdAt: startOf(notification), recipients });
}

/** On their way out, or concluded: not everything a script prints can be sent. */
export function handOver(
  parts: Pick<WriteParts, 'clock' | 'recorder'>,
  outlet: Outlet,
  entries: readonly Found[],
): void {
  const jobs: Job[] = [];
  for (const entry of entries) {
    const { message, options } = entry.work.notification;
    // What stands in its place there is the id of the message that is changed.
    const reader = options?.edits === undefined ? entry : withoutOwn(entry);
    const written = writeFor(message, reader, outlet.channel.escapeValue);
    if (written.ok) jobs.push({ ...entry, message: written.message });
    else concludeUnwritten(parts, entry, describeFault({ kind: 'output', line: null, reason: written.reason }));
  }
  outlet.add(jobs);
}

const withoutOwn = ({ recipient, locale }: Found) => ({ recipient: { ...recipient, customMessage: null }, locale });

function concludeUnwritten(parts: Pick<WriteParts, 'clock' | 'recorder'>, entry: Found, detail: string | null): void {
  concludeUnsent(parts, entry, concludeUntried(entry.recipient, 'failed', 'render_failed', detail));
}

export function concludeUnsent(
  { clock, recorder }: Pick<WriteParts, 'clock' | 'recorder'>,
  { work, recipient, personId }: Found,
  final: Final,
): void {
  work.conclude({ recipient, personId, address: null, providerMessageId: null }, final, clock.now());
  recorder.note(work);
}

function giveBack({ recorder }: WriteParts, work: Work, entries: readonly Found[]): void {
  for (const { recipient } of entries) {
    work.giveBack(recipient);
    recorder.note(work);
  }
}
