import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Clock } from '../../model/clock.ts';
import { faulty, type Rendering } from './fault.ts';
import { Kills, keyOf } from './kills.ts';
import {
  MAX_CONTEXT_BYTES,
  PROVEN_THREADS,
  RENDER_CPU_MS,
  STEP_SIZE,
  UNTRIED_STEP_SIZE,
  UNTRIED_THREADS,
} from './limits.ts';
import { Proofs } from './proofs.ts';
import { seedOf } from './seed.ts';
import { Thread } from './thread-handle.ts';

/** One script and everybody it is to be run for. */
export interface RenderRequest {
  /** The tenant: never shares memory with another, and has one thread at a time. */
  readonly botId: string;
  readonly notificationId: string;
  readonly source: string;
  /** What the script takes for now: when the notification was accepted, epoch ms. */
  readonly createdAt: number;
  readonly recipients: readonly { readonly seq: number; readonly context: string }[];
}

/** Runs scripts where they can harm nobody. The same request always renders the same. */
export interface ScriptRenderer {
  /** In the order of the recipients. Never rejects for what a script does. */
  render(request: RenderRequest): Promise<readonly Rendering[]>;
  /** Ends the threads; what still waits is answered with faults. */
  close(): Promise<void>;
}

/** Nothing is started before the first script comes. */
export function openScriptRenderer({ clock }: { readonly clock: Clock }): ScriptRenderer {
  return new ThreadPool(clock);
}

/** A request on its way: who is rendered already, by the recipient's index. */
interface Ticket {
  readonly request: RenderRequest;
  /** Of the script and its tenant. */
  readonly key: string;
  readonly renderings: (Rendering | undefined)[];
  readonly resolve: (renderings: readonly Rendering[]) => void;
}

/** Tenants are served by turns, a step at a time, so nobody waits for more than a step of each of the others. */
class ThreadPool implements ScriptRenderer {
  readonly #clock: Clock;
  readonly #kills: Kills;
  readonly #proofs = new Proofs();
  /** By tenant, in the order of their turns. */
  readonly #waiting = new Map<string, Ticket[]>();
  readonly #served = new Set<string>();
  readonly #idle: Thread[] = [];
  readonly #threads = new Set<Thread>();
  #wasm: Promise<WebAssembly.Module> | null = null;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#kills = new Kills(clock);
  }

  render(request: RenderRequest): Promise<readonly Rendering[]> {
    if (request.recipients.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const key = keyOf(request);
      const ticket: Ticket = { request, key, resolve, renderings: request.recipients.map(findExcess) };
      const queue = this.#waiting.get(request.botId);
      if (queue === undefined) this.#waiting.set(request.botId, [ticket]);
      else queue.push(ticket);
      this.#pump();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#threads].map((thread) => thread.close()));
    this.#pump();
  }

  #pump(): void {
    for (const [tenant, queue] of this.#waiting) {
      const [ticket] = queue;
      if (ticket === undefined || this.#served.has(tenant)) continue;
      const isUntried = !this.#proofs.has(ticket.key);
      if (!this.#closed && !this.#mayServe(isUntried)) continue;
      this.#served.add(tenant);
      if (isUntried) this.#untried += 1;
      void this.#serve(tenant, ticket).then(() => {
        if (isUntried) this.#untried -= 1;
        this.#pump();
      });
    }
  }

  /** Scripts at work of which nobody knows whether they end. */
  #untried = 0;

  /** Whoever did well before finds the same threads free, whatever the others do. */
  #mayServe(isUntried: boolean): boolean {
    return isUntried ? this.#untried < UNTRIED_THREADS : this.#served.size - this.#untried < PROVEN_THREADS;
  }

  /** Threads that may be started. Where one was lost the next may be, so one more is kept ready from then on. */
  get #room(): number {
    return Math.max(0, PROVEN_THREADS + UNTRIED_THREADS + Number(this.#wasLost) - this.#threads.size - this.#starting);
  }

  #starting = 0;
  #wasLost = false;

  async #serve(tenant: string, ticket: Ticket): Promise<void> {
    const refusal = this.#closed ? CLOSED : this.#kills.areTooMany(ticket.request) ? DISABLED : null;
    if (refusal === null) await this.#step(ticket);
    else fill(ticket, refusal);
    this.#served.delete(tenant);
    this.#moveOn(tenant, ticket);
  }

  /** Runs the next recipients; the one during whom it was stopped is the culprit, and everybody else gets a new turn. */
  async #step(ticket: Ticket): Promise<void> {
    const { request, renderings } = ticket;
    const isUntried = !this.#proofs.has(ticket.key);
    const indexes = request.recipients
      .keys()
      .filter((index) => renderings[index] === undefined)
      .take(isUntried ? UNTRIED_STEP_SIZE : STEP_SIZE)
      .toArray();
    const recipients = indexes.flatMap((index) => {
      const recipient = request.recipients[index];
      return recipient ? [{ context: recipient.context, seed: seedOf(request.notificationId, recipient.seq) }] : [];
    });
    const { botId, source } = request;
    const thread = await this.#takeThread(!isUntried);
    const end =
      thread === null
        ? ({ kind: 'unborn' } as const)
        : await thread.run({ tenant: botId, source, isUntried, now: request.createdAt, recipients });
    if (thread !== null) this.#putBack(thread);
    if (end.kind === 'unborn') return fill(ticket, UNBORN);
    this.#proofs.note(ticket.key, end.kind === 'rendered');
    if (end.kind === 'rendered') {
      for (const [at, rendering] of end.renderings.entries()) renderings[indexes[at] ?? 0] = rendering;
      return;
    }
    this.#kills.note(request);
    const culprit = indexes[end.done];
    if (culprit !== undefined) renderings[culprit] = STUCK;
  }

  /** Who did well before gets the thread that has worked most: whoever may lose one loses one that had done little. */
  async #takeThread(isProven: boolean): Promise<Thread | null> {
    return (isProven ? this.#idle.pop() : this.#idle.shift()) ?? (await this.#startThread());
  }

  async #startThread(): Promise<Thread | null> {
    this.#starting += 1;
    try {
      this.#wasm ??= compileEngine();
      const thread = new Thread(await this.#wasm, this.#clock);
      this.#threads.add(thread);
      return thread;
    } catch {
      this.#wasm = null;
      return null;
    } finally {
      this.#starting -= 1;
    }
  }

  #putBack(thread: Thread): void {
    if (!thread.isDead) {
      this.#idle.push(thread);
      this.#idle.sort((one, other) => one.steps - other.steps);
      return;
    }
    this.#threads.delete(thread);
    this.#wasLost = true;
    while (!this.#closed && this.#room > 0) void this.#startAhead();
  }

  async #startAhead(): Promise<void> {
    const thread = await this.#startThread();
    await thread?.ready;
    // Its own end, should it have come already, is nobody's loss.
    if (thread?.isDead) this.#threads.delete(thread);
    else if (thread) this.#idle.unshift(thread);
    this.#pump();
  }

  /** The tenant goes to the end of the line. */
  #moveOn(tenant: string, ticket: Ticket): void {
    const queue = this.#waiting.get(tenant) ?? [];
    this.#waiting.delete(tenant);
    const done = ticket.renderings.filter((rendering) => rendering !== undefined);
    if (done.length === ticket.renderings.length) {
      queue.shift();
      ticket.resolve(done);
    }
    if (queue.length > 0) this.#waiting.set(tenant, queue);
  }
}

function findExcess({ context }: { readonly context: string }): Rendering | undefined {
  return Buffer.byteLength(context) > MAX_CONTEXT_BYTES ? TOO_MUCH : undefined;
}

function fill({ renderings }: Ticket, rendering: Rendering): void {
  for (const index of renderings.keys()) renderings[index] ??= rendering;
}

async function compileEngine(): Promise<WebAssembly.Module> {
  const path = createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm');
  return WebAssembly.compile(await readFile(path));
}

const TOO_MUCH = faulty(
  'context',
  null,
  `what is known of the recipient has more than ${MAX_CONTEXT_BYTES / 1_024} KiB`,
);
const STUCK = faulty('time', null, `took more than ${RENDER_CPU_MS} ms within one operation and was stopped`);
const DISABLED = faulty('disabled', null, 'was stopped repeatedly and is switched off for ten minutes');
const UNBORN = faulty('sandbox', null, 'the sandbox for scripts could not be started');
const CLOSED = faulty('sandbox', null, 'the sandbox for scripts was closed');
