import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../../model/clock.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { Logger } from '../../../model/logger.ts';
import { findRule, type Identity, type OidcProvider, type RoleRule } from '../../../model/oidc.ts';
import { normalEmail, type Operator } from '../../../model/operator.ts';
import type { Store } from '../../../store/port.ts';
import { entryOf } from '../../contract/audit-of.ts';
import { newOperator } from '../links.ts';
import { operatorActs } from '../sessions.ts';
import type { Claims } from './identity-provider.ts';
import { RefusedSignIn } from './refused-sign-in.ts';

export interface AdmissionParts {
  readonly store: Store;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Somebody whom a provider vouches for, and the request they came with. */
export interface Arrival {
  readonly request: FastifyRequest;
  readonly provider: OidcProvider;
  readonly claims: Claims;
}

/**
 * Which operator somebody is who comes from a provider. Whoever is not invited, not linked and fits no rule is nobody here.
 * All its verbs reject with `RefusedSignIn`.
 */
export class Admission {
  readonly #parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  async admit(arrival: Arrival): Promise<Operator> {
    const { provider, claims } = arrival;
    const known = await this.#parts.store.findByIdentity(identityOf(claims));
    const rule = findRule(provider.rules, claims);
    if (rule === null && provider.rules.length > 0) {
      if (known !== null && known.disabledAt === null) await this.#takeRoleAway(arrival.request, known);
      throw new RefusedSignIn('no_role');
    }
    const operator = known ?? (await this.#findInvited(arrival, rule)) ?? (await this.#add(arrival, rule));
    if (operator.disabledAt !== null) throw new RefusedSignIn('disabled');
    return rule === null ? operator : await this.#giveRole(arrival.request, operator, rule);
  }

  /** The operator is somebody who is signed in, so it takes no e-mail to know who they are. */
  async link({ request, provider, claims }: Arrival, operator: Operator): Promise<void> {
    const { store } = this.#parts;
    if (provider.rules.length > 0 && findRule(provider.rules, claims) === null) throw new RefusedSignIn('no_role');
    const identity = identityOf(claims);
    const known = await store.findByIdentity(identity);
    if (known?.id === operator.id) return;
    const audit = this.#entry(request, operator);
    if (!(await store.linkIdentity({ identity, operatorId: operator.id, asFirst: false, audit })))
      throw new RefusedSignIn('identity_taken');
  }

  /**
   * By e-mail, once: it has to be verified, and leads to an account that no identity leads to yet. Whoever has the address
   * later, and comes with an identity of their own, gets nothing of who had it before.
   */
  async #findInvited({ request, claims }: Arrival, rule: RoleRule | null): Promise<Operator | null> {
    const { store } = this.#parts;
    const email = emailOf(claims);
    const isVerified = claims['email_verified'] === true;
    if (rule === null && !isVerified) throw new RefusedSignIn('email_unverified');
    const operator = (await store.findAccount({ email }))?.operator ?? null;
    if (operator === null || operator.disabledAt !== null) return operator;
    if (!isVerified) throw new RefusedSignIn('email_unverified');
    const audit = this.#entry(request, operator);
    const identity = identityOf(claims);
    if (!(await store.linkIdentity({ identity, operatorId: operator.id, asFirst: true, audit })))
      throw new RefusedSignIn('email_taken');
    return operator;
  }

  /** Whoever fits a rule needs no invitation. */
  async #add({ request, claims }: Arrival, rule: RoleRule | null): Promise<Operator> {
    const { store, clock } = this.#parts;
    if (rule === null) throw new RefusedSignIn('unknown');
    // The link to the first admin is good for nothing any more once there is anybody.
    if (rule.role !== 'admin' && (await store.listOperators()).length === 0) throw new RefusedSignIn('set_up_first');
    const email = emailOf(claims);
    const operator = newOperator({ name: nameOf(claims) ?? email, email, role: rule.role, bots: rule.bots }, clock);
    const audit = this.#entry(request, operator);
    if (!(await store.addOperator({ operator, link: null, identity: identityOf(claims), audit })))
      throw new RefusedSignIn('email_taken');
    return operator;
  }

  async #giveRole(request: FastifyRequest, operator: Operator, { role, bots }: RoleRule): Promise<Operator> {
    if (operator.role === role && isSameSet(operator.bots, bots)) return operator;
    const changed = await this.#change(request, operator, { role, bots });
    if (changed === 'last_admin') throw new RefusedSignIn('last_admin');
    if (changed === 'unknown') throw new RefusedSignIn('unknown');
    return { ...operator, role, bots };
  }

  /** Nothing is left of what a rule gave; the account stays, with who it is. */
  async #takeRoleAway(request: FastifyRequest, operator: Operator): Promise<void> {
    const { store, logger } = this.#parts;
    const hasNone = operator.role === 'viewer' && operator.bots.length === 0;
    const changed = hasNone ? 'changed' : await this.#change(request, operator, { role: 'viewer', bots: [] });
    if (changed === 'last_admin') logger.warn('role not taken away', { reason: 'last_admin' });
    await store.endSessionsOf({ operatorId: operator.id, audit: this.#entry(request, operator) });
  }

  #change(request: FastifyRequest, operator: Operator, changes: Pick<Operator, 'role' | 'bots'>) {
    const audit = this.#entry(request, operator);
    return this.#parts.store.changeOperator({ operatorId: operator.id, changes, audit });
  }

  #entry(request: FastifyRequest, operator: Operator) {
    return entryOf(request, operatorActs(operator), { at: this.#parts.clock.now(), target: operator.id });
  }
}

const identityOf = ({ iss, sub }: Claims): Identity => ({ issuer: iss, subject: sub });

const MAX_EMAIL_CHARS = 320;

function emailOf({ email }: JsonObject): string {
  const isAddress =
    typeof email === 'string' && email.length <= MAX_EMAIL_CHARS && /^\s*[^@\s]+@[^@\s]+\s*$/.test(email);
  if (!isAddress) throw new RefusedSignIn('email_unverified');
  return normalEmail(email);
}

const MAX_NAME_CHARS = 200;

const nameOf = ({ name }: JsonObject): string | null =>
  typeof name === 'string' && name.trim() !== '' ? name.trim().slice(0, MAX_NAME_CHARS) : null;

const isSameSet = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((item) => other.includes(item));
