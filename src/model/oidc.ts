import type { JsonObject } from './json.ts';
import type { Role } from './operator.ts';

/** Where operators may be signed in besides their password here: a provider of OpenID Connect. */
export interface OidcProvider {
  /** In addresses; never changes, for the provider knows ours by it. */
  readonly id: string;
  /** On the button. */
  readonly name: string;
  /** What its tokens name themselves after, and where its metadata is. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** How the secret is presented: in the form, or as Basic authentication. */
  readonly clientAuth: 'post' | 'basic';
  readonly scopes: readonly string[];
  readonly allowPrivateNetwork: boolean;
  /** Whoever came through it and signs out here is led there, to be signed out as well. */
  readonly signOutThere: boolean;
  /**
   * Who comes as what; the first that fits counts. Empty: they come as they were invited. Otherwise the rules alone decide,
   * at each sign-in, and whoever fits none may not come.
   */
  readonly rules: readonly RoleRule[];
}

/** Fits whoever has this value in a claim, or among several. */
export interface RoleRule {
  readonly claim: string;
  readonly value: string;
  readonly role: Role;
  /** Of an admin: empty, which is every bot. */
  readonly bots: readonly string[];
}

/** Who somebody is to the provider that says so. A subject is never given to anybody else; an e-mail may be. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

export function findRule(rules: readonly RoleRule[], claims: JsonObject): RoleRule | null {
  return rules.find(({ claim, value }) => valuesOf(claims, claim).includes(value)) ?? null;
}

/** By its own name, which may hold dots; else by the path that the dots make, as in `realm_access.roles`. */
function valuesOf(claims: JsonObject, name: string): readonly unknown[] {
  const found = Object.hasOwn(claims, name) ? claims[name] : name.split('.').reduce<unknown>(stepInto, claims);
  return Array.isArray(found) ? found : [found];
}

const stepInto = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;

/** Why somebody who came from a provider is not let in, or not linked to the account they have; told to their browser. */
export const OIDC_REFUSALS = [
  'unavailable',
  'cancelled',
  'failed',
  'expired',
  'unknown',
  'email_unverified',
  'email_taken',
  'identity_taken',
  'disabled',
  'no_role',
  'last_admin',
  'set_up_first',
  'too_many',
] as const;
export type OidcRefusal = (typeof OIDC_REFUSALS)[number];
