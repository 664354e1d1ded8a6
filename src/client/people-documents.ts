/** An identity that is not written to. */
export interface Suppression {
  readonly identity: string;
  readonly reason: 'opted_out' | 'address_dead';
  readonly detail: string | null;
  readonly since: string;
}

export interface SuppressionPage {
  readonly suppressions: readonly Suppression[];
  readonly nextCursor: string | null;
}

/** What a person does not want to be sent. */
export interface Preferences {
  readonly optOuts: readonly {
    readonly category: string;
    /** Null: over any. */
    readonly channel: string | null;
  }[];
}

/** How far it is to take somebody out of everything a bot has. */
export interface Erasure {
  readonly id: string;
  /** False: it goes on. */
  readonly isComplete: boolean;
  readonly looked: number;
  readonly erased: number;
  readonly createdAt: string;
  readonly finishedAt: string | null;
}
