import type { QuickJSHandle } from 'quickjs-emscripten-core';
import { LIBRARIES } from './bundle.ts';
import { faulty, type Rendering } from './fault.ts';
import { answerIntl } from './intl.ts';
import { MAX_OUTPUT_BYTES, MEMORY_BYTES, RENDER_CPU_MS } from './limits.ts';
import { orderOf, type Sandbox } from './sandbox.ts';
import { cpuMs } from './stoppable.ts';

/** The name of the script in stack traces. */
const SCRIPT = 'script';
/** Answers that lead to questions come to an end here. */
const MAX_ROUNDS = 8;
const MAX_NEEDS = 256;

/** One script and the recipients of one step. */
export interface Step {
  readonly tenant: string;
  readonly source: string;
  /** Nobody has seen the script come to an end. */
  readonly isUntried: boolean;
  /** What the script takes for now, epoch ms. */
  readonly now: number;
  readonly recipients: readonly { readonly seed: number; readonly context: string }[];
}

/** Meanwhile the script itself is at work, which may last no longer than a script may. */
export type RunScript = <T>(run: () => T) => T;

/**
 * One script in a sandbox that is as new, for the recipients of one step. A script's own faults are renderings; what is
 * thrown means that the engine itself is broken, and then its sandbox may not be used again.
 */
export class OpenStep {
  readonly #sandbox: Sandbox;
  readonly #step: Pick<Step, 'tenant' | 'source' | 'now'>;
  readonly #runScript: RunScript;
  /** Those the script turned out to need. */
  readonly #libraries = new Set<string>();
  #script: QuickJSHandle | Rendering;

  constructor(sandbox: Sandbox, step: Pick<Step, 'tenant' | 'source' | 'now'>, runScript: RunScript) {
    this.#sandbox = sandbox;
    this.#step = step;
    this.#runScript = runScript;
    this.#script = this.#begin();
  }

  render({ context, seed }: { readonly context: string; readonly seed: number }): Rendering {
    for (let round = 0; round < MAX_ROUNDS; ) {
      if ('ok' in this.#script) return this.#script;
      const answer = this.#call(this.#script, context, seed);
      if (typeof answer !== 'string') return answer;
      if (!answer.startsWith('n')) return readAnswer(answer);
      const needs = new Set(answer.slice(1).split('\n'));
      if (needs.size > MAX_NEEDS) return TOO_CURIOUS;
      // Each comes once, so they need no limit.
      if (this.#load(needs)) continue;
      if (!this.#provide(needs)) return TOO_CURIOUS;
      round += 1;
    }
    return TOO_CURIOUS;
  }

  /** From the beginning, with the libraries it needs: what it left behind until then is gone. */
  #begin(): QuickJSHandle | Rendering {
    this.#sandbox.begin(this.#step, orderOf(this.#libraries));
    return this.#runScript(() => this.#compile());
  }

  /** The body of a function that begins on the first line, so that lines are the script's own. */
  #compile(): QuickJSHandle | Rendering {
    const { context } = this.#sandbox;
    this.#sandbox.allow(RENDER_CPU_MS);
    const result = context.evalCode(`(function (context) {${this.#step.source}\n})`, SCRIPT, { type: 'global' });
    if (result.error) return this.#readError(result.error, 'syntax');
    if (context.typeof(result.value) === 'function') return result.value;
    result.value.dispose();
    return faulty('syntax', null, 'SyntaxError: a bracket closes more than was opened');
  }

  #call(script: QuickJSHandle, context: string, seed: number): string | Rendering {
    const startedAt = cpuMs();
    const answer = this.#runScript(() => {
      this.#sandbox.allow(RENDER_CPU_MS);
      const result = this.#sandbox.callRender(script, context, seed);
      if (result.error) return this.#readError(result.error, 'thrown');
      using text = result.value;
      return this.#sandbox.context.getString(text);
    });
    // A built-in does not ask whether it may go on; what got past the limit that way is refused all the same.
    return cpuMs() - startedAt > RENDER_CPU_MS * 1.2 && typeof answer === 'string' ? TOO_SLOW : answer;
  }

  /** False: it needs no library that it does not have. */
  #load(needs: ReadonlySet<string>): boolean {
    const missing = named('library:', needs).filter(
      (name) => Object.hasOwn(LIBRARIES, name) && !this.#libraries.has(name),
    );
    for (const name of missing) this.#libraries.add(name);
    if (missing.length > 0) this.#script = this.#begin();
    return missing.length > 0;
  }

  /** False when it took more time than a script may. What cannot be provided stays a need, and comes to its end with the rounds. */
  #provide(needs: ReadonlySet<string>): boolean {
    for (const name of named('locale:', needs)) this.#sandbox.provideLocale(name);
    return this.#answer(named('intl:', needs));
  }

  #answer(questions: readonly string[]): boolean {
    if (questions.length === 0) return true;
    const startedAt = cpuMs();
    const answers: unknown[] = [];
    for (const question of questions) {
      answers.push([question, answerIntl(question)]);
      if (cpuMs() - startedAt > RENDER_CPU_MS) return false;
    }
    this.#sandbox.provideAnswers(answers);
    return true;
  }

  /** Errors the sandbox could not catch itself: a stopped loop, no memory left, a script that does not compile. */
  #readError(error: QuickJSHandle, kind: 'syntax' | 'thrown'): Rendering {
    using thrown = error;
    const { context } = this.#sandbox;
    const read = (key: string): string => {
      using value = context.getProp(thrown, key);
      return context.typeof(value) === 'string' ? context.getString(value) : '';
    };
    if (context.typeof(thrown) !== 'object') return faulty('memory', null, OUT_OF_MEMORY);
    return toFault(kind, read('name'), read('message'), read('stack'));
  }
}

const named = (kind: string, needs: ReadonlySet<string>): string[] =>
  [...needs].filter((need) => need.startsWith(kind)).map((need) => need.slice(kind.length));

const OUT_OF_MEMORY = `needs more than ${MEMORY_BYTES / 1_048_576} MiB of memory`;
const TOO_SLOW = faulty('time', null, `took more than ${RENDER_CPU_MS} ms`);
const TOO_CURIOUS = faulty(
  'thrown',
  null,
  `asked koreUtil for more than ${MAX_NEEDS} things at once, or again and again`,
);
const BROKEN = faulty('sandbox', null, 'the script could not be prepared');

function readAnswer(answer: string): Rendering {
  const rest = answer.slice(1);
  switch (answer[0]) {
    case 'o':
      if (rest.trim() === '') return faulty('output', null, 'printed nothing');
      if (Buffer.byteLength(rest) > MAX_OUTPUT_BYTES) return TOO_LONG;
      return { ok: true, output: rest };
    case 'l':
      return TOO_LONG;
    case 'z':
      return faulty('output', null, 'printed a NUL character');
    case 't': {
      const [name = '', message = '', stack = ''] = rest.split('\u0001');
      return toFault('thrown', name, message, stack);
    }
    default:
      return BROKEN;
  }
}

const TOO_LONG = faulty('output', null, `printed more than ${MAX_OUTPUT_BYTES / 1_024} KiB`);

function toFault(kind: 'syntax' | 'thrown', name: string, message: string, stack: string): Rendering {
  const line = lineOf(stack);
  if (name === 'InternalError' && message === 'interrupted') {
    return faulty('time', line, `took more than ${RENDER_CPU_MS} ms`);
  }
  if (name === 'InternalError' && message === 'out of memory') return faulty('memory', line, OUT_OF_MEMORY);
  const reason = name === '' || message === '' ? name + message : `${name}: ${message}`;
  return faulty(kind, line, reason === '' ? 'threw something without a message' : reason);
}

/**
 * The innermost place in the script; what libraries did is told by the line that called them. A loop that calls nothing
 * is told by the function it is in, and 1:2 is the one we put around the whole script.
 */
function lineOf(stack: string): number | null {
  const [, line, column] = /\bscript:(\d{1,6})(?::(\d+))?/.exec(stack) ?? [];
  return line === undefined || (line === '1' && column === '2') ? null : Number(line);
}
