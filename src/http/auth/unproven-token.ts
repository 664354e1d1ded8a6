import { Fault } from '../faults.ts';

/** No id of an app is longer; nothing longer is kept in mind. */
const MAX_ID_CHARS = 100;

/** Nothing proves that whoever made the token has the key of the app it says it is of. Of one that is too old, the key does. */
export class UnprovenToken extends Fault {
  /** The app it says it is of, whether there is one; null: of none there can be. */
  readonly claimed: string | null;

  constructor(claimed: unknown) {
    super('token_refused');
    this.claimed = typeof claimed === 'string' && claimed.length <= MAX_ID_CHARS ? claimed : null;
  }
}
