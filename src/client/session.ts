import type { Role } from '../model/operator.ts';
import type { Ask } from './client.ts';

/** Whoever is signed in to the console. */
export interface SessionOperator {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  /** Those they may see. */
  readonly bots: readonly { readonly id: string; readonly name: string }[];
}

export interface Session {
  readonly operator: SessionOperator;
}

/** How somebody can sign in. */
export interface SessionOptions {
  /** There is no operator yet: the first is made with the link that the server printed. */
  readonly needsSetup: boolean;
  /** Where to go to sign in elsewhere. */
  readonly oidc: readonly { readonly id: string; readonly name: string; readonly href: string }[];
}

/** `token`: what stands behind the # of a link. The first operator has to be named; whoever was invited is. */
export interface SetUp {
  readonly token: string;
  readonly name?: string;
  readonly email?: string;
  readonly password: string;
}

interface Signalled {
  readonly signal?: AbortSignal;
}

/** Signing in by a cookie, as browsers do. */
export interface SessionCalls {
  options(options?: Signalled): Promise<SessionOptions>;
  signIn(credentials: { readonly email: string; readonly password: string }): Promise<Session>;
  /** Makes an account good: the first one, or one's own by an invitation. */
  setUp(account: SetUp): Promise<Session>;
  /** By a link that is good once. */
  signInByLink(link: { readonly token: string }): Promise<Session>;
  /** Where to go to be known at a provider as well; afterwards the browser is back at `returnTo`, a path. */
  beginLink(link: { readonly provider: string; readonly returnTo: string }): Promise<{ readonly location: string }>;
  get(options?: Signalled): Promise<Session>;
  /** Answers where to go on, if the provider through which they came is to sign them out as well. */
  signOut(): Promise<{ readonly location: string } | null>;
}

export function createSessionCalls(base: string, ask: Ask): SessionCalls {
  const url = `${base}/api/v1/session`;
  return {
    options: ({ signal } = {}) => ask('GET', `${url}/options`, signal),
    signIn: (body) => ask('POST', url, undefined, { body }),
    setUp: (body) => ask('POST', `${url}/setup`, undefined, { body }),
    signInByLink: (body) => ask('POST', `${url}/link`, undefined, { body }),
    beginLink: ({ provider, returnTo }) =>
      ask('POST', `${url}/oidc/${encodeURIComponent(provider)}/link`, undefined, { body: { returnTo } }),
    get: ({ signal } = {}) => ask('GET', url, signal),
    signOut: () => ask('DELETE', url, undefined),
  };
}
