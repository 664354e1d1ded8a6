import { OIDC_REFUSALS, type OidcRefusal } from '../../model/oidc.ts';

/** What whoever came back from a provider is told, and what to do; the name of the provider stands before it. */
const WORDS: Readonly<Record<OidcRefusal, string>> = {
  unavailable: 'does not answer at present. Try again later, or sign in with your password.',
  cancelled: 'was told not to sign you in. Try again, or sign in with your password.',
  failed: 'did not answer as it should, so nobody was signed in. Try again; an administrator finds more in the log.',
  expired: 'sent you back too late, or to another browser. Try again.',
  unknown: 'knows you, but nobody has invited you here. Ask an administrator to invite your e-mail.',
  email_unverified: 'does not say that your e-mail is yours. Sign in with your password and link your account.',
  email_taken: 'knows you, but the account with your e-mail is linked to somebody else. Ask an administrator.',
  identity_taken: 'knows you by another account of this console, so it was not linked to yours.',
  disabled: 'knows you, but your account was disabled. Ask an administrator.',
  no_role: 'knows you, but you belong to no group that may use this console. Ask an administrator.',
  last_admin: 'would leave this console without an administrator. Sign in with your password and make another first.',
  set_up_first: 'knows you, but the first account has to be an administrator’s. Follow the link the server printed.',
  too_many: 'was gone to very often from where you are. Wait a quarter of an hour, or sign in with your password.',
};

/** How the way to a provider ended, as the address says it that the server led back to. `provider`: its id. */
export type WayBack =
  | { readonly end: 'refused'; readonly provider: string; readonly words: string }
  | { readonly end: 'linked'; readonly provider: string };

/** Null: nobody was away. */
export function wayBackOf({ search }: Pick<Location, 'search'>): WayBack | null {
  const query = new URLSearchParams(search);
  const linked = query.get('linked');
  if (linked !== null) return { end: 'linked', provider: linked };
  const reason = OIDC_REFUSALS.find((one) => one === query.get('refused'));
  return reason === undefined ? null : { end: 'refused', provider: query.get('by') ?? '', words: WORDS[reason] };
}
