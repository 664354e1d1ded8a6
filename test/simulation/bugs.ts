import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './product.ts';

/** A mistake that somebody could make, as a change to the product's source. */
export interface Bug {
  readonly name: string;
  /** Below `src`. */
  readonly file: string;
  /** Must be there exactly once. */
  readonly code: string;
  readonly instead: string;
  /** Where one change is not enough. */
  readonly besides?: Omit<Bug, 'name'>;
}

const HELD_ID = '/$' + '{token}`';
const WITHOUT_TOKEN = '`';

/** The simulation has to find each. One that no longer applies is an error, so the list keeps up with the code. */
export const BUGS: readonly Bug[] = [
  {
    name: 'a checkpoint ignores the fence',
    file: 'store/checkpoint.ts',
    code: 'held.batch_no, held.token\n',
    instead: 'held.batch_no, batches.token\n',
    besides: {
      file: 'store/batches.ts',
      code: HELD_ID,
      instead: WITHOUT_TOKEN,
    },
  },
  {
    name: 'two leases of one batch are taken for one',
    file: 'store/batches.ts',
    code: HELD_ID,
    instead: WITHOUT_TOKEN,
  },
  {
    name: 'a claim does not raise the token',
    file: 'store/batches.ts',
    code: 'token = token + 1,',
    instead: 'token = token,',
  },
  {
    name: 'a checkpoint that failed is taken for done',
    file: 'engine/recorder.ts',
    code: "this.#parts.logger.warn('checkpoint delayed', { error, count: batches.length });",
    instead: 'return new Set();',
  },
  {
    name: 'a timer that fired is not forgotten',
    file: 'engine/recorder.ts',
    code: '    this.#cancelTimer?.();\n    this.#cancelTimer = null;\n    if (this.#flushing !== null || this.#dirty.size === 0) return;\n',
    instead:
      '    if (this.#flushing !== null || this.#dirty.size === 0) return;\n    this.#cancelTimer?.();\n    this.#cancelTimer = null;\n',
  },
  {
    name: 'a repeated checkpoint counts twice',
    file: 'store/checkpoint.ts',
    code: 'yield* moveCounters(fresh);',
    instead: 'yield* moveCounters(held);',
  },
  {
    name: 'a part of what remains is forgotten',
    file: 'engine/work.ts',
    code: 'const parts = [...groupRetries(this.#retries, this.#partSize), ',
    instead: 'const parts = [...groupRetries(this.#retries, this.#partSize).slice(0, 1), ',
  },
  {
    name: 'a take-over does not ask who was logged',
    file: 'engine/deliver.ts',
    code: 'if (batch.takeovers === 0) return entries;',
    instead: 'if (batch.takeovers >= 0) return entries;',
  },
  {
    name: 'a take-over does not say that a message may be doubled',
    file: 'engine/deliver.ts',
    code: 'recipient: { ...entry.recipient, maybeSent: true }',
    instead: 'recipient: entry.recipient',
  },
  {
    name: 'a lost answer is forgotten by the next attempt',
    file: 'engine/policy.ts',
    code: 'maybeSent: facts.recipient.maybeSent || maybeSent,',
    instead: 'maybeSent,',
  },
  {
    name: 'a lease counts from its answer',
    file: 'engine/engine.ts',
    code: 'await this.#deliver({ queue, batches, outlet, leaseEndsAt });',
    instead: 'await this.#deliver({ queue, batches, outlet, leaseEndsAt: clock.monotonic() + leaseMs });',
  },
  {
    name: 'a send begins however little is left of the lease',
    file: 'engine/outlet.ts',
    code: 'job.work.leaseEndsAt - now < this.#parts.sendDeadlineMs',
    instead: 'job.work.leaseEndsAt < 0',
  },
  {
    name: 'a send begins after its notification expired',
    file: 'engine/outlet.ts',
    code: ' || this.#isExpired(job)',
    instead: '',
  },
  {
    name: '429 spends an attempt',
    file: 'engine/policy.ts',
    code: "{ reason: 'rate_limited', detail: outcome.detail }, 0,",
    instead: "{ reason: 'rate_limited', detail: outcome.detail }, 1,",
  },
  {
    name: 'Retry-After is not heeded',
    file: 'engine/policy.ts',
    code: 'const wait = outcome.retryAfterMs ?? backOff(facts, random);',
    instead: 'const wait = backOff(facts, random);',
  },
  {
    name: 'an account is not paused',
    file: 'engine/pace.ts',
    code: 'return Math.max(0, this.#pausedUntil - now);\n  }\n\n  /** How many',
    instead: 'return 0;\n  }\n\n  /** How many',
  },
  {
    name: 'a window holds one call more',
    file: 'engine/scope-state.ts',
    code: 'if (index < 0) return 0;',
    instead: 'if (index < 1) return 0;',
  },
  {
    name: 'a claim does not ask whether it was cancelled',
    file: 'engine/deliver.ts',
    code: '  parts.hearChanged(await listChanged(parts, claimed));\n',
    instead: '',
  },
  {
    name: 'a worker that hears of a cancel sends on',
    file: 'engine/interventions.ts',
    code: '    if (isAnyStopped) withdraw();\n',
    instead: '',
  },
  {
    name: 'a worker that hears of a pause sends on',
    file: 'engine/interventions.ts',
    code: '  work.isPaused ||= isPaused;\n',
    instead: '',
  },
  {
    name: 'a resume leaves what is parked',
    file: 'store/pause.ts',
    code: "const RELEASE = { misplaced: 'claimable_at >= $3'",
    instead: "const RELEASE = { misplaced: 'claimable_at > 2 * $3'",
  },
  {
    name: 'a cancel ends what a worker is sending',
    file: 'store/cancel.ts',
    code: 'OR claimable_at <= {now})',
    instead: 'OR claimable_at > 0)',
  },
  {
    name: 'a cancel leaves who waits to wait',
    file: 'store/cancel.ts',
    code: '(owner IS NULL OR owner = $3 OR',
    instead: '(owner = $3 OR',
  },
  {
    name: 'a cancel forgets that a dead owner may have sent it',
    file: 'store/cancel.ts',
    code: 'maybeDoubled: maybeSent || isHeld,',
    instead: 'maybeDoubled: maybeSent,',
  },
  {
    name: 'a drain forgets who was waiting',
    file: 'engine/outlets.ts',
    code: 'job.work.giveBack(job.recipient);',
    instead: 'job.work.skip();',
  },
  {
    name: 'a drain does not wait for what it recorded',
    file: 'engine/engine.ts',
    code: 'await this.#recorder.flush();',
    instead: '',
  },
];

/** What the engine and the store are made of. */
const ROOMS = ['model', 'store', 'engine', 'directory', 'render', 'channels'];

/** A copy of the product with the bug in it; the caller removes it. */
export function plant(bug: Bug): { readonly root: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'beckon-bug-'));
  const remove = () => rmSync(root, { recursive: true });
  for (const room of ROOMS) {
    const options = { recursive: true, filter: (path: string) => !path.endsWith('.test.ts') };
    cpSync(join(ROOT, 'src', room), join(root, 'src', room), options);
  }
  cpSync(join(ROOT, 'package.json'), join(root, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  try {
    edit(root, bug.name, bug);
    if (bug.besides !== undefined) edit(root, bug.name, bug.besides);
  } catch (error) {
    remove();
    throw error;
  }
  return { root, remove };
}

function edit(root: string, name: string, { file, code, instead }: Omit<Bug, 'name'>): void {
  const path = join(root, 'src', file);
  const [before, after, ...more] = readFileSync(path, 'utf8').split(code);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`the bug "${name}" no longer applies: src/${file} must have its code exactly once`);
  }
  writeFileSync(path, before + instead + after);
}
