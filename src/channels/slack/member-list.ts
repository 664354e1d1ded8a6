import type { Clock } from '../../model/clock.ts';
import type { JsonObject } from '../../model/json.ts';
import { readMember } from './member.ts';
import { MethodPause } from './method-pause.ts';
import type { SlackRefusal } from './refusals.ts';
import type { SlackAnswer, SlackWebApi } from './web-api.ts';

/** The members of a workspace that may be written to, by e-mail. */
export interface Roster {
  readonly ids: ReadonlyMap<string, string>;
  /** Who is not on it is not in the workspace. */
  readonly isWhole: boolean;
  /** Monotonic ms when its first page was asked for. */
  readonly readAt: number;
}

export interface MemberListParts {
  readonly api: SlackWebApi;
  readonly clock: Clock;
  /** Only of a token that is good for several workspaces. */
  readonly teamId: string | null;
  readonly judge: (answer: Exclude<SlackAnswer, { kind: 'ok' }>) => SlackRefusal;
}

/** Slack takes "at most 1,000" by one page of its documentation and "at most 999" by another. */
const PAGE = 999;
/** A member is some 2 KB of JSON. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;
const PAGE_DEADLINE_MS = 30_000;
/** About 50 MB. */
const MAX_MEMBERS = 300_000;
const MAX_PAGES = 600;
/** A list half read is read on until then; after it the first half is too old. */
const RESUMABLE_MS = 600_000;
const IN_PROGRESS_MS = 1_000;

/**
 * Reads all members of a workspace, page by page and once for all who ask meanwhile. What was read survives whatever
 * ends the reading: who asks next goes on where it stopped.
 */
export class MemberList {
  readonly #parts: MemberListParts;
  readonly #pause: MethodPause;
  readonly #closed = new AbortController();
  #reading: Promise<Roster | SlackRefusal> | null = null;
  #progress: Progress | null = null;
  #readers = 0;
  #knownPages = 0;

  constructor(parts: MemberListParts) {
    this.#parts = parts;
    this.#pause = new MethodPause('users.list', parts.clock);
  }

  /** How many pages the list had when it was last read; 0: it never was. */
  get knownPages(): number {
    return this.#knownPages;
  }

  /** The present list, or why there is none within the signal. Others who wait for it do not end with this signal. */
  async read(signal: AbortSignal): Promise<Roster | SlackRefusal> {
    const pagesBefore = this.#progress?.pages ?? 0;
    this.#readers += 1;
    this.#reading ??= this.#readPages().finally(() => {
      this.#reading = null;
    });
    const result = await firstOf(this.#reading, signal).finally(() => {
      this.#readers -= 1;
    });
    return result ?? this.#notYet(pagesBefore);
  }

  close(): void {
    this.#closed.abort();
  }

  async #readPages(): Promise<Roster | SlackRefusal> {
    const progress = this.#resume();
    while (!progress.isOver) {
      if (!(await this.#pause.over(this.#closed.signal))) return this.#pause.asBusy();
      const refusal = await this.#readPage(progress);
      if (refusal?.kind === 'busy' && this.#readers > 0) continue;
      if (refusal !== null) return refusal;
    }
    this.#progress = null;
    this.#knownPages = progress.pages;
    return progress;
  }

  #resume(): Progress {
    const now = this.#parts.clock.monotonic();
    const present = this.#progress;
    if (present !== null && now - present.readAt < RESUMABLE_MS) return present;
    this.#progress = new Progress(now);
    return this.#progress;
  }

  /** Null: it went well. */
  async #readPage(progress: Progress): Promise<SlackRefusal | null> {
    const { api, teamId, judge } = this.#parts;
    const { cursor } = progress;
    const values = {
      limit: PAGE,
      ...(cursor === '' ? {} : { cursor }),
      ...(teamId === null ? {} : { team_id: teamId }),
    };
    const signal = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(PAGE_DEADLINE_MS)]);
    const answer = await api.call('users.list', values, { signal, maxBodyBytes: MAX_PAGE_BYTES });
    if (answer.kind === 'ok') return progress.take(answer.body) ? null : NO_MEMBERS;
    const refusal = judge(answer);
    if (refusal.kind === 'busy') {
      this.#pause.begin(refusal.retryAfterMs);
      return this.#pause.asBusy();
    }
    if (refusal.kind !== 'rejected' || refusal.scope === 'connection') return refusal;
    // A cursor that is no longer known, or a method that is: nothing of it is the recipient's fault.
    this.#progress = null;
    return { kind: 'failed', reason: 'provider_error', detail: refusal.detail };
  }

  /** The signal ended first. As long as pages come in, nobody has failed. */
  #notYet(pagesBefore: number): SlackRefusal {
    if (this.#pause.remainingMs > 0) return this.#pause.asBusy();
    const isMoving = (this.#progress?.pages ?? 0) > pagesBefore;
    if (isMoving) return { kind: 'busy', scope: 'recipient', retryAfterMs: IN_PROGRESS_MS, detail: STILL_READING };
    return { kind: 'failed', reason: 'provider_timeout', detail: 'Slack did not list its members in time.' };
  }
}

/** A list as it grows; a roster when it is over. */
class Progress implements Roster {
  readonly ids = new Map<string, string>();
  readonly readAt: number;
  cursor = '';
  pages = 0;
  isOver = false;
  isWhole = false;

  constructor(readAt: number) {
    this.readAt = readAt;
  }

  /** False for a page that is none. */
  take({ members, response_metadata: metadata }: JsonObject): boolean {
    if (!Array.isArray(members)) return false;
    for (const user of members) {
      const member = readMember(user);
      if (member?.isReachable === true && member.email !== null) this.ids.set(member.email, member.id);
    }
    this.pages += 1;
    this.cursor = cursorOf(metadata);
    this.isOver = this.cursor === '' || this.ids.size >= MAX_MEMBERS || this.pages >= MAX_PAGES;
    // Without the scope users:read.email nobody has an address, which does not mean that nobody is there.
    this.isWhole = this.cursor === '' && this.ids.size > 0;
    return true;
  }
}

function cursorOf(metadata: unknown): string {
  if (typeof metadata !== 'object' || metadata === null || !('next_cursor' in metadata)) return '';
  return typeof metadata.next_cursor === 'string' ? metadata.next_cursor : '';
}

const STILL_READING = 'The list of the members is still being read.';

const NO_MEMBERS: SlackRefusal = {
  kind: 'failed',
  reason: 'provider_error',
  detail: 'Slack answered users.list without members.',
};

/** Null when the signal ends first. */
function firstOf<T>(pending: Promise<T>, signal: AbortSignal): Promise<T | null> {
  if (signal.aborted) return Promise.resolve(null);
  return new Promise((resolve, reject) => {
    const stop = () => resolve(null);
    signal.addEventListener('abort', stop);
    pending.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
