import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../model/clock.ts';
import type { Operator } from '../../model/operator.ts';
import { hashToken, makeToken } from '../../model/secret-token.ts';
import type { FoundSession, Session } from '../../store/port/operators.ts';
import type { Store } from '../../store/port.ts';
import { entryOf } from '../contract/audit-of.ts';
import { clearOwnCookie, readOwnCookie, SESSION_COOKIE, setOwnCookie } from './cookie.ts';
import { assertSameOrigin } from './same-origin.ts';

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Silence after which whoever sat there is taken to have left. */
const IDLE_MS = 60 * 60_000;
/** A working day. */
const LIFE_MS = 12 * 60 * 60_000;
/** That it was used is written down no more often. */
const TOUCH_MS = 60_000;

export interface SessionParts {
  readonly store: Pick<Store, 'openSession' | 'findSession' | 'touchSession' | 'endSession'>;
  readonly clock: Clock;
  /** Where people reach this server; null: nobody said. */
  readonly publicUrl: string | null;
}

/** Who is signed in, by the cookie of a request. What is kept here is nothing: every request asks the store. */
export class Sessions {
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** Null: nobody. A request that another site had a browser make ends in a `Fault` before anybody is looked for. */
  async find(request: FastifyRequest): Promise<Operator | null> {
    const hash = this.hashOf(request);
    if (hash === null) return null;
    assertSameOrigin(request, this.#parts.publicUrl);
    return this.findByHash(hash);
  }

  /** Of a request whose origin was looked at before. */
  async findByHash(hash: string): Promise<Operator | null> {
    return (await this.#lookUp(hash))?.operator ?? null;
  }

  async #lookUp(hash: string): Promise<FoundSession | null> {
    const { store, clock } = this.#parts;
    const at = clock.now();
    const found = await store.findSession({ hash, at, idleSince: at - IDLE_MS });
    if (found !== null && found.seenAt <= at - TOUCH_MS) await store.touchSession({ hash, at });
    return found;
  }

  /** Always under a new name: what the browser held before, whoever put it there, is worth nothing afterwards. */
  async open(
    { request, reply }: Exchange,
    operator: Operator,
    { provider }: Pick<Session, 'provider'> = { provider: null },
  ): Promise<void> {
    const { store, clock } = this.#parts;
    const token = makeToken();
    const at = clock.now();
    const session = { hash: hashToken(token), operatorId: operator.id, createdAt: at, endsAt: at + LIFE_MS, provider };
    const audit = entryOf(request, operatorActs(operator), { at, target: operator.id });
    await store.openSession({ session, replaces: this.hashOf(request), audit });
    const { publicUrl } = this.#parts;
    setOwnCookie({ request, reply }, SESSION_COOKIE, { publicUrl, token, maxAgeSeconds: LIFE_MS / 1_000 });
  }

  /** Answers through which provider whoever signs out had come; null: through none, or nobody was signed in. */
  async end({ request, reply }: Exchange): Promise<string | null> {
    const { store, clock, publicUrl } = this.#parts;
    const hash = this.hashOf(request);
    if (hash !== null) assertSameOrigin(request, publicUrl);
    const found = hash === null ? null : await this.#lookUp(hash);
    clearOwnCookie(reply, SESSION_COOKIE);
    if (found === null || hash === null) return null;
    const { operator, provider } = found;
    const audit = entryOf(request, operatorActs(operator), { at: clock.now(), target: operator.id });
    await store.endSession({ hash, audit });
    return provider;
  }

  /** Under which the store would have the session that the browser says it has. */
  hashOf(request: FastifyRequest): string | null {
    const token = readOwnCookie(request, SESSION_COOKIE, this.#parts);
    return token === null ? null : hashToken(token);
  }
}

/** An operator as who acts. */
export const operatorActs = ({ id, role, bots }: Operator) => ({
  app: { clientId: id, kind: role === 'admin' ? ('admin' as const) : ('builder' as const), bots },
  subject: id,
});
