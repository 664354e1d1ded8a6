import { COME_AGAIN } from '../../accept/limit-work.ts';
import { Fault } from '../../faults.ts';

/** Streams of events that may be open at once, each over a connection of its own. */
export interface StreamLimits {
  readonly maxStreams: number;
  readonly maxAppStreams: number;
}

/** So that an app that forgets its streams keeps no others out. */
export class StreamPlaces {
  readonly #limits: StreamLimits;
  readonly #byApp = new Map<string, number>();
  #open = 0;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  /** Answers how to leave it; throws a `Fault` when there is none. */
  take(appId: string): () => void {
    const { maxStreams, maxAppStreams } = this.#limits;
    const ofApp = this.#byApp.get(appId) ?? 0;
    if (ofApp >= maxAppStreams) {
      throw new Fault('streams_busy', `${maxAppStreams} are open: close some of them`, COME_AGAIN);
    }
    if (this.#open >= maxStreams) throw new Fault('overloaded', null, COME_AGAIN);
    this.#byApp.set(appId, ofApp + 1);
    this.#open += 1;
    return () => {
      const left = (this.#byApp.get(appId) ?? 0) - 1;
      if (left > 0) this.#byApp.set(appId, left);
      else this.#byApp.delete(appId);
      this.#open -= 1;
    };
  }
}
