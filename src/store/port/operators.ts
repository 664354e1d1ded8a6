import type { AuditEntry } from '../../model/audit.ts';
import type { Identity } from '../../model/oidc.ts';
import type { Operator } from '../../model/operator.ts';
import type { Audited } from './audit.ts';

/** People who sign in, what they sign in with, and for how long they are. */
export interface Operators {
  /** By e-mail. There are few of them. */
  listOperators(): Promise<Operator[]>;
  findOperator(request: { readonly operatorId: string }): Promise<Operator | null>;
  /** By what somebody signs in with, who may be disabled. */
  findAccount(request: { readonly email: string }): Promise<Account | null>;
  /** False: another has this e-mail or this identity. */
  addOperator(request: AddOperator): Promise<boolean>;
  /**
   * What is not named stays. The last admin who may sign in stays one; whoever may not sign in any more has no session
   * afterwards.
   */
  changeOperator(request: ChangeOperator): Promise<'changed' | 'unknown' | 'last_admin'>;
  removeOperator(request: AuditedBy & { readonly operatorId: string }): Promise<'removed' | 'unknown' | 'last_admin'>;

  /** Whom a provider means, who may be disabled. */
  findByIdentity(identity: Identity): Promise<Operator | null>;
  /** False: it is somebody's already, there is no such operator, or another identity is linked and this was to be the first. */
  linkIdentity(request: LinkIdentity): Promise<boolean>;
  /** Answers how many there were. */
  unlinkIdentities(request: AuditedBy & { readonly operatorId: string }): Promise<number>;
  /** Of all operators. */
  listWaysIn(): Promise<WaysIn[]>;

  addLink(request: Audited & { readonly link: SecretLink }): Promise<void>;
  /** What it is good for; null: it was used, has run out, or never was. */
  findLink(request: { readonly hash: string; readonly at: number }): Promise<SecretLink | null>;
  /** The same, and nobody else gets it any more. */
  takeLink(request: { readonly hash: string; readonly at: number }): Promise<SecretLink | null>;
  /** Takes a link that makes an account good; answers whose it is now. Null: as with `findLink`, or it may not be any more. */
  redeemLink(request: RedeemLink): Promise<Operator | null>;

  /** Takes the place of another session, if one is named. */
  openSession(request: AuditedBy & { readonly session: Session; readonly replaces: string | null }): Promise<void>;
  /** Null: it ended, nothing was heard of it since `idleSince`, or its operator may not sign in any more. */
  findSession(request: {
    readonly hash: string;
    readonly at: number;
    readonly idleSince: number;
  }): Promise<FoundSession | null>;
  /** It was used at `at`. */
  touchSession(request: { readonly hash: string; readonly at: number }): Promise<void>;
  /** False: there was none. */
  endSession(request: AuditedBy & { readonly hash: string }): Promise<boolean>;
  /** Answers how many there were. */
  endSessionsOf(request: AuditedBy & { readonly operatorId: string }): Promise<number>;

  /** One more attempt for each key; answers how many there were in its window, this one included, and when that ends. */
  countSignIns(request: {
    readonly keys: readonly string[];
    readonly at: number;
    readonly windowMs: number;
  }): Promise<SignInCount[]>;
  /** The attempt was a good one: it does not count. */
  forgiveSignIn(request: { readonly keys: readonly string[] }): Promise<void>;
}

/** There is nobody else who could say who did it. */
export interface AuditedBy {
  readonly audit: AuditEntry;
}

export interface Account {
  readonly operator: Operator;
  /** As it was hashed; null: there is none, so nobody signs in with one. */
  readonly password: string | null;
}

export interface AddOperator extends Audited {
  readonly operator: Operator;
  /** An invitation to the account. */
  readonly link: SecretLink | null;
  /** With which its owner came. */
  readonly identity?: Identity;
}

export interface LinkIdentity extends AuditedBy {
  readonly identity: Identity;
  readonly operatorId: string;
  /** Only if the operator has no other. */
  readonly asFirst: boolean;
}

/** How an operator may come. */
export interface WaysIn {
  readonly operatorId: string;
  readonly hasPassword: boolean;
  /** Of providers of identities, each once. */
  readonly issuers: readonly string[];
}

export interface ChangeOperator extends AuditedBy {
  readonly operatorId: string;
  readonly changes: Partial<Pick<Operator, 'name' | 'role' | 'bots' | 'disabledAt'>>;
}

/** Good once, until it runs out; only a hash of it is kept. */
export interface SecretLink {
  readonly hash: string;
  /**
   * `set_up` makes the first admin, `invitation` gives an operator a password, `sign_in` signs one in, and `oidc` is the way
   * to a provider and back.
   */
  readonly kind: 'set_up' | 'invitation' | 'sign_in' | 'oidc';
  /** Of `invitation` and `sign_in` the operator, of `oidc` what has to be known again afterwards. */
  readonly about: string;
  readonly expiresAt: number;
}

export interface RedeemLink extends AuditedBy {
  readonly hash: string;
  readonly at: number;
  /** As hashed. */
  readonly password: string;
  /** Of a `set_up` link the admin to be; of an invitation its name counts, if there is one. */
  readonly operator: Operator;
}

export interface Session {
  readonly hash: string;
  readonly operatorId: string;
  readonly createdAt: number;
  /** Whatever happens. */
  readonly endsAt: number;
  /** Its id, of the provider through which the operator came; null: through none. */
  readonly provider: string | null;
}

export interface FoundSession {
  readonly operator: Operator;
  readonly seenAt: number;
  readonly provider: string | null;
}

export interface SignInCount {
  readonly key: string;
  readonly count: number;
  readonly endsAt: number;
}
