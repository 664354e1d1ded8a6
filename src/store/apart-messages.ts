import type { Ends } from '../model/meter.ts';
import { StoreDamaged, StoreUnavailable } from './port/errors.ts';
import type { Store } from './port.ts';

/** What can be asked of a store across threads: questions and answers are plain data. */
export type Verb = Exclude<keyof Store, 'kind' | 'onWake' | 'onEnded'>;

export interface Question {
  readonly id: number;
  readonly verb: Verb;
  readonly request: unknown;
}

export type Message =
  | { readonly kind: 'opened'; readonly store: Store['kind'] }
  | { readonly kind: 'refused'; readonly error: PlainError }
  | { readonly kind: 'wake' }
  | { readonly kind: 'ended'; readonly ends: readonly Ends[] }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'fault'; readonly id: number; readonly error: PlainError };

/** What is said at once crosses at once: each crossing wakes the other thread. */
export class Outbox<T> {
  readonly #send: (items: readonly T[]) => void;
  #items: T[] = [];

  constructor(send: (items: readonly T[]) => void) {
    this.#send = send;
  }

  put(item: T): void {
    this.#items.push(item);
    if (this.#items.length === 1) queueMicrotask(() => this.flush());
  }

  flush(): void {
    const items = this.#items;
    if (items.length === 0) return;
    this.#items = [];
    this.#send(items);
  }
}

/** A copy of an error keeps neither its class nor its name. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** Of the database. */
  readonly code: string | null;
  readonly cause: PlainError | null;
}

export function flatten(thrown: unknown): PlainError {
  if (!(thrown instanceof Error)) return { name: 'Error', message: String(thrown), stack: '', code: null, cause: null };
  const { name, message, stack = '', cause } = thrown;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : null;
  return { name, message, stack, code, cause: cause instanceof Error ? flatten(cause) : null };
}

export function revive({ name, message, stack, code, cause }: PlainError): Error {
  const Kind = KINDS.get(name) ?? Error;
  const error = new Kind(message, cause === null ? undefined : { cause: revive(cause) });
  return Object.assign(error, { name, stack, ...(code === null ? {} : { code }) });
}

/** Those that are told apart by their class above the store. */
const KINDS = new Map<string, new (message: string, options?: ErrorOptions) => Error>([
  ['StoreUnavailable', StoreUnavailable],
  ['StoreDamaged', StoreDamaged],
]);
