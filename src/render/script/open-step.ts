import { readFileSync } from 'node:fs';
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from 'quickjs-emscripten-core';
import { bundleOf, LIBRARIES, localeSource } from './bundle.ts';
import { faulty, type Rendering } from './fault.ts';
import { answerIntl } from './intl.ts';
import { MAX_OUTPUT_BYTES, MEMORY_BYTES, RENDER_CPU_MS, STACK_BYTES } from './limits.ts';

const textOf = (name: string): string =>
  readFileSync(new URL(name, import.meta.url), 'utf8')
    .trim()
    .replace(/;$/, '');
const PRELUDE = `(${textOf('./prelude.js')})(${textOf('./libraries.js')})`;
/** The name of the script in stack traces. */
const SCRIPT = 'script';
/** Libraries that need libraries, and answers that lead to questions, come to an end here. */
const MAX_ROUNDS = 8;
const MAX_NEEDS = 256;
/** Setting up and loading a library is our work, not the script's. */
const OWN_CPU_MS = 200;

/**
 * One script in one fresh context, for the recipients of one step. A script's own faults are renderings; what is thrown
 * means that the engine itself is broken, and then nothing of its instance may be used again, `close` included.
 */
export class OpenStep {
  readonly #runtime: QuickJSRuntime;
  readonly #context: QuickJSContext;
  readonly #api: Record<Entry, QuickJSHandle>;
  readonly #script: QuickJSHandle | null;
  /** Why the script did not compile; the same for everybody. */
  readonly #refusal: Rendering | null = null;
  readonly #alive: () => void;
  readonly #provided = new Set<string>();
  #stopAtMs = 0;

  constructor(runtime: QuickJSRuntime, source: string, alive: () => void) {
    this.#runtime = runtime;
    this.#alive = alive;
    runtime.setMemoryLimit(MEMORY_BYTES);
    runtime.setMaxStackSize(STACK_BYTES);
    runtime.setInterruptHandler(() => cpuMs() > this.#stopAtMs);
    this.#context = runtime.newContext();
    this.#allow(OWN_CPU_MS);
    using prelude = this.#context.unwrapResult(
      this.#context.evalCode(PRELUDE, 'prelude', { type: 'global', strict: true }),
    );
    const take = (name: string) => this.#context.getProp(prelude, name);
    this.#api = {
      render: take('render'),
      provide: take('provide'),
      provideLocale: take('provideLocale'),
      provideAnswers: take('provideAnswers'),
    };
    const compiled = this.#compile(source);
    this.#script = 'handle' in compiled ? compiled.handle : null;
    if ('fault' in compiled) this.#refusal = compiled.fault;
  }

  render({ context, seed }: { readonly context: string; readonly seed: number }): Rendering {
    if (this.#refusal !== null || this.#script === null) return this.#refusal ?? BROKEN;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const startedAt = cpuMs();
      const answer = this.#callRender(this.#script, context, seed);
      // A built-in does not ask whether it may go on; what got past the limit that way is refused all the same.
      if (cpuMs() - startedAt > RENDER_CPU_MS * 1.2) return typeof answer === 'string' ? TOO_SLOW : answer;
      if (typeof answer !== 'string') return answer;
      if (!answer.startsWith('n')) return readAnswer(answer);
      const needs = new Set(answer.slice(1).split('\n'));
      if (needs.size > MAX_NEEDS || !this.#answer(needs)) return TOO_CURIOUS;
      this.#provide(needs);
    }
    return TOO_CURIOUS;
  }

  close(): void {
    this.#script?.dispose();
    for (const handle of Object.values(this.#api)) handle.dispose();
    this.#context.dispose();
    this.#runtime.dispose();
  }

  #allow(cpu: number): void {
    this.#stopAtMs = cpuMs() + cpu;
  }

  /** The body of a function that begins on the first line, so that lines are the script's own. */
  #compile(source: string): { readonly handle: QuickJSHandle } | { readonly fault: Rendering } {
    this.#allow(RENDER_CPU_MS);
    const result = this.#context.evalCode(`(function (context) {${source}\n})`, SCRIPT, { type: 'global' });
    if (result.error) return { fault: this.#readError(result.error, 'syntax') };
    if (this.#context.typeof(result.value) === 'function') return { handle: result.value };
    result.value.dispose();
    return { fault: faulty('syntax', null, 'SyntaxError: a bracket closes more than was opened') };
  }

  #callRender(script: QuickJSHandle, context: string, seed: number): string | Rendering {
    using json = this.#context.newString(context);
    using chance = this.#context.newNumber(seed);
    this.#allow(RENDER_CPU_MS);
    const result = this.#context.callFunction(this.#api.render, this.#context.undefined, script, json, chance);
    if (result.error) return this.#readError(result.error, 'thrown');
    using answer = result.value;
    return this.#context.getString(answer);
  }

  /** What cannot be provided stays a need, and comes to its end with the rounds. */
  #provide(needs: ReadonlySet<string>): void {
    for (const need of needs) {
      this.#allow(OWN_CPU_MS);
      if (need.startsWith('library:')) this.#provideLibrary(need.slice('library:'.length));
      if (need.startsWith('locale:')) this.#provideLocale(need.slice('locale:'.length));
      this.#provided.add(need);
      this.#alive();
    }
  }

  /** False when the answers took more time than a script may. */
  #answer(needs: ReadonlySet<string>): boolean {
    const questions = [...needs].filter((need) => need.startsWith('intl:')).map((need) => need.slice('intl:'.length));
    if (questions.length === 0) return true;
    const startedAt = cpuMs();
    const answers: unknown[] = [];
    for (const question of questions) {
      answers.push([question, answerIntl(question)]);
      if (cpuMs() - startedAt > RENDER_CPU_MS) return false;
    }
    this.#allow(OWN_CPU_MS);
    this.#call('provideAnswers', this.#context.newString(JSON.stringify(answers)));
    return true;
  }

  #provideLibrary(name: string): void {
    const bundle = bundleOf(name);
    if (bundle === null) return;
    const { after } = LIBRARIES[name] ?? {};
    if (after !== undefined && !this.#provided.has(`library:${after}`)) this.#provide(new Set([`library:${after}`]));
    const table = this.#context.unwrapResult(this.#context.evalCode(bundle.source, name, { type: 'global' }));
    this.#call('provide', this.#context.newString(name), table, this.#context.newString(bundle.entry));
  }

  #provideLocale(name: string): void {
    const source = localeSource(name);
    if (source === null) return;
    this.#call('provideLocale', this.#context.unwrapResult(this.#context.evalCode(source, name, { type: 'global' })));
  }

  #call(name: Entry, ...values: QuickJSHandle[]): void {
    const result = this.#context.callFunction(this.#api[name], this.#context.undefined, ...values);
    for (const value of values) value.dispose();
    this.#context.unwrapResult(result).dispose();
  }

  /** Errors the sandbox could not catch itself: a stopped loop, no memory left, a script that does not compile. */
  #readError(error: QuickJSHandle, kind: 'syntax' | 'thrown'): Rendering {
    using thrown = error;
    const read = (key: string): string => {
      using value = this.#context.getProp(thrown, key);
      return this.#context.typeof(value) === 'string' ? this.#context.getString(value) : '';
    };
    if (this.#context.typeof(thrown) !== 'object') return faulty('memory', null, OUT_OF_MEMORY);
    return toFault(kind, read('name'), read('message'), read('stack'));
  }
}

/** The prelude's functions that our side calls. */
type Entry = 'render' | 'provide' | 'provideLocale' | 'provideAnswers';

const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};

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
