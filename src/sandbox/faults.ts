import { hash } from 'node:crypto';
import { globToRegExp, isGlob } from './glob.ts';
import type { ProviderName } from './provider.ts';

/** Which calls go wrong, and how. Every absent filter matches everything. */
export interface FaultRule {
  readonly provider?: ProviderName;
  /** `token`, `create`, `send`, `update`, `delete`, a Slack method, `deliver`, `connect`, `auth`, `mail`, `rcpt`, `data`. */
  readonly route?: string;
  /** The recipient as the ledger names it; exact, or a pattern with `*` and `?`. */
  readonly recipient?: string;
  /** Strikes this often and then never again; absent: always. */
  readonly times?: number;
  /** `times` counts every recipient by itself. */
  readonly perRecipient?: boolean;
  /** Share of the matching calls, 0 to 1. Which ones depends on the seed, the recipient and its how-manieth call only. */
  readonly rate?: number;
  readonly fault: Fault;
}

/** `processed`: the call is carried out and recorded, and only the answer is wrong. `delayMs`: waits before anything else. */
export type Fault = { readonly processed?: boolean; readonly delayMs?: number } & FaultKind;

export type FaultKind =
  | StatusFault
  /** Nothing but the delay; `processed` means nothing here. */
  | { readonly kind: 'slow' }
  /** No answer until the caller goes away. */
  | { readonly kind: 'hang' }
  /** The connection is reset without an answer. */
  | { readonly kind: 'reset' }
  /** The connection is reset in the middle of the answer. */
  | { readonly kind: 'cut' }
  /** The status of a success over a body that makes no sense. */
  | { readonly kind: 'garbage' }
  /** The right answer, one byte at a time. */
  | { readonly kind: 'trickle'; readonly everyMs?: number }
  /** A success whose body is this long. */
  | { readonly kind: 'huge'; readonly bytes?: number };

export interface StatusFault {
  readonly kind: 'status';
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text, or anything else as JSON; absent: the provider's own wording of the status. */
  readonly body?: unknown;
  /** Adds `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** `Retry-After` as an HTTP date. */
  readonly retryAfterAsDate?: boolean;
}

/** A rule in force: its id, and how often it struck. */
export interface ActiveFault extends FaultRule {
  readonly id: string;
  readonly hits: number;
}

export interface FaultTarget {
  readonly provider: ProviderName;
  readonly route: string;
  readonly recipient: string | null;
}

/** The rules in force. Rules naming an exact recipient come first, then the order of adding; the first to strike wins. */
export class FaultBook {
  readonly #seed: number;
  #exact = new Map<string, Rule[]>();
  #open: Rule[] = [];
  #added = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Adds a rule after the others; answers its id. */
  add(rule: FaultRule): string {
    const added: Rule = {
      ...rule,
      id: `f${++this.#added}`,
      hits: 0,
      pattern: rule.recipient !== undefined && isGlob(rule.recipient) ? globToRegExp(rule.recipient) : null,
      calls: new Map(),
      struck: new Map(),
    };
    if (rule.recipient === undefined || added.pattern !== null) {
      this.#open.push(added);
      return added.id;
    }
    const sameRecipient = this.#exact.get(rule.recipient);
    if (sameRecipient === undefined) this.#exact.set(rule.recipient, [added]);
    else sameRecipient.push(added);
    return added.id;
  }

  /** Puts these rules in the place of all others; answers their ids. */
  set(rules: readonly FaultRule[]): string[] {
    this.clear();
    return rules.map((rule) => this.add(rule));
  }

  /** False when there is no such rule. */
  remove(id: string): boolean {
    const before = this.list().length;
    this.#open = this.#open.filter((rule) => rule.id !== id);
    for (const [recipient, rules] of this.#exact) {
      const kept = rules.filter((rule) => rule.id !== id);
      if (kept.length === 0) this.#exact.delete(recipient);
      else this.#exact.set(recipient, kept);
    }
    return this.list().length < before;
  }

  clear(): void {
    this.#exact = new Map();
    this.#open = [];
  }

  list(): ActiveFault[] {
    return [...[...this.#exact.values()].flat(), ...this.#open].map(
      ({ pattern: _pattern, calls: _calls, struck: _struck, ...rule }) => rule,
    );
  }

  /** The fault that strikes this call, counted as a hit; null when it goes well. */
  strike(target: FaultTarget): Fault | null {
    if (this.#open.length === 0 && this.#exact.size === 0) return null;
    const exact = target.recipient === null ? undefined : this.#exact.get(target.recipient);
    return this.#firstStrike(exact ?? [], target) ?? this.#firstStrike(this.#open, target);
  }

  #firstStrike(rules: readonly Rule[], target: FaultTarget): Fault | null {
    const struck = rules.find((rule) => matches(rule, target) && this.#strikes(rule, target.recipient ?? ''));
    if (struck === undefined) return null;
    struck.hits++;
    return struck.fault;
  }

  #strikes(rule: Rule, recipient: string): boolean {
    if (rule.rate !== undefined && !this.#isDrawn(rule, recipient, rule.rate)) return false;
    if (rule.times === undefined) return true;
    const counted = rule.perRecipient === true ? recipient : '';
    const struck = rule.struck.get(counted) ?? 0;
    if (struck >= rule.times) return false;
    rule.struck.set(counted, struck + 1);
    return true;
  }

  /** Draws from a hash instead of a running generator: the order in which recipients arrive changes nothing. */
  #isDrawn(rule: Rule, recipient: string, rate: number): boolean {
    const nth = (rule.calls.get(recipient) ?? 0) + 1;
    rule.calls.set(recipient, nth);
    const digest = hash('sha1', `${this.#seed} ${rule.id} ${nth} ${recipient}`, 'buffer');
    return digest.readUInt32BE(0) / 2 ** 32 < rate;
  }
}

interface Rule extends FaultRule {
  readonly id: string;
  hits: number;
  readonly pattern: RegExp | null;
  /** Matching calls so far, by recipient; only for rules with a rate. */
  readonly calls: Map<string, number>;
  /** Strikes so far, by recipient or under '' for all; only for rules with `times`. */
  readonly struck: Map<string, number>;
}

function matches(rule: Rule, { provider, route, recipient }: FaultTarget): boolean {
  if (rule.provider !== undefined && rule.provider !== provider) return false;
  if (rule.route !== undefined && rule.route !== route) return false;
  if (rule.pattern === null) return true;
  return recipient !== null && rule.pattern.test(recipient);
}
