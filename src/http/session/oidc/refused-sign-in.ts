import type { OidcRefusal } from '../../../model/oidc.ts';

/** Why somebody is not let in. The message is a sentence for the log; it names nobody. */
export class RefusedSignIn extends Error {
  readonly reason: OidcRefusal;

  constructor(reason: OidcRefusal, detail = '') {
    super(detail);
    this.reason = reason;
  }
}
