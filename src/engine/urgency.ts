/**
 * Ends a look at the queues sooner, because something came that overtakes what the look is about to claim. Every other
 * look at the most: however much of it comes, there is a look between that serves the others too.
 */
export class Urgency {
  #isHeard = false;
  #mayEnd = true;
  #hasEnded = false;
  #onCall: (() => void) | null = null;

  call(): void {
    this.#isHeard = true;
    this.#onCall?.();
  }

  /** A look begins; it finds all that came until now. */
  begin(): void {
    this.#mayEnd = !this.#hasEnded;
    this.#hasEnded = false;
    this.#isHeard = false;
  }

  /** True: the look ends here. */
  endsLook(): boolean {
    this.#hasEnded = this.#isHeard && this.#mayEnd;
    return this.#hasEnded;
  }

  /** False as soon as the look is to end. */
  orElse(task: Promise<boolean>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#onCall = () => {
        if (this.#mayEnd) resolve(false);
      };
      if (this.#isHeard) this.#onCall();
      task
        .finally(() => {
          this.#onCall = null;
        })
        .then(resolve, reject);
    });
  }
}
