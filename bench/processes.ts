import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** A script of this folder in a process of its own, with a question it finds on its standard input. */
export function spawnScript(name: string, question: unknown = null): ChildProcess {
  const script = fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin?.end(JSON.stringify(question));
  return child;
}

/** Rejects when the process ends before it says anything. */
export async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the script has no output');
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`${child.spawnargs[1]} ended with ${code} before it said anything`);
  });
  exited.catch(() => {});
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), exited]);
  return line;
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

/** The script's whole answer: one line of JSON. */
export async function askScript<T>(name: string, question: unknown): Promise<T> {
  const child = spawnScript(name, question);
  const answer: T = JSON.parse(await firstLine(child));
  return answer;
}

export interface Conversation {
  /** Resolves with the script's next line, for one line of JSON more. */
  ask<T>(request: unknown): Promise<T>;
  end(): Promise<void>;
}

/** A script of this folder that stays: it answers each request after its question with a line of JSON, one at a time. */
export function converse(name: string, question: unknown): Conversation {
  const script = fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.write(`${JSON.stringify(question)}\n`);
  return {
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`${name} ended with ${child.exitCode} before it answered`);
      return JSON.parse(value);
    },
    async end() {
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}

/** Linux counts processor time in hundredths of a second. */
const TICK_MS = 10;

/** Processor time a process has used so far in all its threads, ms. Linux only. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** The most memory a process has held at any time, MB. Linux only. */
export function peakMb(pid: number): number {
  const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1_024;
}

/** What the process was asked when it was started. The shape is the word of who asked: another part of this folder. */
export async function readQuestion<T>(): Promise<T> {
  return JSON.parse(await text(process.stdin));
}

/** The other side of `converse`: the question, and then whatever is requested until nobody asks any more. */
export async function readConversation<Q, R>(): Promise<{ readonly question: Q; readonly requests: AsyncIterable<R> }> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const { value = 'null' } = await lines.next();
  const question: Q = JSON.parse(value);
  return { question, requests: parsed<R>(lines) };
}

async function* parsed<R>(lines: AsyncIterable<string>): AsyncIterable<R> {
  for await (const line of lines) yield JSON.parse(line);
}
