import { BATCH_SIZE, type Recipient } from '../model/notification.ts';
import { MAX_TAKEOVERS } from './policy.ts';
import type { Recorder } from './recorder.ts';
import type { Work } from './work.ts';

/*
 * A message that ends the process that sends it takes with it whatever else that process holds. So that only the message
 * itself is given up in the end, a batch whose owners keep dying is cut smaller, and what is alone at last is
 * tried by itself: then nobody but the one that did it can be counted.
 */

/** One crash may be anybody's fault. */
const sizeAfter = (takeovers: number): number => (takeovers < 2 ? BATCH_SIZE : takeovers === 2 ? 10 : 1);

const isSuspect = ({ takeovers }: Tried): boolean => sizeAfter(takeovers) === 1;

/** For so long after it began a suspect is alone; if it does any harm, it does it at once. */
const ALONE_MS = 2_000;

/** A process that has lived for so long does not end for a reason that has nothing to do with what it sends. */
const STEADY_MS = 2_000;

/**
 * Somebody who was alone when a process died is tried again by one that does not die young: where processes end whatever
 * they send, whoever is first at each start would be taken for the cause.
 */
export const takeoversBelow = (livedMs: number): { readonly takeoversBelow?: number } =>
  livedMs < STEADY_MS ? { takeoversBelow: MAX_TAKEOVERS - 1 } : {};

interface Tried {
  readonly work: Work;
  readonly recipient: Recipient;
  readonly takeovers: number;
}

/** Whoever is claimed beside one has to go back, so they are claimed one by one. */
export const isOneSuspect = (batches: readonly { readonly takeovers: number }[]): boolean =>
  batches.some(({ takeovers }) => sizeAfter(takeovers) === 1);

/** Answers who of the claimed are sent their message now: the others went back, durably, before anything is begun. */
export async function spareOthers<T extends Tried>(recorder: Recorder, entries: readonly T[]): Promise<readonly T[]> {
  const byWork = [...Map.groupBy(entries, ({ work }) => work).values()];
  const small = byWork.filter((group) => group.length <= sizeAfter(group[0]?.takeovers ?? 0));
  const suspects = small.filter((group) => group.some(isSuspect));
  const wait = [...byWork.filter((group) => !small.includes(group)), ...suspects.slice(1)];
  if (wait.length === 0) return entries;
  for (const group of wait) giveBack(recorder, group);
  if (suspects.length > 0) await recorder.flush();
  return small.filter((group) => !wait.includes(group)).flat();
}

function giveBack(recorder: Recorder, group: readonly Tried[]): void {
  for (const { work, recipient, takeovers } of group) {
    work.giveBack(recipient, sizeAfter(takeovers));
    recorder.note(work);
  }
}

/** Everybody waits for its end to be recorded. */
export const isTriedSuspect = ({ takeovers, open }: Work): boolean => sizeAfter(takeovers) === 1 && open === 0;

/** Whether something is in work that may end the process: nothing is claimed that would suffer for it. */
export const isSuspectAlone = (works: Iterable<Work>, now: number): boolean =>
  [...works].some(
    ({ takeovers, startedAt, lost }) => !lost && sizeAfter(takeovers) === 1 && now < startedAt + ALONE_MS,
  );
