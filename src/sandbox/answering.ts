import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../model/clock.ts';
import { Delays } from './delays.ts';
import type { Fault, FaultBook, StatusFault } from './faults.ts';
import { type Answer, json, type Plan, type Provider, type ProviderName } from './provider.ts';

export interface AnsweringParts {
  readonly faults: FaultBook;
  readonly clock: Clock;
}

export interface Answering {
  /** Carries a planned call out and answers it, or lets a fault have its way. The status; null: no whole answer. */
  answerPlan(
    name: ProviderName,
    provider: Provider,
    plan: Plan,
    response: ServerResponse,
  ): number | null | Promise<number | null>;
  /** Ends every delay; nothing held up is carried out any more. */
  close(): void;
}

export function openAnswering({ faults, clock }: AnsweringParts): Answering {
  const delays = new Delays(clock);
  /** Keys of exclusive calls that a fault holds up. Without one, a call is over before the next one is read. */
  const busy = new Set<string>();

  function answerPlan(name: ProviderName, provider: Provider, plan: Plan, response: ServerResponse) {
    if (plan.exclusive !== null && busy.has(plan.exclusive.key)) return send(response, plan.exclusive.refusal);
    const fault = faults.strike({ provider: name, route: plan.route, recipient: plan.recipient });
    if (fault !== null) return misbehave(fault, provider, plan, response);
    const answer = plan.run();
    return answer instanceof Promise ? answer.then((ready) => send(response, ready)) : send(response, answer);
  }

  async function misbehave(fault: Fault, provider: Provider, plan: Plan, response: ServerResponse) {
    if (fault.delayMs !== undefined) await holdUp(plan, fault.delayMs);
    const answer = isProcessed(fault) ? await plan.run() : null;
    switch (fault.kind) {
      case 'slow':
        return send(response, answer ?? PLAIN_SUCCESS);
      case 'status':
        return send(response, wordStatus(fault, provider, clock.now()));
      case 'hang':
        return untilCallerLeaves(response);
      case 'reset':
        return reset(response);
      case 'cut':
        return cut(response, answer ?? PLAIN_SUCCESS);
      case 'garbage':
        return send(response, { ...(answer ?? PLAIN_SUCCESS), headers: PLAIN_SUCCESS.headers, body: GARBAGE });
      case 'trickle':
        return trickle(response, answer ?? PLAIN_SUCCESS, fault.everyMs ?? TRICKLE_EVERY_MS);
      case 'huge':
        return flood(response, fault.bytes ?? HUGE_BYTES);
    }
  }

  /** The caller may give up meanwhile: what a provider has received it carries out all the same. */
  async function holdUp({ exclusive }: Plan, delayMs: number): Promise<void> {
    if (exclusive !== null) busy.add(exclusive.key);
    await delays.wait(delayMs);
    if (exclusive !== null) busy.delete(exclusive.key);
  }

  async function trickle(response: ServerResponse, answer: Answer, everyMs: number): Promise<number | null> {
    const bytes = Buffer.from(answer.body);
    response.writeHead(answer.status, { ...answer.headers, 'content-length': bytes.length });
    response.flushHeaders();
    for (const byte of bytes) {
      if (response.destroyed) return null;
      response.write(Buffer.of(byte));
      await delays.wait(everyMs);
    }
    response.end();
    return answer.status;
  }

  return { answerPlan, close: () => delays.close() };
}

/** Writes the whole answer; null when the caller has gone. */
export function send(response: ServerResponse, { status, headers, body }: Answer): number | null {
  if (response.destroyed) return null;
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
  return status;
}

const PLAIN_SUCCESS = json(200, {});
const GARBAGE = '{"id": \u0000<<<not json';
const TRICKLE_EVERY_MS = 100;
const HUGE_BYTES = 10 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, ' ');

/** Unless told otherwise, faults of the answer strike after the processing, the others before. Slow is merely late. */
export function isProcessed(fault: Fault): boolean {
  if (fault.kind === 'slow') return true;
  return fault.processed ?? !['status', 'hang', 'reset'].includes(fault.kind);
}

function wordStatus(fault: StatusFault, provider: Provider, now: number): Answer {
  const { status, headers, body, retryAfterSeconds: seconds } = fault;
  const worded = body === undefined ? provider.refuse(status) : wordBody(status, body);
  const retryAfter = seconds === undefined ? {} : { 'retry-after': retryAfterOf(fault, seconds, now) };
  return { ...worded, headers: { ...worded.headers, ...retryAfter, ...lowerNames(headers ?? {}) } };
}

function wordBody(status: number, body: unknown): Answer {
  return typeof body === 'string' ? { status, headers: {}, body } : json(status, body);
}

function lowerNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function retryAfterOf({ retryAfterAsDate }: StatusFault, seconds: number, now: number): string {
  return retryAfterAsDate === true ? new Date(now + seconds * 1000).toUTCString() : String(seconds);
}

function untilCallerLeaves(response: ServerResponse): Promise<null> {
  if (response.destroyed) return Promise.resolve(null);
  return new Promise((resolve) => response.once('close', () => resolve(null)));
}

function reset(response: ServerResponse): null {
  response.socket?.resetAndDestroy();
  return null;
}

async function cut(response: ServerResponse, answer: Answer): Promise<null> {
  const bytes = Buffer.from(answer.body);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': bytes.length + 1 });
  await new Promise<void>((resolve) => response.write(bytes.subarray(0, bytes.length / 2), () => resolve()));
  response.destroy();
  return null;
}

async function flood(response: ServerResponse, bytes: number): Promise<number | null> {
  response.writeHead(200, { ...PLAIN_SUCCESS.headers, 'content-length': bytes });
  try {
    await pipeline(Readable.from(spaces(bytes)), response);
    return 200;
  } catch {
    return null;
  }
}

function* spaces(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= CHUNK.length) yield CHUNK.subarray(0, left);
}
