/** Over so long a time. */
const WINDOW_MS = 10_000;

interface Sample {
  readonly at: number;
  readonly done: number;
}

/** How fast recipients come to their end at present, from looks at how many have. Times are monotonic milliseconds. */
export class MovingRate {
  readonly #samples: Sample[] = [];

  note(sample: Sample): void {
    this.#samples.push(sample);
    // One is kept from before the window, so that its whole length is judged.
    while ((this.#samples[1]?.at ?? sample.at) < sample.at - WINDOW_MS) this.#samples.shift();
  }

  /** Null: there was only one look yet. */
  perSecond(): number | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.at <= first.at) return null;
    return Math.round((10_000 * (last.done - first.done)) / (last.at - first.at)) / 10;
  }
}
